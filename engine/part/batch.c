#include "part/batch.h"

#include <errno.h>

#include "base/check.h"

/* Offsets are 32 bits wide; a batch is ended long before. */
#define ARENA_BYTES_MAX ((size_t)UINT32_MAX - 1)
#define UNBOUND UINT32_MAX

struct waiting {
	uint32_t at, len; /* of the encoding in the arena */
	uint32_t bound; /* where the hash belongs, or UNBOUND */
	uint32_t level;
	uint32_t next; /* node of the same level, or PEN_BATCH_NONE */
	struct pen_hash hash; /* once it was run */
};

void pen_batch_fini(struct pen_batch *batch)
{
	if (!batch)
		return;
	pen_buf_fini(&batch->arena);
	pen_buf_fini(&batch->nodes);
	pen_buf_fini(&batch->levels);
	pen_buf_fini(&batch->messages);
	pen_buf_fini(&batch->digests);
	*batch = (struct pen_batch){0};
}

static struct waiting *node_at(const struct pen_batch *batch, uint32_t node)
{
	PEN_DCHECK(node < batch->count);
	return (struct waiting *)(void *)batch->nodes.at + node;
}

uint8_t *pen_batch_room(struct pen_batch *batch, size_t bytes)
{
	if (bytes > ARENA_BYTES_MAX - batch->arena.len || pen_buf_grow(&batch->arena, bytes))
		return NULL;
	return batch->arena.at + batch->arena.len;
}

static uint32_t *levels_of(const struct pen_batch *batch)
{
	return (uint32_t *)(void *)batch->levels.at;
}

/* The first node of `level` on has nobody before it. */
static int levels_grow(struct pen_batch *batch, uint32_t level)
{
	const uint32_t none = PEN_BATCH_NONE;
	while (batch->levels.len / sizeof none <= level) {
		if (pen_buf_append(&batch->levels, &none, sizeof none))
			return -ENOMEM;
	}
	return 0;
}

uint32_t pen_batch_add(struct pen_batch *batch, size_t len, uint32_t level)
{
	PEN_CHECK(len <= batch->arena.cap - batch->arena.len);
	if (levels_grow(batch, level) || pen_buf_grow(&batch->nodes, sizeof(struct waiting)))
		return PEN_BATCH_NONE;
	uint32_t node = batch->count++;
	batch->nodes.len += sizeof(struct waiting);
	struct waiting *waiting = node_at(batch, node);
	waiting->at = (uint32_t)batch->arena.len;
	waiting->len = (uint32_t)len;
	waiting->bound = UNBOUND;
	waiting->level = level;
	waiting->next = levels_of(batch)[level];
	levels_of(batch)[level] = node;
	batch->arena.len += len;
	return node;
}

uint32_t pen_batch_level(const struct pen_batch *batch, uint32_t node)
{
	return node_at(batch, node)->level;
}

void pen_batch_bind(struct pen_batch *batch, uint32_t node, size_t offset)
{
	PEN_DCHECK(node_at(batch, node)->bound == UNBOUND);
	node_at(batch, node)->bound = (uint32_t)offset;
}

/* Hash the nodes of one level and write the hashes where they belong. */
static void run_level(struct pen_batch *batch, uint32_t first)
{
	struct pen_bytes *messages = (struct pen_bytes *)(void *)batch->messages.at;
	struct pen_hash *digests = (struct pen_hash *)batch->digests.at;
	size_t count = 0;
	for (uint32_t node = first; node != PEN_BATCH_NONE; node = node_at(batch, node)->next)
		messages[count++] = pen_batch_bytes(batch, node);
	pen_sha256_many(messages, count, digests);
	count = 0;
	for (uint32_t node = first; node != PEN_BATCH_NONE; node = node_at(batch, node)->next) {
		struct waiting *waiting = node_at(batch, node);
		waiting->hash = digests[count++];
		if (waiting->bound != UNBOUND)
			memcpy(batch->arena.at + waiting->bound, waiting->hash.bytes,
				PEN_HASH_BYTES);
	}
}

int pen_batch_run(struct pen_batch *batch, pen_batch_fn fn, void *context)
{
	if (pen_buf_reserve(&batch->messages, batch->count * sizeof(struct pen_bytes)) ||
		pen_buf_reserve(&batch->digests, batch->count * sizeof(struct pen_hash)))
		return -ENOMEM;
	int64_t begin = batch->clock ? batch->clock() : 0;
	for (size_t level = 0; level < batch->levels.len / sizeof(uint32_t); level++)
		run_level(batch, levels_of(batch)[level]);
	batch->hash_ns += batch->clock ? batch->clock() - begin : 0;
	int err = 0;
	for (uint32_t node = 0; fn && !err && node < batch->count; node++)
		err = fn(context, pen_batch_hash(batch, node), pen_batch_bytes(batch, node));
	return err;
}

const struct pen_hash *pen_batch_hash(const struct pen_batch *batch, uint32_t node)
{
	return &node_at(batch, node)->hash;
}

struct pen_bytes pen_batch_bytes(const struct pen_batch *batch, uint32_t node)
{
	const struct waiting *waiting = node_at(batch, node);
	return (struct pen_bytes){batch->arena.at + waiting->at, waiting->len};
}

void pen_batch_reset(struct pen_batch *batch)
{
	batch->arena.len = 0;
	batch->nodes.len = 0;
	batch->levels.len = 0;
	batch->count = 0;
}
