/*
 * frontier: the edge of a part, walked in order of path. Path nodes (part/lean.h) are read; what
 * hangs from them inside of the part, subtrees that hold keys of the part only and values of path
 * nodes, is given out one after the other: together these are the part. What lies outside is
 * passed over. Iterative; the memory is one record for each branch on the path. One thread.
 */
#ifndef PEN_PART_FRONTIER_H
#define PEN_PART_FRONTIER_H

#include "part/trie.h"

/* A piece of the part; its path is in the frontier. */
struct pen_frontier_piece {
	bool value; /* the value whose key is the path; else the subtree at the path */
	struct pen_hash hash; /* of the value, or of the subtree's root node */
	uint32_t value_len; /* bytes; of a value */
};

/* Called for each path node that is read, with its bytes; `belongs` if it is a node of the part
 * (its path is not smaller than the beginning, and smaller than the end). */
typedef void (*pen_frontier_fn)(void *context, const struct pen_fetched *fetched, bool belongs);

/* Filled by pen_frontier_init. */
struct pen_frontier {
	const struct pen_reader *reader;
	const struct pen_bound *begin, *end;
	pen_frontier_fn fn; /* may be NULL */
	void *context;
	struct pen_hash root;
	bool started;
	struct pen_buf frames; /* open branches, root first */
	struct pen_path path; /* of the piece given last */
};

/*
 * Begin at the root; everything is borrowed until the end. `begin` is not none (pen_frontier_begin
 * sees to it) and not larger than `end`.
 */
void pen_frontier_init(struct pen_frontier *frontier, const struct pen_reader *reader,
	const struct pen_hash *root, const struct pen_bound *begin, const struct pen_bound *end);

/* Free its memory. NULL and a zeroed one are fine. */
void pen_frontier_fini(struct pen_frontier *frontier);

/* Where the part really begins: a bound that is none becomes the nibbles 1, 0. */
void pen_frontier_begin(struct pen_bound *begin);

/*
 * The next piece. 1; 0: there is none; PEN_EMISSING (a path node is not there), PEN_EINCONSISTENT
 * (it does not decode), -ENOMEM, what fetch returned; with a sentence.
 */
int pen_frontier_next(
	struct pen_frontier *frontier, struct pen_frontier_piece *piece, struct pen_why *why);

#endif
