#include "part/batch.h"

#include <errno.h>

/* Offsets are 32 bits wide; a batch is ended long before. */
#define ARENA_BYTES_MAX ((size_t)UINT32_MAX - 1)

void pen_batch_fini(struct pen_batch *batch)
{
	if (!batch)
		return;
	pen_buf_fini(&batch->arena);
	pen_buf_fini(&batch->nodes);
	pen_buf_fini(&batch->levels);
	pen_buf_fini(&batch->places);
	pen_buf_fini(&batch->bounds);
	pen_buf_fini(&batch->messages);
	pen_buf_fini(&batch->digests);
	*batch = (struct pen_batch){0};
}

int pen_batch_grow(struct pen_batch *batch, size_t bytes)
{
	if (bytes > ARENA_BYTES_MAX - batch->arena.len || pen_buf_grow(&batch->arena, bytes))
		return -ENOMEM;
	return pen_buf_grow(&batch->nodes, sizeof(struct pen_batch_node));
}

int pen_batch_raise(struct pen_batch *batch, uint32_t level)
{
	const uint32_t none = 0, one = 1;
	while (batch->levels.len / sizeof none < level) {
		if (pen_buf_append(&batch->levels, &none, sizeof none))
			return -ENOMEM;
	}
	return pen_buf_append(&batch->levels, &one, sizeof one);
}

static uint32_t *words_of(const struct pen_buf *buf)
{
	return (uint32_t *)(void *)buf->at;
}

/* Lay the messages out, one level behind the other. Then `levels` says where each of them ends. */
static void lay_out(struct pen_batch *batch)
{
	struct pen_bytes *messages = (struct pen_bytes *)(void *)batch->messages.at;
	uint32_t *places = words_of(&batch->places), *bounds = words_of(&batch->bounds);
	uint32_t *levels = words_of(&batch->levels), begin = 0;
	for (size_t level = 0; level < batch->levels.len / sizeof *levels; level++) {
		uint32_t count = levels[level];
		levels[level] = begin;
		begin += count;
	}
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct pen_batch_node *node = pen_batch_node(batch, i);
		uint32_t place = levels[node->level]++;
		places[i] = place;
		bounds[place] = node->bound;
		messages[place] = (struct pen_bytes){batch->arena.at + node->at, node->len};
	}
}

/* Hash the messages [from, to) and write the hashes where they belong. */
static void run_level(struct pen_batch *batch, uint32_t from, uint32_t to)
{
	const struct pen_bytes *messages = (const struct pen_bytes *)(void *)batch->messages.at;
	struct pen_hash *digests = (struct pen_hash *)batch->digests.at;
	const uint32_t *bounds = words_of(&batch->bounds);
	pen_sha256_many(messages + from, to - from, digests + from);
	for (uint32_t i = from; i < to; i++) {
		if (bounds[i] != PEN_BATCH_NONE)
			memcpy(batch->arena.at + bounds[i], digests[i].bytes, PEN_HASH_BYTES);
	}
}

static int reserve(struct pen_batch *batch)
{
	size_t count = batch->count;
	int err = pen_buf_reserve(&batch->messages, count * sizeof(struct pen_bytes));
	if (!err)
		err = pen_buf_reserve(&batch->digests, count * sizeof(struct pen_hash));
	if (!err)
		err = pen_buf_reserve(&batch->places, count * sizeof(uint32_t));
	return err ? err : pen_buf_reserve(&batch->bounds, count * sizeof(uint32_t));
}

/* Give each node in its turn, and announce the one that comes PEN_BATCH_AHEAD later. */
static int give_ahead(struct pen_batch *batch, pen_batch_fn fn, void *context)
{
	int err = 0;
	for (uint32_t node = 0; !err && node < batch->count; node++) {
		if (batch->count - node > PEN_BATCH_AHEAD)
			batch->ahead(context, pen_batch_hash(batch, node + PEN_BATCH_AHEAD));
		err = fn(context, pen_batch_hash(batch, node), pen_batch_bytes(batch, node));
	}
	return err;
}

int pen_batch_run(struct pen_batch *batch, pen_batch_fn fn, void *context)
{
	int err = reserve(batch);
	if (err)
		return err;
	lay_out(batch);
	int64_t begin = batch->clock ? batch->clock() : 0;
	for (size_t level = 0; level < batch->levels.len / sizeof(uint32_t); level++)
		run_level(batch, level ? words_of(&batch->levels)[level - 1] : 0,
			words_of(&batch->levels)[level]);
	batch->hash_ns += batch->clock ? batch->clock() - begin : 0;
	if (fn && batch->ahead)
		return give_ahead(batch, fn, context);
	for (uint32_t node = 0; fn && !err && node < batch->count; node++)
		err = fn(context, pen_batch_hash(batch, node), pen_batch_bytes(batch, node));
	return err;
}

void pen_batch_reset(struct pen_batch *batch)
{
	batch->arena.len = 0;
	batch->nodes.len = 0;
	batch->levels.len = 0;
	batch->count = 0;
}
