#include "make/survey.h"

#include <errno.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/clock.h"

/* Real records are longer: 230 bytes are the average of the mainnet profile. */
#define RECORD_BYTES 128

void pen_make_time_add(struct pen_make_time *sum, const struct pen_make_time *time)
{
	sum->read += time->read;
	sum->bounds += time->bounds;
	sum->build += time->build;
	sum->hash += time->hash;
	sum->sort += time->sort;
	sum->press += time->press;
	sum->compress += time->compress;
	sum->write += time->write;
}

void pen_limbs_fini(struct pen_limbs *limbs)
{
	if (!limbs)
		return;
	pen_buf_fini(&limbs->list);
	pen_buf_fini(&limbs->bytes);
	pen_buf_fini(&limbs->hashes);
	pen_buf_fini(&limbs->counts);
	pen_buf_fini(&limbs->node_hashes);
	pen_build_fini(&limbs->build);
	*limbs = (struct pen_limbs){0};
}

static int above_built(void *context, const struct pen_hash *hash, struct pen_bytes bytes);

void pen_survey_init(struct pen_survey *survey)
{
	*survey = (struct pen_survey){0};
	pen_build_init(&survey->above, above_built, survey);
}

int pen_survey_expect(struct pen_survey *survey, uint64_t file_bytes)
{
	uint64_t keys = file_bytes / RECORD_BYTES;
	keys = keys < PEN_SURVEY_HASHES_MAX / 2 ? keys : PEN_SURVEY_HASHES_MAX / 2;
	int err = pen_buf_reserve_whole(&survey->hashes, keys * sizeof(struct pen_hash));
	if (!err)
		err = pen_buf_reserve_whole(&survey->counts, keys * sizeof(uint16_t));
	return err ? err
		   : pen_buf_reserve_whole(
			     &survey->node_hashes, (keys + keys / 2) * sizeof(struct pen_hash));
}

void pen_survey_fini(struct pen_survey *survey)
{
	if (!survey)
		return;
	pen_entries_fini(&survey->nodes);
	pen_buf_fini(&survey->below);
	pen_buf_fini(&survey->marks);
	pen_buf_fini(&survey->hashes);
	pen_buf_fini(&survey->counts);
	pen_buf_fini(&survey->node_hashes);
	pen_chunks_fini(&survey->memory);
	pen_build_fini(&survey->above);
	*survey = (struct pen_survey){0};
}

size_t pen_survey_memory(const struct pen_survey *survey)
{
	const struct pen_entries *nodes = &survey->nodes;
	return nodes->entries.cap + nodes->hashes.cap + nodes->slots.cap + survey->below.cap +
		survey->marks.cap + survey->hashes.len + survey->counts.len +
		survey->node_hashes.len + (size_t)survey->memory.bytes;
}

size_t pen_survey_stretch(uint64_t file_bytes)
{
	uint64_t even = file_bytes / PEN_SURVEY_STRETCHES;
	return even > PEN_STRETCH_BYTES ? (size_t)even : PEN_STRETCH_BYTES;
}

void pen_pairs_hash(const struct pen_pair *pairs, size_t count, struct pen_hash *out)
{
	struct pen_bytes values[PEN_SURVEY_PAIRS];
	PEN_CHECK(count <= PEN_SURVEY_PAIRS);
	for (size_t i = 0; i < count; i++)
		values[i] = pairs[i].value;
	pen_sha256_many(values, count, out);
}

/* Append bytes to limbs->bytes; *out is their offset there, to be made a pointer when read. */
static int note_bytes(struct pen_limbs *limbs, const uint8_t *at, size_t len, const uint8_t **out)
{
	*out = (const uint8_t *)(uintptr_t)limbs->bytes.len;
	return pen_buf_append(&limbs->bytes, at, len);
}

static int note_limb(void *context, const struct pen_limb *limb)
{
	struct pen_limbs *limbs = context;
	struct pen_limb noted = *limb;
	int err = note_bytes(limbs, limb->path, limb->path_len, &noted.path);
	if (!err)
		err = note_bytes(limbs, limb->node.at, limb->node.len, &noted.node.at);
	return err ? err : pen_buf_append(&limbs->list, &noted, sizeof noted);
}

static void stretch_sum(const struct pen_stretch *stretch, uint64_t sum[2])
{
	XXH128_hash_t hash = XXH3_128bits(stretch->bytes.at, stretch->len);
	sum[0] = hash.low64;
	sum[1] = hash.high64;
}

