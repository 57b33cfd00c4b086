/*
 * partial: a raw object that is being fetched, kept from one fetch to the next:
 *
 *   .penstock/partial/ROOT   its blocks, each at its place; what has not come is a hole, or missing
 *                            at the end
 *
 * Nothing else is kept, and nothing that lies here is believed: who takes it up again proves each
 * block by its digest before it counts, and digests by the root (part/raw_page.h), which cost 32
 * bytes a MiB to fetch again. So it does not matter what a power cut, or anybody, did to the file.
 *
 * One file a root, in a store that is open for writing, which one process at a time can have. It
 * leaves when the object is whole. Of others, that were begun and not taken up again, the newest
 * PEN_PARTIAL_OTHERS_MAX stay (pen_partial_sweep).
 *
 * For the thread that owns the disk; workers may write to the file meanwhile, each by a disk of its
 * own.
 */
#ifndef PEN_STORE_PARTIAL_H
#define PEN_STORE_PARTIAL_H

#include "store/layout.h"
#include "store/store.h"

#define PEN_PARTIAL_DIR "partial"
/* Of other roots: enough for who fetches a few large objects in turn, and no more than that, as
 * each may be as large as what it becomes. */
#define PEN_PARTIAL_OTHERS_MAX 3u

/* The name of the file; returns `name`. */
const char *pen_partial_name(const struct pen_hash *root, char name[PEN_ASIDE_NAME_BYTES]);

/* See that it is there: *bytes is how long it is, 0 if it is new. 0 or -errno with a sentence. */
int pen_partial_begin(
	struct pen_disk *disk, const struct pen_hash *root, uint64_t *bytes, struct pen_why *why);

/* All `bytes` are there, and proved: make it raw/ROOT, durably. 0; PEN_EINPUT if it is of another
 * length, so that somebody else wrote to it (it is removed then); -errno; with a sentence. */
int pen_partial_end(
	struct pen_disk *disk, const struct pen_hash *root, uint64_t bytes, struct pen_why *why);

/* Remove it, if it is there. */
void pen_partial_drop(struct pen_disk *disk, const struct pen_hash *root);

/* Remove those of other roots, but for the newest. 0 or -errno with a sentence. */
int pen_partial_sweep(struct pen_disk *disk, const struct pen_hash *root, struct pen_why *why);

#endif
