/*
 * bounds: where each part of a state begins, from its sorted keys alone: no node is built and
 * nothing is hashed, so it is many times faster than a survey (make/survey.h), which also gives the
 * root.
 *
 * boundary(k, n) (part/trie.h) adds up what nodes cost in the order of a walk, parents first, until
 * there is more than a threshold; so it is the first key at which all nodes whose first key is not
 * larger cost more. Going through the keys from the end, a key's nodes are known when the key
 * before it is seen (part/measure.h). The sum of all, from which the threshold follows, takes a
 * pass of its own. Memory: one stretch of the file, a mark for each, and the bounds.
 * One thread at a time.
 *
 * Source: nearcore core/store/src/trie/state_parts.rs (find_state_part_boundary).
 */
#ifndef PEN_MAKE_BOUNDS_H
#define PEN_MAKE_BOUNDS_H

#include "make/feed.h"
#include "part/measure.h"

/* Zeroed is valid; filled by pen_bounds_measure and pen_bounds_find. */
struct pen_bounds {
	uint64_t keys;
	uint64_t memory_usage; /* of the root */
	uint64_t n; /* parts that bounds were found of */
	size_t stretch_bytes; /* wanted length of a stretch; 0: as a survey's */
	struct pen_feed feed;
	struct pen_stretch stretch;
	struct pen_measure measure;
	struct pen_buf marks; /* where each stretch begins */
	struct pen_buf keys_found; /* the bounds' keys, the last first */
	struct pen_buf places; /* where each of them is */
};

/* Free its memory. NULL and a zeroed one are fine. */
void pen_bounds_fini(struct pen_bounds *bounds);

/*
 * Open the file and find its keys and memory_usage, in one pass. 0; errors of make/feed.h: the file
 * is read and checked as a survey does. Afterwards, and after an error, only find and fini.
 */
int pen_bounds_measure(
	struct pen_bounds *bounds, const struct pen_pairs_from *from, struct pen_why *why);

/*
 * Find the bounds between n parts, 0 < n <= memory_usage, after a measure that said 0. 0;
 * PEN_EINPUT if the file changed meanwhile; other errors as measure.
 */
int pen_bounds_find(struct pen_bounds *bounds, uint64_t n, struct pen_why *why);

/* The first key of part k, 0 <= k < n; of part 0 the empty one. Borrowed until fini. */
struct pen_bytes pen_bounds_key(const struct pen_bounds *bounds, uint64_t k);

#endif