bool pen_mark_holds(const struct pen_mark *mark, const struct pen_stretch *stretch)
{
	uint64_t sum[2];
	stretch_sum(stretch, sum);
	return sum[0] == mark->sum[0] && sum[1] == mark->sum[1];
}

/* Hash all values of a stretch into out->hashes. */
static int hash_values(const struct pen_stretch *stretch, struct pen_limbs *out)
{
	const struct pen_pair *pairs = pen_stretch_pairs(stretch);
	size_t bytes = stretch->count * sizeof(struct pen_hash);
	out->hashes.len = 0;
	if (pen_buf_reserve(&out->hashes, bytes))
		return -ENOMEM;
	out->hashes.len = bytes;
	struct pen_hash *hashes = (struct pen_hash *)out->hashes.at;
	for (size_t at = 0, count; at < stretch->count; at += count) {
		count = stretch->count - at;
		count = count < PEN_SURVEY_PAIRS ? count : PEN_SURVEY_PAIRS;
		pen_pairs_hash(pairs + at, count, hashes + at);
	}
	return 0;
}

static int note_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct pen_limbs *limbs = context;
	(void)bytes;
	return pen_buf_append(&limbs->node_hashes, hash, sizeof *hash);
}

static int begin_trie(const struct pen_stretch *stretch, struct pen_limbs *out)
{
	out->node_hashes.len = out->counts.len = 0;
	int err = pen_buf_reserve(&out->counts, stretch->count * sizeof(uint16_t));
	pen_build_reset(&out->build);
	out->build.fn = note_node;
	out->build.context = out;
	out->build.batch.clock = pen_clock_ns;
	pen_build_open(&out->build, out->mark.left, note_limb, out);
	return err;
}

/* The nodes that were finished since `before` belong to the next record. */
static void note_count(struct pen_limbs *out, uint64_t *before)
{
	uint16_t count = (uint16_t)(out->build.sum.nodes - *before);
	*before = out->build.sum.nodes;
	memcpy(out->counts.at + out->counts.len, &count, sizeof count);
	out->counts.len += sizeof count;
}

/* Build the trie of a stretch whose values are hashed; its limbs are noted. */
static int build_trie(const struct pen_stretch *stretch, struct pen_limbs *out)
{
	const struct pen_pair *pairs = pen_stretch_pairs(stretch);
	const struct pen_hash *hashes = (const struct pen_hash *)out->hashes.at;
	struct pen_bytes last = pairs[stretch->count - 1].key;
	uint64_t nodes = 0;
	int err = begin_trie(stretch, out);
	for (uint32_t i = 0; !err && i < stretch->count; i++) {
		err = pen_build_push(
			&out->build, pairs[i].key, (uint32_t)pairs[i].value.len, &hashes[i]);
		/* Pushing a key finishes what ends at the one before. */
		if (i)
			note_count(out, &nodes);
	}
	if (err)
		return err;
	err = pen_build_close(&out->build,
		stretch->last ? -1 : (int64_t)pen_key_common(last, stretch->next), NULL);
	note_count(out, &nodes);
	return err;
}

int pen_survey_build(
	const struct pen_stretch *stretch, struct pen_limbs *out, struct pen_make_time *time)
{
	struct pen_bytes first = pen_stretch_pairs(stretch)[0].key;
	struct pen_bytes before = {stretch->before, stretch->before_len};
	int64_t left = stretch->follows ? (int64_t)pen_key_common(before, first) : -1;
	int64_t begin = pen_clock_ns();
	out->list.len = out->bytes.len = 0;
	out->keys = stretch->count;
	out->mark = (struct pen_mark){
		.offset = stretch->offset, .record = stretch->record, .left = left};
	stretch_sum(stretch, out->mark.sum);
	int err = hash_values(stretch, out);
	int64_t hashed = pen_clock_ns();
	if (!err)
		err = build_trie(stretch, out);
	out->mark.first.len = first.len;
	if (!err)
		err = note_bytes(out, first.at, first.len, &out->mark.first.at);
	time->hash += hashed - begin + out->build.batch.hash_ns;
	time->build += pen_clock_ns() - hashed - out->build.batch.hash_ns;
	return err;
}

