#include "bench/messages.h"

#include "make/survey.h"
#include "part/partial.h"

static int push_window(struct pen_build *build, const struct pen_pair *pairs, size_t count)
{
	struct pen_hash hashes[PEN_SURVEY_PAIRS];
	pen_pairs_hash(pairs, count, hashes);
	for (size_t i = 0; i < count; i++) {
		int err = pen_build_push(
			build, pairs[i].key, (uint32_t)pairs[i].value.len, &hashes[i]);
		if (err)
			return err;
	}
	return 0;
}

int bench_trie_build(struct pen_build *build, const struct pen_pair *pairs, size_t count,
	struct pen_trie_sum *out)
{
	for (size_t at = 0, window; at < count; at += window) {
		window = count - at < PEN_SURVEY_PAIRS ? count - at : PEN_SURVEY_PAIRS;
		int err = push_window(build, pairs + at, window);
		if (err)
			return err;
	}
	return pen_build_finish(build, out);
}

static int keep(
	struct bench_messages *messages, const struct pen_hash *hash, struct pen_bytes bytes)
{
	int err = pen_buf_append(&messages->buf, &bytes, sizeof bytes);
	if (!err)
		err = pen_entries_add(&messages->entries, hash, bytes);
	return err < 0 ? err : 0;
}

static int keep_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct bench_messages *messages = context;
	struct pen_bytes kept;
	int err = pen_chunks_copy(&messages->chunks, bytes, &kept);
	return err ? err : keep(messages, hash, kept);
}

static int build_nodes(struct bench_messages *messages, const struct bench_pairs *pairs)
{
	struct pen_build build;
	pen_build_init(&build, keep_node, messages);
	int err = bench_trie_build(&build, pairs->list, pairs->count, &messages->sum);
	pen_build_fini(&build);
	return err;
}

int bench_messages_open(
	struct bench_messages *messages, const struct bench_pairs *pairs, struct bench *bench)
{
	int err = 0;
	*messages = (struct bench_messages){.values = pairs->count};
	for (size_t i = 0; i < pairs->count && !err; i++) {
		struct pen_hash hash;
		pen_sha256(pairs->list[i].value, &hash);
		err = keep(messages, &hash, pairs->list[i].value);
	}
	if (!err)
		err = build_nodes(messages, pairs);
	messages->list = (struct pen_bytes *)(void *)messages->buf.at;
	messages->count = messages->buf.len / sizeof *messages->list;
	return err ? bench_fail(bench, "cannot build the state: %s", pen_err_text(err)) : 0;
}

void bench_messages_close(struct bench_messages *messages)
{
	pen_entries_fini(&messages->entries);
	pen_buf_fini(&messages->buf);
	pen_chunks_fini(&messages->chunks);
	*messages = (struct bench_messages){0};
}

double bench_messages_partial_bytes(const struct bench_messages *messages)
{
	double bytes = PEN_PARTIAL_HEAD_BYTES;
	for (uint32_t i = 0; i < messages->entries.count; i++)
		bytes += 4 + pen_entries_at(&messages->entries, i)->len;
	return bytes;
}
