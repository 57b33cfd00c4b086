/*
 * object: raw objects in a store (part/raw.h): read and proved, brought in, and the pages of their
 * digests (part/raw_page.h) written beside them, for servers of single blocks:
 *
 *   raw/ROOT              the object, as it is
 *   .penstock/pages/ROOT  its pages, page p from 1 MiB * p on; can be made again at any time
 *
 * Read in blocks of 1 MiB: memory is a block, and 32 bytes for each MiB of the object. Waits for
 * the disk; for the thread that owns it.
 */
#ifndef PEN_STORE_OBJECT_H
#define PEN_STORE_OBJECT_H

#include "part/raw_page.h"
#include "store/layout.h"
#include "store/store.h"

/* Called now and then with the bytes that were read; not 0 ends it with that code. May be NULL. */
typedef int (*pen_object_watch)(void *context, uint64_t bytes);

/* Memory for reading objects, kept from one to the next, and what the last one was. Zeroed is
 * empty. */
struct pen_object {
	pen_object_watch watch;
	void *context; /* the watch's own */
	struct pen_buf block; /* the one being read */
	struct pen_buf leaves; /* struct pen_hash of each block */
	struct pen_buf page;
	struct pen_hash root;
	uint64_t bytes;
	int64_t mtime_ns;
	uint32_t blocks;
};

/* Give the memory back; zeroed and NULL are fine. It is not to be used again. */
void pen_object_fini(struct pen_object *object);

/*
 * Read a file and compute its root; root, bytes, blocks, leaves and mtime_ns say what it is. 0;
 * PEN_EINPUT for a directory, more than PEN_RAW_BYTES_MAX bytes, or one that changes meanwhile;
 * -ENOMEM; -errno; what the watch said. With a sentence.
 */
int pen_object_read(
	struct pen_object *object, struct pen_disk *disk, const char *name, struct pen_why *why);

/*
 * Read a file of another disk and make it an object of the store, which is open for writing, kept
 * as pen_object_keep does. As pen_object_read, or as pen_writer_put.
 */
int pen_object_bring(struct pen_object *object, struct pen_disk *disk, const char *name,
	struct pen_store *store, struct pen_why *why);

/* Write the pages of the object read last; the store's lock is held. 0, -ENOMEM, or -errno with a
 * sentence. An object of no blocks has none. */
int pen_object_page(struct pen_object *object, struct pen_store *store, struct pen_why *why);

/*
 * Leave what was found out about an object where whoever serves the store looks for it: its pages,
 * and a line of the index (store/index.h), so that it is offered at once and not read again. It
 * lies in the store under its root; `object` has its root, bytes, blocks and leaves, and gets
 * mtime_ns. The store's lock is held. 0; PEN_EINPUT for a file of another length; -ENOMEM; -errno;
 * with a sentence. Whatever fails, the object is no worse: it is read by whoever serves it.
 */
int pen_object_keep(struct pen_object *object, struct pen_store *store, struct pen_why *why);

/* Whether the pages of an object are there. */
bool pen_object_paged(const struct pen_store *store, const struct pen_hash *root);

#endif