/* Hold a node, and how to go below it; one that is there already stays. */
static int hold(struct pen_survey *survey, const struct pen_hash *hash, struct pen_bytes bytes,
	struct pen_below below)
{
	struct pen_bytes kept, path = {0};
	if (pen_entries_find(&survey->nodes, hash) != PEN_ENTRY_NONE)
		return 0;
	int err = pen_chunks_copy(&survey->memory, bytes, &kept);
	if (!err && below.path.len)
		err = pen_chunks_copy(&survey->memory, below.path, &path);
	if (!err)
		err = pen_entries_add(&survey->nodes, hash, kept);
	below.path = path;
	return err < 0 ? err : pen_buf_append(&survey->below, &below, sizeof below);
}

static int above_built(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	return hold(context, hash, bytes, (struct pen_below){.stretch = PEN_BELOW_NONE});
}

static const uint8_t *noted_at(const struct pen_limbs *limbs, const uint8_t *offset)
{
	return limbs->bytes.at + (uintptr_t)offset;
}

static uint64_t hashes_in(const struct pen_buf *buf)
{
	return buf->len / sizeof(struct pen_hash);
}

/* Keep the hashes of a stretch, if it and all before it fit. */
static int keep_hashes(struct pen_survey *survey, const struct pen_limbs *limbs)
{
	uint64_t kept = hashes_in(&survey->hashes) + hashes_in(&survey->node_hashes);
	uint64_t more = hashes_in(&limbs->hashes) + hashes_in(&limbs->node_hashes);
	survey->full |= kept + more > PEN_SURVEY_HASHES_MAX;
	if (survey->full)
		return 0;
	int err = pen_buf_append(&survey->hashes, limbs->hashes.at, limbs->hashes.len);
	if (!err)
		err = pen_buf_append(&survey->counts, limbs->counts.at, limbs->counts.len);
	return err ? err
		   : pen_buf_append(
			     &survey->node_hashes, limbs->node_hashes.at, limbs->node_hashes.len);
}

int pen_survey_add(struct pen_survey *survey, const struct pen_limbs *limbs)
{
	const struct pen_limb *list = (const struct pen_limb *)(const void *)limbs->list.at;
	uint32_t stretch = (uint32_t)(survey->marks.len / sizeof(struct pen_mark));
	struct pen_mark mark = limbs->mark;
	mark.first.at = noted_at(limbs, mark.first.at);
	mark.node = hashes_in(&survey->node_hashes);
	int err = pen_chunks_copy(&survey->memory, mark.first, &mark.first);
	if (!err)
		err = pen_buf_append(&survey->marks, &mark, sizeof mark);
	for (size_t i = 0; !err && i < limbs->list.len / sizeof *list; i++) {
		struct pen_limb limb = list[i];
		limb.path = noted_at(limbs, limb.path);
		limb.node.at = noted_at(limbs, limb.node.at);
		if (!limb.is_value)
			err = hold(survey, &limb.hash, limb.node,
				(struct pen_below){stretch, {limb.path, limb.path_len}});
		if (!err)
			err = pen_build_push_limb(&survey->above, &limb);
	}
	survey->keys += limbs->keys;
	return err ? err : keep_hashes(survey, limbs);
}

int pen_survey_finish(struct pen_survey *survey)
{
	int err = pen_build_finish(&survey->above, &survey->sum);
	survey->sum.keys = survey->keys;
	return err;
}

const struct pen_hash *pen_survey_hashes(
	const struct pen_survey *survey, uint64_t record, size_t count)
{
	uint64_t kept = survey->hashes.len / sizeof(struct pen_hash);
	if (record > kept || count > kept - record)
		return NULL;
	return (const struct pen_hash *)survey->hashes.at + record;
}

bool pen_survey_nodes(const struct pen_survey *survey, const struct pen_mark *mark, size_t at,
	const uint16_t **counts, const struct pen_hash **hashes)
{
	uint64_t kept = survey->counts.len / sizeof(uint16_t);
	const uint16_t *first = (const uint16_t *)(const void *)survey->counts.at + mark->record;
	uint64_t node = mark->node;
	if (mark->record + at >= kept)
		return false;
	for (size_t i = 0; i < at; i++)
		node += first[i];
	PEN_CHECK(node <= hashes_in(&survey->node_hashes));
	*counts = first + at;
	*hashes = (const struct pen_hash *)survey->node_hashes.at + node;
	return true;
}

const struct pen_mark *pen_survey_find(const struct pen_survey *survey, struct pen_bytes key)
{
	const struct pen_mark *marks = (const struct pen_mark *)(const void *)survey->marks.at;
	size_t low = 0, high = survey->marks.len / sizeof *marks;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pen_bytes_compare(marks[middle].first, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &marks[low - 1] : NULL;
}
