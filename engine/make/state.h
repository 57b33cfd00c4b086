/*
 * state: a whole state out of a stream of pairs: either only what it amounts to (root,
 * memory_usage, number of keys), with memory by the depth of the trie; or all its nodes and values
 * in memory, each distinct one once, by hash, so that any part of any N can be cut out of it
 * (part/collect.h). The second is the reference: simple, and as large as the state.
 */
#ifndef PEN_MAKE_STATE_H
#define PEN_MAKE_STATE_H

#include "base/chunks.h"
#include "make/pairs.h"
#include "part/build.h"
#include "part/entries.h"

/* Pairs between two ticks: milliseconds of work. */
#define PEN_STATE_TICK_PAIRS 4096u

/*
 * Asked every PEN_STATE_TICK_PAIRS pairs while a stream is read: `bytes` of the file's `of` are
 * used. 0 to go on; a negative code ends it and is returned. For progress and interruption.
 */
struct pen_tick {
	int (*fn)(void *context, uint64_t keys, uint64_t bytes, uint64_t of);
	void *context;
};

/* A whole state in memory. Zeroed is the empty state. One thread at a time. */
struct pen_state {
	struct pen_trie_sum sum;
	struct pen_entries entries; /* every node and value; bytes lie in chunks */
	struct pen_chunks chunks;
};

/* Free the state and all bytes that its entries borrow. NULL and a zeroed one are fine. */
void pen_state_fini(struct pen_state *state);

/*
 * Read the stream to its end and hold the whole state in `state` (zeroed). `tick` may be NULL. 0;
 * PEN_EINPUT, -errno as pen_pairs_next; -ENOMEM; or what the tick returned. After an error only
 * fini may follow.
 */
int pen_state_load(struct pen_state *state, struct pen_pairs *pairs, const struct pen_tick *tick,
	struct pen_why *why);

/* Read the stream to its end and say what it amounts to. Errors as pen_state_load. */
int pen_state_sum(struct pen_pairs *pairs, const struct pen_tick *tick, struct pen_trie_sum *out,
	struct pen_why *why);

#endif
