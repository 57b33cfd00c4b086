#include "make/gather.h"

#include <errno.h>

#include "base/check.h"
#include "make/runs.h"

#define HEAD_BYTES 4
/* Entries in order lie anywhere in memory: so many are asked for ahead, to hide the wait for each.
 */
#define AHEAD 16
/* A key's 16 bytes are that part of entries of ordinary size, and less of larger ones. */
#define KEYS_PART 8

void pen_gather_fini(struct pen_gather *gather)
{
	if (!gather)
		return;
	pen_gather_reset(gather);
	pen_buf_fini(&gather->memory);
	pen_buf_fini(&gather->keys);
	pen_buf_fini(&gather->spare);
	pen_entries_fini(&gather->longs);
	*gather = (struct pen_gather){0};
}

void pen_gather_reset(struct pen_gather *gather)
{
	for (unsigned i = 0; i < gather->runs; i++)
		pen_run_remove(&gather->spill, i);
	gather->runs = 0;
	gather->memory.len = gather->keys.len = 0;
	gather->count = 0;
	gather->bytes = 0;
	pen_entries_reset(&gather->longs);
}

static struct pen_key *keys_of(const struct pen_gather *gather)
{
	return (struct pen_key *)(void *)gather->keys.at;
}

static size_t key_count(const struct pen_gather *gather)
{
	return gather->keys.len / sizeof(struct pen_key);
}

/* Put what is in memory in order, each entry once. */
static int order(struct pen_gather *gather)
{
	int err = pen_buf_reserve_whole(&gather->spare, gather->keys.cap);
	if (err)
		return err;
	size_t count = key_count(gather);
	pen_sort(gather->memory.at, keys_of(gather), (struct pen_key *)(void *)gather->spare.at,
		count);
	count = pen_sort_distinct(gather->memory.at, keys_of(gather), count);
	gather->keys.len = count * sizeof(struct pen_key);
	return 0;
}

/* An entry in memory, with its length in front. */
static struct pen_bytes entry_at(const struct pen_gather *gather, const struct pen_key *key)
{
	return (struct pen_bytes){
		gather->memory.at + key->at - HEAD_BYTES, key->len + (size_t)HEAD_BYTES};
}

/* The first cache lines of an entry: most have no more than two. */
static void prefetch(const struct pen_gather *gather, const struct pen_key *key)
{
	const uint8_t *at = gather->memory.at + key->at - HEAD_BYTES;
	__builtin_prefetch(at);
	__builtin_prefetch(at + 64);
}

static int each_in_memory(struct pen_gather *gather, pen_gather_fn fn, void *context)
{
	const struct pen_key *keys = keys_of(gather);
	size_t count = key_count(gather);
	int err = 0;
	for (size_t i = 0; !err && i < count; i++) {
		if (i + AHEAD < count)
			prefetch(gather, &keys[i + AHEAD]);
		err = fn(context, entry_at(gather, &keys[i]));
	}
	return err;
}

static int run_take(void *context, struct pen_bytes entry)
{
	return pen_run_put(context, entry);
}

/* Write what is in memory as a run, and begin anew. */
static int spill(struct pen_gather *gather, struct pen_why *why)
{
	struct pen_run_writer writer = {0};
	if (gather->runs == PEN_GATHER_RUNS_MAX)
		return pen_fail(why, PEN_EREFUSED,
			"a part of more than %u times %zu bytes: ask for more parts with --of",
			PEN_GATHER_RUNS_MAX, gather->limit);
	int err = order(gather);
	if (!err)
		err = pen_run_create(&writer, &gather->spill, gather->runs);
	if (!err)
		err = each_in_memory(gather, run_take, &writer);
	int end = pen_run_close(&writer);
	gather->runs++;
	gather->memory.len = gather->keys.len = 0;
	pen_entries_reset(&gather->longs);
	err = err ? err : end;
	return err ? pen_fail(why, err, "cannot spill a part to %s: %s", gather->spill.disk->root,
			     pen_err_text(err))
		   : 0;
}

/* Take what the limit allows at once; keys are a fraction of it. */
static int take_memory(struct pen_gather *gather, size_t limit)
{
	int err = pen_buf_reserve_whole(&gather->memory, limit);
	return err ? err : pen_buf_reserve_whole(&gather->keys, limit / KEYS_PART);
}

/* Room for one more entry, by spilling if it must be. */
static int make_room(struct pen_gather *gather, size_t len, struct pen_why *why)
{
	size_t limit = gather->limit ? gather->limit : PEN_GATHER_BYTES;
	if (!gather->memory.cap && take_memory(gather, limit))
		return pen_fail(why, -ENOMEM, "no memory for the entries of a part");
	size_t used = gather->memory.len + 2 * gather->keys.len;
	if (used + len + HEAD_BYTES > limit && gather->keys.len && gather->spill.disk) {
		int err = spill(gather, why);
		if (err)
			return err;
	}
	if (pen_buf_grow(&gather->memory, len + HEAD_BYTES) ||
		pen_buf_grow(&gather->keys, sizeof(struct pen_key)))
		return pen_fail(why, -ENOMEM, "no memory for the entries of a part");
	return 0;
}

int pen_gather_add(struct pen_gather *gather, struct pen_bytes entry, struct pen_why *why)
{
	int err = make_room(gather, entry.len, why);
	if (err)
		return err;
	uint8_t *at = gather->memory.at + gather->memory.len;
	pen_put_le32(at, (uint32_t)entry.len);
	/* The one copy of an entry before it is compressed: what it came from is used again. */
	if (entry.len)
		memcpy(at + HEAD_BYTES, entry.at, entry.len);
	keys_of(gather)[key_count(gather)] = pen_key_of(
		gather->memory.at, gather->memory.len + HEAD_BYTES, (uint32_t)entry.len);
	gather->keys.len += sizeof(struct pen_key);
	gather->memory.len += entry.len + HEAD_BYTES;
	gather->taken += entry.len;
	return 0;
}

int pen_gather_add_value(struct pen_gather *gather, struct pen_bytes value,
	const struct pen_hash *hash, struct pen_why *why)
{
	if (value.len >= PEN_GATHER_LONG_BYTES) {
		int added = pen_entries_add(&gather->longs, hash, (struct pen_bytes){0});
		if (added < 0)
			return pen_fail(why, added, "no memory for the entries of a part");
		if (!added)
			return 0;
	}
	return pen_gather_add(gather, value, why);
}

static int count_entry(void *context, struct pen_bytes entry)
{
	struct pen_gather *gather = context;
	gather->count++;
	gather->bytes += entry.len;
	return 0;
}

int pen_gather_finish(struct pen_gather *gather, struct pen_why *why)
{
	int err = gather->runs ? spill(gather, why) : order(gather);
	if (err)
		return err;
	return pen_gather_each(gather, count_entry, gather, why);
}

int pen_gather_each(struct pen_gather *gather, pen_gather_fn fn, void *context, struct pen_why *why)
{
	if (!gather->runs)
		return each_in_memory(gather, fn, context);
	int err = pen_runs_merge(&gather->spill, gather->runs, fn, context);
	return err < 0 && err != PEN_EREFUSED && why && !why->text[0]
		? pen_fail(why, err, "cannot merge a part's runs in %s: %s",
			  gather->spill.disk->root, pen_err_text(err))
		: err;
}
