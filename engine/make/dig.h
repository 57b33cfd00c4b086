/*
 * dig: any node of a state that was surveyed, by its hash. The survey has the nodes above its
 * limbs; what lies below a limb is built again from the file, and kept for who asks next.
 *
 * A node below a limb cannot be found by its hash alone: it must hang from one that was fetched
 * since begin, as it does for whoever walks down from the root. One thread; it borrows a strip and
 * a build, which both may be used for other things between two calls.
 */
#ifndef PEN_MAKE_DIG_H
#define PEN_MAKE_DIG_H

#include "make/strip.h"
#include "part/trie.h"

/* Bytes of nodes below limbs that are kept from part to part: neighbouring bounds lie close
 * together, and with many small parts nearly all of a bound is known from the one before. */
#define PEN_DIG_NODES_BYTES ((size_t)16 << 20)

/* The first two are the caller's; the rest zeroed. */
struct pen_dig {
	struct pen_strip *strip; /* of the survey */
	struct pen_build *build; /* for the subtree of a limb */
	struct pen_entries nodes; /* below limbs that were expanded */
	struct pen_chunks memory; /* of these nodes */
	struct pen_buf belows; /* struct pen_below: limbs fetched, not expanded yet */
	struct pen_why *why; /* since begin */
};

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_dig_fini(struct pen_dig *dig);

/* Nodes below limbs beyond PEN_DIG_NODES_BYTES are forgotten, all of them. */
void pen_dig_trim(struct pen_dig *dig);

/* Begin at the root. `why` is kept for the fetches to come. */
void pen_dig_begin(struct pen_dig *dig, struct pen_why *why);

/* A node that is there without digging: its bytes, borrowed until trim. False if it is not. */
bool pen_dig_find(const struct pen_dig *dig, const struct pen_hash *hash, struct pen_bytes *out);

/* For a pen_reader, whose context is the dig: a node, borrowed until trim. 0; PEN_EMISSING; else as
 * pen_strip_load and pen_strip_push. out->index is 0. */
int pen_dig_fetch(void *dig, const struct pen_hash *hash, struct pen_fetched *out);

#endif
