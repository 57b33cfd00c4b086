/*
 * aside: the side files that a scan makes of what it proves, for servers of single pieces: the root
 * node of a state, and the pages of a raw object's digests (store/object.h).
 *
 *   .penstock/nodes/ROOT  a root node: its bytes, of which the SHA-256 is the root
 *
 * Whoever asks proves them against the root. They can be made again at any time, and a store
 * without them is as good for whole parts. For the thread that owns the store.
 */
#ifndef PEN_STORE_ASIDE_H
#define PEN_STORE_ASIDE_H

#include "store/store.h"
#include "store/vet.h"

/* Whether all is there that belongs to a file of the catalog. */
bool pen_aside_there(const struct pen_store *store, const struct pen_catalog_file *file);

/*
 * Write what belongs to the file that was vetted last, if the store's lock is to be had. 0;
 * PEN_ELOCKED, -EROFS or another -errno: it stays undone.
 */
int pen_aside_write(
	struct pen_store *store, struct pen_vet *vet, const struct pen_catalog_file *file);

#endif
