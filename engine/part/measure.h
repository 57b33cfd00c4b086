/*
 * measure: what the trie of a sorted stream of keys costs, without its nodes and hashes.
 *
 * memory_usage is a sum over the nodes of a trie (part/node.h), and where nodes are follows from
 * how many nibbles neighbouring keys share. So keys go in as numbers, in ascending or in descending
 * order, and with each the cost of those nodes comes out that the key before it was the last to
 * touch: going up, of the nodes whose last key it is; going down, of those whose first key it is.
 * Memory: an open branch a nibble of a key at most. One thread at a time.
 *
 * Source: nearcore core/store/src/trie/mod.rs (memory_usage, TRIE_COSTS).
 */
#ifndef PEN_PART_MEASURE_H
#define PEN_PART_MEASURE_H

#include <stdbool.h>

#include "base/buf.h"

/* Zeroed is empty. */
struct pen_measure {
	struct pen_buf branches; /* open ones, shallowest first */
	uint32_t open; /* how many */
	uint32_t nibbles; /* of the last key */
	uint32_t value_len; /* its value's bytes */
	bool any; /* there is a last key */
	bool inside; /* its value sits in the deepest open branch */
};

/* Free its memory. NULL and a zeroed one are fine. */
void pen_measure_fini(struct pen_measure *measure);

/* Forget all keys, keep the memory. */
void pen_measure_reset(struct pen_measure *measure);

/*
 * Add the next key, of `nibbles` nibbles (even, at most PEN_KEY_NIBBLES_MAX), `common` of which it
 * shares with the key added before it (0 for the first). *cost is what the key before was the last
 * to touch. 0 or -ENOMEM. Keys in no order measure nothing that exists, and harm nothing.
 */
int pen_measure_push(struct pen_measure *measure, uint32_t nibbles, uint32_t common,
	uint32_t value_len, uint64_t *cost);

/* No more keys: the cost of what is left, which the last key touched. */
uint64_t pen_measure_finish(struct pen_measure *measure);

#endif
