/*
 * cut: one part out of a state's file, in one pass over the pairs that lie in it.
 *
 * The two bounds are walked down on the survey and below its limbs (make/dig.h); every node read on
 * the way belongs to the part (part/trie.h). Then the pairs
 * between the bounds go by once: their trie is built alone, and what comes out are just the nodes
 * that lie wholly inside. The rest of the part, the nodes that reach beyond it, was read for the
 * bounds. Everything is gathered, sorted, each entry once.
 *
 * That the file is still what was surveyed is seen on the way (make/strip.h), and every limb of the
 * part must be a node that the survey knows.
 *
 * In lean form nothing is built: the nodes read for the bounds, and the pairs as they go by.
 */
#ifndef PEN_MAKE_CUT_H
#define PEN_MAKE_CUT_H

#include "make/dig.h"
#include "make/worth.h"
#include "part/press.h"

/* One worker's memory, kept from part to part. One thread at a time; not to be moved while open. */
struct pen_cut {
	const struct pen_survey *survey; /* finished; only read */
	struct pen_strip strip; /* of it */
	struct pen_dig dig; /* with this strip and build, for the bounds */
	struct pen_build build; /* of a limb to be expanded, then of the part */
	struct pen_bound begin, end;
	struct pen_gather gather; /* the part; after pen_cut_part */
	struct pen_make_time time; /* spent by this worker */
	struct pen_why *why; /* of the call under way */
};

/*
 * Open the file for a worker. `spill` (disk NULL: never) is where a part too large for `limit`
 * bytes (0: PEN_GATHER_BYTES) goes. 0, or an error as pen_feed_open.
 */
int pen_cut_open(struct pen_cut *cut, const struct pen_survey *survey,
	const struct pen_pairs_from *from, const struct pen_gather_spill *spill, size_t limit,
	struct pen_why *why);

/* A zeroed cut is fine. */
void pen_cut_close(struct pen_cut *cut);

/*
 * Gather part k of n: cut->gather then gives its entries. 0; PEN_EINPUT when the file is not what
 * was surveyed, or no longer a state; PEN_EREFUSED when the part is over its limits; -errno;
 * -ENOMEM.
 */
int pen_cut_part(struct pen_cut *cut, uint64_t k, uint64_t n, struct pen_why *why);

/* Where a part in lean form goes. All is borrowed. */
struct pen_cut_press {
	struct pen_press *press;
	struct pen_worth *worth; /* counts its values */
	int level; /* zstd */
};

/*
 * Press part `id` of the survey's state in lean form, in one pass over its pairs: only the bounds
 * are read from the trie, nothing is built. Then pen_press_close gives the part. 0; PEN_EREFUSED:
 * it has no lean form; else as pen_cut_part.
 */
int pen_cut_lean(struct pen_cut *cut, const struct pen_part_id *id,
	const struct pen_cut_press *with, struct pen_why *why);

/* Append the part just gathered to `out` as a PartialState. 0 or an error. */
int pen_cut_content(struct pen_cut *cut, struct pen_buf *out, struct pen_why *why);

#endif
