#include "part/rebuild.h"

#include <errno.h>

#include "base/check.h"
#include "part/rebuild_inner.h"

_Static_assert(sizeof(struct pen_entry) + sizeof(struct pen_hash) + 4 * sizeof(uint32_t) <=
		PEN_REBUILD_ENTRY_BYTES,
	"the memory of an entry is what the header says");

void pen_rebuild_fini(struct pen_rebuild *rebuild)
{
	if (!rebuild)
		return;
	pen_buf_fini(&rebuild->head_bytes);
	pen_entries_fini(&rebuild->entries);
	pen_chunks_fini(&rebuild->memory);
	pen_buf_fini(&rebuild->raw);
	pen_buf_fini(&rebuild->uses);
	pen_buf_fini(&rebuild->records);
	pen_buf_fini(&rebuild->messages);
	pen_buf_fini(&rebuild->digests);
	pen_frontier_fini(&rebuild->frontier);
	pen_build_fini(&rebuild->build);
	pen_zstd_fini(&rebuild->zstd);
	*rebuild = (struct pen_rebuild){0};
}

int pen_rebuild_fail_memory(struct pen_rebuild *rebuild)
{
	return pen_fail(rebuild->why, -ENOMEM, "no memory to rebuild a part of %u pairs",
		rebuild->head.pairs);
}

int pen_rebuild_fail_head(struct pen_rebuild *rebuild, const char *what)
{
	return pen_fail(rebuild->why, PEN_EHEAD, "BadHead: %s", what);
}

/* Any node or value that is there. */
int pen_rebuild_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	const struct pen_rebuild *rebuild = context;
	uint32_t index = pen_entries_find(&rebuild->entries, hash);
	if (index == PEN_ENTRY_NONE)
		return PEN_EMISSING;
	const struct pen_entry *entry = pen_entries_at(&rebuild->entries, index);
	*out = (struct pen_fetched){{entry->at, entry->len}, index};
	return 0;
}

/* The entry of these bytes, entered if it is new: its index, or an error. */
int64_t pen_rebuild_enter(
	struct pen_rebuild *rebuild, const struct pen_hash *hash, struct pen_bytes bytes, bool copy)
{
	struct pen_entries *entries = &rebuild->entries;
	uint32_t limit = rebuild->limits.entries, before = entries->count;
	if (limit && before >= limit) {
		uint32_t known = pen_entries_find(entries, hash);
		return known != PEN_ENTRY_NONE
			? (int64_t)known
			: pen_fail(rebuild->why, PEN_ELARGE, "rebuilt it has more than %u entries",
				  limit);
	}
	int64_t at = pen_entries_enter(entries, hash, bytes);
	if (at < 0)
		return pen_rebuild_fail_memory(rebuild);
	if (copy && entries->count > before) {
		if (pen_chunks_copy(&rebuild->memory, bytes, &bytes))
			return pen_rebuild_fail_memory(rebuild);
		pen_entries_at(entries, (uint32_t)at)->at = bytes.at;
	}
	return at;
}

static size_t most(size_t limit)
{
	return limit ? limit : PEN_PART_BYTES_MAX;
}

static int check_limits(const struct pen_rebuild *rebuild)
{
	const struct pen_rebuild_limits *limits = &rebuild->limits;
	const struct pen_lean_head *head = &rebuild->head;
	if (limits->keep && head->raw_bytes > most(limits->kept_bytes))
		return pen_fail(rebuild->why, PEN_ELARGE, "it has %llu bytes of keys and values",
			(unsigned long long)head->raw_bytes);
	if (!limits->keep && head->scratch_bytes > most(limits->scratch_bytes))
		return pen_fail(rebuild->why, PEN_ELARGE,
			"it has %llu bytes of values that may be named",
			(unsigned long long)head->scratch_bytes);
	if (limits->pairs && head->pairs > limits->pairs)
		return pen_fail(rebuild->why, PEN_ELARGE, "it has %u pairs", head->pairs);
	if (limits->entries && head->proof_nodes > limits->entries)
		return pen_fail(
			rebuild->why, PEN_ELARGE, "it has %u proof nodes", head->proof_nodes);
	return 0;
}

/* Memory for the frames: of all of them, or of the largest. */
static int reserve(struct pen_rebuild *rebuild)
{
	const struct pen_lean_head *head = &rebuild->head;
	size_t bytes = rebuild->limits.keep ? head->raw_bytes : 0;
	for (uint32_t i = 0; i < head->frames && !rebuild->limits.keep; i++) {
		size_t raw = pen_lean_row(head, i).raw_bytes;
		bytes = raw > bytes ? raw : bytes;
	}
	if (pen_buf_reserve(&rebuild->raw, bytes) ||
		pen_buf_reserve(&rebuild->uses, head->pairs * sizeof(uint32_t)))
		return pen_rebuild_fail_memory(rebuild);
	return 0;
}

