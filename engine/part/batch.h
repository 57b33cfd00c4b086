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

#include "base/buf.h"
#include "base/sha.h"

/* Not a node of the batch. */
#define PEN_BATCH_NONE UINT32_MAX

/* Zeroed is empty and valid. */
struct pen_batch {
	struct pen_buf arena; /* encodings, one behind the other */
	struct pen_buf nodes; /* what waits, in the order in which it was added */
	struct pen_buf levels; /* uint32_t: first node of each level, chained through the nodes */
	struct pen_buf messages, digests; /* of the level being hashed */
	uint32_t count; /* nodes waiting */
	int64_t (*clock)(void); /* NULL, or nanoseconds: hashing is timed */
	int64_t hash_ns; /* what it took so far */
};

/* Called for each node of a batch, in the order in which they were added. Borrowed for the call.
 * 0, or a negative code that ends it. */
typedef int (*pen_batch_fn)(void *context, const struct pen_hash *hash, struct pen_bytes bytes);

void pen_batch_fini(struct pen_batch *batch);

/* Room for `bytes` at the end of the arena, valid until the next call of this. NULL: no memory. */
uint8_t *pen_batch_room(struct pen_batch *batch, size_t bytes);

/* The arena's length: where the room begins, and what a place in a node is counted from. */
static inline size_t pen_batch_offset(const struct pen_batch *batch)
{
	return batch->arena.len;
}

/*
 * The room now holds a node of `len` bytes on this level: one above the highest of its children
 * that wait in this batch, 0 if none does. Returns the node's number, PEN_BATCH_NONE: no memory.
 */
uint32_t pen_batch_add(struct pen_batch *batch, size_t len, uint32_t level);

/* The level of a waiting node. */
uint32_t pen_batch_level(const struct pen_batch *batch, uint32_t node);

/* The hash of `node` belongs at this offset of the arena. At most once a node. */
void pen_batch_bind(struct pen_batch *batch, uint32_t node, size_t offset);

/*
 * Hash everything that waits and call `fn` (may be NULL) for each node. Afterwards pen_batch_hash
 * answers for every number until pen_batch_reset. 0, -ENOMEM, or what fn returned.
 */
int pen_batch_run(struct pen_batch *batch, pen_batch_fn fn, void *context);

/* The hash and the encoding of a node, after pen_batch_run. Borrowed until the reset. */
const struct pen_hash *pen_batch_hash(const struct pen_batch *batch, uint32_t node);
struct pen_bytes pen_batch_bytes(const struct pen_batch *batch, uint32_t node);

/* Forget all nodes, keep the memory. */
void pen_batch_reset(struct pen_batch *batch);

#endif
