/*
 * root: which state a part belongs to, read out of the part itself. Every part holds the root node
 * (each of its bounds is found from there), and nothing names it: it would have to hold its own
 * hash. So the root is the one entry that no other entry names as a child or as a value. That is a
 * guess about a hostile part, and the proof decides.
 */
#ifndef PEN_STORE_ROOT_H
#define PEN_STORE_ROOT_H

#include "base/buf.h"
#include "base/err.h"
#include "part/entries.h"

/* The memory of one finder, kept from part to part. Zeroed is valid. One thread at a time. */
struct pen_root {
	struct pen_buf list; /* struct pen_bytes of the part's entries */
	struct pen_buf digests; /* struct pen_hash of each */
	struct pen_entries entries; /* visited: named by another */
};

/* Give the memory back; zeroed and NULL are fine. It is not to be used again. */
void pen_root_fini(struct pen_root *finder);

/*
 * Find the root of `content`, a PartialState (borrowed for the call). 0; PEN_EENVELOPE if it is
 * none; PEN_EVERIFY with a sentence for no entry, no candidate or several; -ENOMEM.
 */
int pen_root_find(struct pen_root *finder, struct pen_bytes content, struct pen_hash *root,
	struct pen_why *why);

#endif
