/*
 * found: what already lies in the directory that parts are to be written to, and whether it is
 * what would be written. Parts of the same state cut into another N may lie beside ours; parts of
 * another state may not, because chain, epoch and shard name one state.
 */
#ifndef PEN_MAKE_FOUND_H
#define PEN_MAKE_FOUND_H

#include "part/judge.h"
#include "store/layout.h"
#include "store/store.h"

/* Other Ns and forms of one directory of which a part is looked at; one with more is refused. */
#define PEN_FOUND_OTHERS_MAX 64u

/* What has the names of one part. */
struct pen_found_part {
	uint64_t nearcore_bytes; /* of its file in nearcore form */
	unsigned forms; /* bit i: a file in form i is there */
};

/* A part of another N, or in a form that is not asked for. */
struct pen_found_other {
	struct pen_part_id id;
	enum pen_form form;
};

/* The first five are set by the caller, the rest is zeroed. One thread at a time. */
struct pen_found {
	struct pen_disk *disk; /* of the store; borrowed */
	const struct pen_labels *labels; /* which directory of it; borrowed */
	struct pen_hash root; /* of the state that the parts are of */
	uint64_t parts; /* N */
	unsigned forms; /* bit i: parts in form i are to be made */
	struct pen_buf there; /* struct pen_found_part of each part */
	struct pen_found_other others[PEN_FOUND_OTHERS_MAX]; /* one of each N and form */
	unsigned others_count;
	uint64_t content_bytes; /* of the part proved last: its PartialState, or raw frames */
	uint64_t stored_bytes; /* of its file */
	struct pen_buf file; /* memory for looking at parts */
	struct pen_judge judge;
};

/*
 * List the directory and look at one part of each other N or form in it. 0; PEN_EREFUSED naming
 * the file that is of another state; -errno; -ENOMEM. Then pen_found_prove for each part of ours.
 */
int pen_found_look(struct pen_found *found, struct pen_why *why);

/*
 * Prove what lies under the name of part k < parts in this form. 1: it is that part. 0: nothing is
 * there. PEN_EREFUSED, naming the file: it is something else. -errno; -ENOMEM.
 */
int pen_found_prove(struct pen_found *found, uint64_t k, enum pen_form form, struct pen_why *why);

/* Free its memory; what was found is forgotten. Zeroed is fine. */
void pen_found_fini(struct pen_found *found);

/* What is there of part k < parts, after pen_found_look. */
static inline struct pen_found_part *pen_found_part(const struct pen_found *found, uint64_t k)
{
	return (struct pen_found_part *)(void *)found->there.at + k;
}

#endif
