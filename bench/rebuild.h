/*
 * rebuild: a part made the way nearcore makes it (core/store/src/trie/state_parts.rs,
 * get_trie_nodes_for_part_with_flat_storage), all of it in memory and with our hash kernel: the
 * rival of make.
 *
 *   a  both bounds are searched in the state's nodes, and what is read is recorded
 *   b  the flat pairs between the bounds are scanned
 *   c  values of more than 4,000 bytes, which flat state names by hash, are looked up in the state
 *   d  every pair is inserted into a fresh trie, from its root down
 *   e  its nodes are hashed bottom up and laid together with what was recorded
 *   f  the part is visited in that set from the state's root, and what was visited is sorted
 */
#ifndef PEN_BENCH_REBUILD_H
#define PEN_BENCH_REBUILD_H

#include "bench/local.h"
#include "bench/pairs.h"
#include "part/collect.h"
#include "part/entries.h"

/* One rebuilder, with memory that is kept from part to part. Zeroed before open. */
struct bench_rebuild {
	const struct bench_pairs *flat; /* borrowed */
	struct pen_entries *state; /* every node and value by hash; borrowed */
	struct pen_buf refs; /* struct ref: the pairs whose value flat state names by hash */
	struct pen_entries recorded; /* read while searching the bounds */
	struct pen_entries united; /* what the part is visited in */
	struct pen_buf values; /* struct pen_bytes of the pairs in the part */
	struct pen_buf hashes; /* struct pen_hash of them */
	struct bench_local local; /* the fresh trie */
	struct pen_collect collect;
	struct pen_bound begin, end;
};

/* Prepare to rebuild parts of a state. 0 or -ENOMEM. */
int bench_rebuild_open(
	struct bench_rebuild *rebuild, const struct bench_pairs *flat, struct pen_entries *state);

void bench_rebuild_close(struct bench_rebuild *rebuild);

/* Append the PartialState of a part to `out`. 0, or a negative code with a sentence. */
int bench_rebuild_part(struct bench_rebuild *rebuild, const struct pen_part_id *id,
	struct pen_buf *out, struct pen_why *why);

#endif