static void reset(struct pen_rebuild *rebuild, const struct pen_rebuild_limits *limits)
{
	rebuild->limits = limits ? *limits : (struct pen_rebuild_limits){0};
	rebuild->head_bytes.len = 0;
	pen_entries_reset(&rebuild->entries);
	pen_chunks_reset(&rebuild->memory);
	rebuild->visited = 0;
	rebuild->node_bytes = 0;
	rebuild->frame = 0;
	rebuild->pair = 0;
	rebuild->raw_at = 0;
	rebuild->scratch_bytes = 0;
	rebuild->key_len = 0;
	rebuild->has_piece = false;
	rebuild->nodes = 0;
	rebuild->proved = false;
}

static bool same_part(const struct pen_part_id *a, const struct pen_part_id *b)
{
	return pen_hash_equal(&a->root, &b->root) && a->k == b->k && a->n == b->n;
}

int pen_rebuild_open(struct pen_rebuild *rebuild, const struct pen_part_id *id,
	struct pen_bytes bytes, const struct pen_rebuild_limits *limits, struct pen_why *why)
{
	reset(rebuild, limits);
	rebuild->why = why;
	int err = pen_lean_decode(bytes, &rebuild->head, why);
	if (err)
		return err;
	if (!same_part(id, &rebuild->head.id))
		return pen_rebuild_fail_head(rebuild, "it is that of another part");
	err = check_limits(rebuild);
	if (err)
		return err;
	/* Entries borrow the proof nodes until the next part; the caller's bytes may go. */
	if (pen_buf_append(&rebuild->head_bytes, bytes.at, rebuild->head.bytes))
		return pen_rebuild_fail_memory(rebuild);
	PEN_CHECK(pen_lean_decode(pen_buf_bytes(&rebuild->head_bytes), &rebuild->head, NULL) == 0);
	err = pen_rebuild_nodes(rebuild);
	return err ? err : reserve(rebuild);
}

uint8_t *pen_rebuild_room(struct pen_rebuild *rebuild, uint32_t i)
{
	PEN_CHECK(i < rebuild->head.frames);
	if (!rebuild->limits.keep)
		return rebuild->raw.at;
	uint64_t at = 0;
	for (uint32_t before = 0; before < i; before++)
		at += pen_lean_row(&rebuild->head, before).raw_bytes;
	return rebuild->raw.at + at;
}

static int fail_frame(struct pen_rebuild *rebuild, const char *what)
{
	return pen_fail(rebuild->why, PEN_EFRAME, "BadFrame %u: pair %u %s", rebuild->frame,
		rebuild->pair, what);
}

/* The entry of an inline value, as it goes into `uses`. */
static int64_t use_value(
	struct pen_rebuild *rebuild, struct pen_bytes value, const struct pen_hash *hash)
{
	bool keep = rebuild->limits.keep, may_be_named = value.len >= PEN_LEAN_NAMED_BYTES_MIN;
	if (!keep && !may_be_named)
		return PEN_USE_NONE;
	int64_t at = pen_rebuild_enter(rebuild, hash, value, !keep);
	if (at < 0)
		return at;
	struct pen_entry *entry = pen_entries_at(&rebuild->entries, (uint32_t)at);
	entry->refs++;
	if (!may_be_named)
		return at;
	if (entry->visited)
		return fail_frame(rebuild, "repeats a value that it must name");
	entry->visited = true;
	rebuild->scratch_bytes += value.len;
	if (rebuild->scratch_bytes > rebuild->head.scratch_bytes)
		return pen_rebuild_fail_head(
			rebuild, "it has more values that may be named than it says");
	return at;
}

/* The entry of a value that an earlier pair has. */
static int64_t use_name(struct pen_rebuild *rebuild, uint32_t name)
{
	uint32_t use = ((const uint32_t *)(const void *)rebuild->uses.at)[name];
	if (use & PEN_USE_NAMED || use == PEN_USE_NONE)
		return fail_frame(rebuild, "names one that has no value to be named");
	struct pen_entry *entry = pen_entries_at(&rebuild->entries, use);
	if (entry->len < PEN_LEAN_NAMED_BYTES_MIN)
		return fail_frame(rebuild, "names a value too short to be named");
	entry->refs++;
	return use | PEN_USE_NAMED;
}

/* The next record of the frame; `hash` is that of its value if it is inline. */
static int take_record(
	struct pen_rebuild *rebuild, const struct pen_record *record, const struct pen_hash *hash)
{
	int64_t use = record->named ? use_name(rebuild, record->name)
				    : use_value(rebuild, record->value, hash);
	if (use < 0)
		return (int)use;
	uint32_t len = (uint32_t)record->value.len;
	if (record->named) {
		uint32_t at = (uint32_t)use & ~PEN_USE_NAMED;
		hash = pen_entries_hash(&rebuild->entries, at);
		len = pen_entries_at(&rebuild->entries, at)->len;
	}
	/* The hash may lie in the table, which may move while nodes are entered. */
	const struct pen_hash own = *hash;
	((uint32_t *)(void *)rebuild->uses.at)[rebuild->pair] = (uint32_t)use;
	int err = pen_rebuild_pair(rebuild, len, &own);
	rebuild->pair++;
	return err;
}

