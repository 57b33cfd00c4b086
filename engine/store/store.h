/*
 * store: a directory of parts in nearcore's layout, and what we keep beside them.
 *
 *   .penstock/version   "1": a store written by a newer Penstock is refused
 *   .penstock/lock      held by the one writer (base/lock.h)
 *   .penstock/index     what parts are here (store/index.h)
 *   .penstock/pages/    digests of raw objects' blocks, nodes/ root nodes (store/aside.h)
 *   .penstock/tmp/      files being written (store/writer.h)
 *   .penstock/partial/  raw objects of which a fetch has a part (store/partial.h)
 *   .penstock/identity  who we are to peers, made by whoever talks to them (tools/penstock)
 *
 * All but the last can be rebuilt: a store without it, such as nearcore's own dump, is a store as
 * it stands. Where the directory itself must not be written to, version, lock, index and tmp/ lie
 * in a directory of their own, or nowhere. Order: open, any number of calls here and in catalog,
 * index and scan, close. One thread at a time, the one that owns the disks.
 */
#ifndef PEN_STORE_STORE_H
#define PEN_STORE_STORE_H

#include "base/lock.h"
#include "store/writer.h"

/* The only version so far. */
#define PEN_STORE_VERSION 1
#define PEN_STORE_SIDE ".penstock"
/* Longest name of a side file, with the end: ".penstock/version". */
#define PEN_SIDE_NAME_BYTES 32

struct pen_store_config {
	struct pen_disk *disk; /* the store itself; borrowed until close */
	struct pen_disk *index; /* where the side files lie instead, or NULL; borrowed */
	bool write; /* parts will be written: be the one writer from open to close */
};

/* Zeroed is closed. */
struct pen_store {
	struct pen_disk *disk;
	struct pen_disk *side; /* disk of the side files: `index` if there is one, else `disk` */
	const char *prefix; /* of side files on it: ".penstock/" or "" */
	struct pen_writer parts; /* writes into the store */
	struct pen_writer sides; /* writes side files */
	bool write; /* opened to write: the lock is held until close */
	struct pen_lock lock;
};

/*
 * Open a store. With `write`, become its writer: take the lock, write the version, remove what an
 * interrupted writer left in tmp/. 0; PEN_ELOCKED naming the process that writes; PEN_EREFUSED for
 * a newer version; PEN_EUSAGE for `write` with an index directory; -errno. The sentence says which.
 */
int pen_store_open(
	struct pen_store *store, const struct pen_store_config *config, struct pen_why *why);

/* Let go of everything; NULL and a closed store are fine. The disks stay open. */
void pen_store_close(struct pen_store *store);

/*
 * Become the writer of the side files for a while, to replace the index: 0, or PEN_ELOCKED, or
 * -errno (-EROFS when they cannot be written at all). Nothing to do for a store opened to write.
 */
int pen_store_lock(struct pen_store *store, struct pen_why *why);

/* Stop being it, unless the store was opened to write. */
void pen_store_unlock(struct pen_store *store);

/* Whether there is a file of this name on store->side. */
bool pen_store_has_side(const struct pen_store *store, const char *name);

/* The name of side file `base` on store->side; returns `name`. */
const char *pen_store_side(
	const struct pen_store *store, const char *base, char name[PEN_SIDE_NAME_BYTES]);

#endif
