/*
 * batch: encoded trie nodes that wait to be hashed together.
 *
 * A parent needs its children's hashes, so nodes are hashed level by level, leaves first, many at
 * a time (base/sha.h); each hash is then written to where its parent holds the place for it. A
 * node is hashed once and copied never. The memory is that of one batch and is used again.
 * One thread at a time.
 */
#ifndef PEN_PART_BATCH_H
#define PEN_PART_BATCH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/sha.h"

/* Not a node of the batch, not a place in its arena. */
#define PEN_BATCH_NONE UINT32_MAX

/* Nodes between the one that `ahead` is told of and the one that is given next. */
#define PEN_BATCH_AHEAD 16u

/* A node that waits. */
struct pen_batch_node {
	uint32_t at, len; /* of the encoding in the arena */
	uint32_t bound; /* where in the arena the hash belongs, or PEN_BATCH_NONE */
	uint32_t level;
};

/* Zeroed is empty and valid. */
struct pen_batch {
	struct pen_buf arena; /* encodings, one behind the other */
	struct pen_buf nodes; /* struct pen_batch_node, in the order in which they were added */
	struct pen_buf levels; /* uint32_t: nodes of each level */
	struct pen_buf places; /* uint32_t: where each node's message and digest stand, once run */
	struct pen_buf bounds; /* uint32_t: `bound` of the node of each message */
	struct pen_buf messages, digests; /* one level behind the other */
	uint32_t count; /* nodes waiting */
	int64_t (*clock)(void); /* NULL, or nanoseconds: hashing is timed */
	int64_t hash_ns; /* what it took so far */
	/* NULL, or told a node's hash before its turn, with the context of pen_batch_run's fn. */
	void (*ahead)(void *context, const struct pen_hash *hash);
};

/* Called for each node of a batch, in the order in which they were added. Borrowed for the call.
 * 0, or a negative code that ends it. */
typedef int (*pen_batch_fn)(void *context, const struct pen_hash *hash, struct pen_bytes bytes);

/* Free the memory of all batches so far. NULL and a zeroed one are fine. */
void pen_batch_fini(struct pen_batch *batch);

/* Make room for a node of `bytes` and the note of it. 0 or -ENOMEM. For pen_batch_room. */
int pen_batch_grow(struct pen_batch *batch, size_t bytes);

/* Count a node on a level that had none. 0 or -ENOMEM. For pen_batch_add. */
int pen_batch_raise(struct pen_batch *batch, uint32_t level);

/*
 * Room for `bytes` at the end of the arena, of which the next pen_batch_add takes what it needs;
 * valid until then. NULL: no memory.
 */
static inline uint8_t *pen_batch_room(struct pen_batch *batch, size_t bytes)
{
	bool fits = bytes <= batch->arena.cap - batch->arena.len &&
		sizeof(struct pen_batch_node) <= batch->nodes.cap - batch->nodes.len;
	if (!fits && pen_batch_grow(batch, bytes))
		return NULL;
	return batch->arena.at + batch->arena.len;
}

/* The arena's length: where the room begins, and what a place in a node is counted from. */
static inline size_t pen_batch_offset(const struct pen_batch *batch)
{
	return batch->arena.len;
}

static inline struct pen_batch_node *pen_batch_node(const struct pen_batch *batch, uint32_t node)
{
	PEN_DCHECK(node < batch->count);
	return (struct pen_batch_node *)(void *)batch->nodes.at + node;
}

/*
 * The room now holds a node of `len` bytes on this level: one above the highest of its children
 * that wait in this batch, 0 if none does. Returns the node's number, PEN_BATCH_NONE: no memory.
 */
static inline uint32_t pen_batch_add(struct pen_batch *batch, size_t len, uint32_t level)
{
	uint32_t *levels = (uint32_t *)(void *)batch->levels.at;
	PEN_DCHECK(len <= batch->arena.cap - batch->arena.len);
	if (level < batch->levels.len / sizeof *levels)
		levels[level]++;
	else if (pen_batch_raise(batch, level))
		return PEN_BATCH_NONE;
	uint32_t node = batch->count++;
	batch->nodes.len += sizeof(struct pen_batch_node);
	*pen_batch_node(batch, node) = (struct pen_batch_node){
		(uint32_t)batch->arena.len, (uint32_t)len, PEN_BATCH_NONE, level};
	batch->arena.len += len;
	return node;
}

/* The level of a waiting node. */
static inline uint32_t pen_batch_level(const struct pen_batch *batch, uint32_t node)
{
	return pen_batch_node(batch, node)->level;
}

/* The hash of `node` belongs at this offset of the arena. At most once a node. */
static inline void pen_batch_bind(struct pen_batch *batch, uint32_t node, size_t offset)
{
	PEN_DCHECK(pen_batch_node(batch, node)->bound == PEN_BATCH_NONE);
	pen_batch_node(batch, node)->bound = (uint32_t)offset;
}

/*
 * Hash everything that waits and call `fn` (may be NULL) for each node. Afterwards pen_batch_hash
 * answers for every number until pen_batch_reset. 0, -ENOMEM, or what fn returned.
 */
int pen_batch_run(struct pen_batch *batch, pen_batch_fn fn, void *context);

/* The encoding of a node. Borrowed until the reset. */
static inline struct pen_bytes pen_batch_bytes(const struct pen_batch *batch, uint32_t node)
{
	const struct pen_batch_node *waiting = pen_batch_node(batch, node);
	return (struct pen_bytes){batch->arena.at + waiting->at, waiting->len};
}

/* The hash of a node, after pen_batch_run. Borrowed until the reset. */
static inline const struct pen_hash *pen_batch_hash(const struct pen_batch *batch, uint32_t node)
{
	PEN_DCHECK(node < batch->count);
	const uint32_t *places = (const uint32_t *)(void *)batch->places.at;
	return (const struct pen_hash *)batch->digests.at + places[node];
}

/* Forget all nodes, keep the memory. */
void pen_batch_reset(struct pen_batch *batch);

#endif