/* Hash the inline values of the frame together: their number, or an error. */
static int64_t hash_values(struct pen_rebuild *rebuild, uint32_t count)
{
	const struct pen_record *records = (const struct pen_record *)(void *)rebuild->records.at;
	if (pen_buf_reserve(&rebuild->messages, count * sizeof(struct pen_bytes)) ||
		pen_buf_reserve(&rebuild->digests, count * sizeof(struct pen_hash)))
		return pen_rebuild_fail_memory(rebuild);
	struct pen_bytes *values = (struct pen_bytes *)(void *)rebuild->messages.at;
	size_t inlined = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (!records[i].named)
			values[inlined++] = records[i].value;
	}
	pen_sha256_many(values, inlined, (struct pen_hash *)rebuild->digests.at);
	return (int64_t)inlined;
}

/* Put the record's key together; the first of a frame must follow the last of the one before. */
static int take_key(struct pen_rebuild *rebuild, const struct pen_record *record, bool first)
{
	struct pen_bytes last = {rebuild->key, rebuild->key_len};
	if (first && rebuild->pair && pen_bytes_compare(record->rest, last) <= 0)
		return fail_frame(rebuild, "does not follow the frame before");
	if (record->rest.len)
		memcpy(rebuild->key + record->shared, record->rest.at, record->rest.len);
	rebuild->key_len = (uint32_t)(record->shared + record->rest.len);
	return 0;
}

static int take_records(struct pen_rebuild *rebuild, uint32_t count)
{
	const struct pen_record *records = (const struct pen_record *)(void *)rebuild->records.at;
	int64_t inlined = hash_values(rebuild, count);
	const struct pen_hash *hashes = (const struct pen_hash *)rebuild->digests.at;
	const struct pen_hash *end = inlined > 0 ? hashes + inlined : hashes;
	int err = inlined < 0 ? (int)inlined : 0;
	for (uint32_t i = 0; i < count && !err; i++) {
		if (end - hashes > PEN_ENTRIES_AHEAD)
			pen_entries_expect(&rebuild->entries, hashes + PEN_ENTRIES_AHEAD);
		err = take_key(rebuild, &records[i], i == 0);
		if (!err)
			err = take_record(rebuild, &records[i], hashes);
		hashes += !records[i].named;
	}
	return err;
}

int pen_rebuild_take(struct pen_rebuild *rebuild, struct pen_why *why)
{
	PEN_CHECK(rebuild->frame < rebuild->head.frames);
	struct pen_lean_frame_place place = pen_lean_frame_place(&rebuild->head, rebuild->frame);
	const uint8_t *room = rebuild->raw.at + (rebuild->limits.keep ? rebuild->raw_at : 0);
	rebuild->why = why;
	if (rebuild->frame == 0)
		pen_rebuild_begin(rebuild);
	int err = pen_lean_frame_decode(
		(struct pen_bytes){room, place.row.raw_bytes}, &place, &rebuild->records, why);
	if (!err)
		err = take_records(rebuild, place.row.pairs);
	rebuild->frame++;
	rebuild->raw_at += place.row.raw_bytes;
	return err;
}

int pen_rebuild_close(struct pen_rebuild *rebuild, struct pen_why *why)
{
	PEN_CHECK(rebuild->frame == rebuild->head.frames);
	PEN_CHECK(rebuild->pair == rebuild->head.pairs);
	rebuild->why = why;
	int err = pen_rebuild_end(rebuild);
	if (!err && rebuild->scratch_bytes != rebuild->head.scratch_bytes)
		err = pen_rebuild_fail_head(
			rebuild, "it has fewer values that may be named than it says");
	rebuild->proved = err == 0;
	return err;
}

/* Open and take frame i, which begins `at` in the part. */
static int check_frame(struct pen_rebuild *rebuild, struct pen_bytes part, uint32_t i, size_t at)
{
	struct pen_lean_frame_place place = pen_lean_frame_place(&rebuild->head, i);
	struct pen_bytes stored = {part.at + at, place.row.stored_bytes};
	struct pen_why *why = rebuild->why;
	int err = pen_lean_frame_open(
		&rebuild->zstd, &place, stored, pen_rebuild_room(rebuild, i), why);
	return err ? err : pen_rebuild_take(rebuild, why);
}

int pen_rebuild_check(struct pen_rebuild *rebuild, const struct pen_part_id *id,
	struct pen_bytes part, const struct pen_rebuild_limits *limits, struct pen_why *why)
{
	int err = pen_rebuild_open(rebuild, id, part, limits, why);
	if (err)
		return err;
	size_t at = rebuild->head.bytes;
	if (part.len - at != rebuild->head.stored_bytes)
		return pen_fail(why, PEN_EHEAD,
			"BadHead: %zu bytes of frames, it says that they have %llu", part.len - at,
			(unsigned long long)rebuild->head.stored_bytes);
	for (uint32_t i = 0; i < rebuild->head.frames && !err; i++) {
		err = check_frame(rebuild, part, i, at);
		at += pen_lean_row(&rebuild->head, i).stored_bytes;
	}
	return err ? err : pen_rebuild_close(rebuild, why);
}
