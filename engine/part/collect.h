/*
 * collect: cut a part out of a whole state, the reference way (nearcore
 * core/store/src/trie/state_parts.rs, get_trie_nodes_for_part): run the two bounds and the walk
 * over the state, note what was fetched, sort it.
 */
#ifndef PEN_PART_COLLECT_H
#define PEN_PART_COLLECT_H

#include "part/entries.h"
#include "part/trie.h"

/* The memory of one collector, kept from part to part. Zeroed is valid. One thread at a time. */
struct pen_collect {
	struct pen_buf list; /* struct pen_bytes fetched for this part, each once */
	struct pen_buf fetched; /* uint32_t: their indices in the state */
	struct pen_walk walk;
	struct pen_bound begin, end;
};

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_collect_fini(struct pen_collect *collect);

/*
 * Append the PartialState of part `id` to `out`. `state` holds every node and value of the state
 * by hash; its visited marks are used and left clear. 0; PEN_EREFUSED if the part is over the
 * limits of a part (the sentence says to ask for more parts); PEN_EINTERNAL for k >= n; else as
 * pen_trie_walk.
 */
int pen_collect_part(struct pen_collect *collect, struct pen_entries *state,
	const struct pen_part_id *id, struct pen_buf *out, struct pen_why *why);

#endif
