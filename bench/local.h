/*
 * local: an ordinary trie of pointers, filled by inserting keys one by one from the root down: what
 * nearcore makes of a part's pairs. Keys are borrowed; nodes lie in memory that is used again.
 */
#ifndef PEN_BENCH_LOCAL_H
#define PEN_BENCH_LOCAL_H

#include "part/batch.h"
#include "part/nibbles.h"

struct bench_local_node;

/* What a key stands for. */
struct bench_local_value {
	uint32_t len; /* bytes */
	struct pen_hash hash;
};

/* Zeroed is the empty trie. */
struct bench_local {
	struct bench_local_node *root;
	struct pen_buf memory; /* uint8_t *: slabs of nodes, kept */
	size_t slab, used; /* slabs in use; bytes of the last */
	struct pen_batch batch; /* encoded nodes that wait for their hashes */
};

void bench_local_fini(struct bench_local *local);

/* Forget all keys, keep the memory. */
void bench_local_reset(struct bench_local *local);

/* Insert a key that is not in the trie (borrowed until reset). 0 or -ENOMEM. */
int bench_local_insert(
	struct bench_local *local, struct pen_bytes key, const struct bench_local_value *value);

/* Encode and hash all nodes, and give each to fn; their bytes stay until reset. 0, -ENOMEM, or
 * what fn returned. */
int bench_local_nodes(struct bench_local *local, pen_batch_fn fn, void *context);

#endif
