/*
 * build: the streaming builder (part/build.h) on sorted pairs in memory, values' hashes included,
 * against the bare hash kernel on exactly the messages that the builder hashes. The ratio is the
 * share of the builder's time that is hashing at the kernel's own rate.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "bench/bench.h"
#include "bench/pairs.h"
#include "part/entries.h"
#include "part/partial.h"

/* Values hashed at a time before their keys are pushed, as callers of the builder do. */
#define WINDOW_PAIRS 256u
/* Messages a call of the kernel alone: long enough that the lanes never wait for its end. */
#define WINDOW_MESSAGES 4096u

struct race {
	struct bench_pairs pairs;
	struct pen_chunks chunks; /* nodes */
	struct pen_buf messages; /* struct pen_bytes: every value, then every node, as hashed */
	struct pen_entries entries; /* the distinct ones */
	struct pen_hash digests[WINDOW_MESSAGES];
	struct pen_hash root; /* by the last run */
	struct pen_hash last; /* by the kernel: of the last message, the root node */
	uint64_t blocks[2]; /* hashed by the last run of the kernel, of the builder */
	uint64_t bytes; /* of nodes handed out */
};

static int count_bytes(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct race *race = context;
	(void)hash;
	race->bytes += bytes.len;
	return 0;
}

/* Keep a message for the kernel's side. */
static int keep(struct race *race, const struct pen_hash *hash, struct pen_bytes bytes)
{
	int err = pen_buf_append(&race->messages, &bytes, sizeof bytes);
	if (!err)
		err = pen_entries_add(&race->entries, hash, bytes);
	return err < 0 ? err : 0;
}

static int keep_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct race *race = context;
	struct pen_bytes kept;
	int err = pen_chunks_copy(&race->chunks, bytes, &kept);
	return err ? err : keep(race, hash, kept);
}

static int push_window(struct pen_build *build, const struct pen_pair *pairs, size_t count)
{
	struct pen_bytes values[WINDOW_PAIRS];
	struct pen_hash hashes[WINDOW_PAIRS];
	for (size_t i = 0; i < count; i++)
		values[i] = pairs[i].value;
	pen_sha256_many(values, count, hashes);
	for (size_t i = 0; i < count; i++) {
		int err = pen_build_push(
			build, pairs[i].key, (uint32_t)pairs[i].value.len, &hashes[i]);
		if (err)
			return err;
	}
	return 0;
}

static int build_all(struct race *race, pen_batch_fn fn)
{
	struct pen_build build;
	struct pen_trie_sum sum;
	int err = 0;
	pen_build_init(&build, fn, race);
	for (size_t at = 0, count; at < race->pairs.count && !err; at += count) {
		size_t left = race->pairs.count - at;
		count = left < WINDOW_PAIRS ? left : WINDOW_PAIRS;
		err = push_window(&build, race->pairs.list + at, count);
	}
	if (!err)
		err = pen_build_finish(&build, &sum);
	if (!err)
		race->root = sum.root;
	pen_build_fini(&build);
	return err;
}

static int run_builder(void *context)
{
	struct race *race = context;
	uint64_t before = pen_sha256_blocks();
	int err = build_all(race, count_bytes);
	race->blocks[1] = pen_sha256_blocks() - before;
	return err;
}

static int run_kernel(void *context)
{
	struct race *race = context;
	uint64_t before = pen_sha256_blocks();
	const struct pen_bytes *messages = (const struct pen_bytes *)(void *)race->messages.at;
	size_t total = race->messages.len / sizeof *messages;
	for (size_t at = 0, count; at < total; at += count) {
		count = total - at < WINDOW_MESSAGES ? total - at : WINDOW_MESSAGES;
		pen_sha256_many(messages + at, count, race->digests);
		race->last = race->digests[count - 1];
	}
	race->blocks[0] = pen_sha256_blocks() - before;
	return 0;
}

static bool same(void *context)
{
	const struct race *race = context;
	return pen_hash_equal(&race->root, &race->last) && race->blocks[0] == race->blocks[1];
}

/* Collect what is hashed. */
static int prepare(struct race *race, struct bench *bench)
{
	int err = bench_pairs_open(&race->pairs, bench);
	if (err)
		return err;
	for (size_t i = 0; i < race->pairs.count && !err; i++) {
		struct pen_hash hash;
		pen_sha256(race->pairs.list[i].value, &hash);
		err = keep(race, &hash, race->pairs.list[i].value);
	}
	if (!err)
		err = build_all(race, keep_node);
	return err ? bench_fail(bench, "no memory for the messages") : 0;
}

/* The bytes of all entries as one PartialState. */
static double partial_bytes(const struct race *race)
{
	double bytes = PEN_PARTIAL_HEAD_BYTES;
	for (uint32_t i = 0; i < race->entries.count; i++)
		bytes += 4 + pen_entries_at(&race->entries, i)->len;
	return bytes;
}

int main(int argc, char **argv)
{
	static struct race race;
	struct bench bench;
	bench_open(&bench, "build", argc, argv);
	if (!prepare(&race, &bench)) {
		const struct bench_race kernel = {
			.name = "kernel",
			.rival = {"base/sha on the same messages", run_kernel},
			.ours = {"part/build", run_builder},
			.context = &race,
			.same = same,
			.amounts = {{"keys", (double)race.pairs.count},
				{"PartialState_MB", partial_bytes(&race) / 1e6},
				{"messages",
					(double)(race.messages.len / sizeof(struct pen_bytes))}},
			.floor = 0.75,
		};
		bench_run(&bench, &kernel);
	}
	pen_entries_fini(&race.entries);
	pen_buf_fini(&race.messages);
	pen_chunks_fini(&race.chunks);
	bench_pairs_close(&race.pairs);
	return bench_close(&bench);
}
