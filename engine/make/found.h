/*
 * found: what already lies in the directory that parts are to be written to, and whether it is
 * what would be written. Parts of the same state cut into another N may lie beside ours; parts of
 * another state may not, because chain, epoch and shard name one state.
 */
#ifndef PEN_MAKE_FOUND_H
#define PEN_MAKE_FOUND_H

#include "part/envelope.h"
#include "part/prove.h"
#include "store/layout.h"
#include "store/store.h"

/* Other Ns of one directory of which a part is looked at; a directory with more is refused. */
#define PEN_FOUND_OTHERS_MAX 64u

/* The first four are set by the caller, the rest is zeroed. One thread at a time. */
struct pen_found {
	struct pen_disk *disk; /* of the store; borrowed */
	const struct pen_labels *labels; /* which directory of it; borrowed */
	struct pen_hash root; /* of the state that the parts are of */
	uint64_t parts; /* N */
	struct pen_buf there; /* a byte a part: 1 if a file of its name is there */
	struct pen_part_id others[PEN_FOUND_OTHERS_MAX]; /* a part of each other N */
	unsigned others_count;
	uint64_t content_bytes; /* of the PartialState proved last */
	uint64_t stored_bytes; /* of its file */
	struct pen_buf file, plain; /* memory for looking at parts */
	struct pen_zstd zstd;
	struct pen_proof proof;
};

/*
 * List the directory and look at one part of each other N in it. 0; PEN_EREFUSED naming the file
 * that is of another state; -errno; -ENOMEM. Then pen_found_prove for each part of ours.
 */
int pen_found_look(struct pen_found *found, struct pen_why *why);

/*
 * Prove what lies under the name of part k < parts. 1: it is that part. 0: nothing is there.
 * PEN_EREFUSED, naming the file: it is something else. -errno; -ENOMEM.
 */
int pen_found_prove(struct pen_found *found, uint64_t k, struct pen_why *why);

/* Free its memory; what was found is forgotten. Zeroed is fine. */
void pen_found_fini(struct pen_found *found);

/* Is a file of part k < parts there? After pen_found_look. */
static inline bool pen_found_has(const struct pen_found *found, uint64_t k)
{
	return found->there.at[k];
}

#endif
