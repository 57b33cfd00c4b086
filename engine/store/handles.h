/*
 * handles: files that are open for reading, by disk and name: parts, and side files, which may lie
 * on a disk of their own (store/store.h). The same file is open once, however
 * many want it; a file that nobody wants stays open until its place is needed, so that a part that
 * is asked for block by block is looked up once.
 *
 * Opening a file is the one call of a net core that may block (port/disk.h): for a lookup in a
 * directory that is almost always in memory.
 * Fixed table, taken at open; one thread, the one that owns the disks.
 */
#ifndef PEN_STORE_HANDLES_H
#define PEN_STORE_HANDLES_H

#include <stdbool.h>

#include "base/err.h"
#include "port/disk.h"
#include "store/catalog.h"

/* Files of one table at most: the parts that a core serves at a time, and a fraction of the 1,024
 * descriptors that a process may have by default. */
#define PEN_HANDLES_MAX 256u

/* A file that should be there, as it was when it was proved. */
struct pen_handle_ask {
	struct pen_disk *disk; /* borrowed until the table is closed */
	const char *name; /* on it; borrowed for the call */
	uint64_t bytes; /* 0: any length. So too for a file whose name says what is in it */
	int64_t mtime_ns; /* 0: any time */
	bool buffered; /* it will be read at any offset, so not directly */
};

/* An open file. Fields are to be read, not written. */
struct pen_handle {
	uint64_t id; /* never used twice; 0: the place is free */
	struct pen_disk *disk; /* on which it lies */
	int file; /* of the disk */
	uint32_t refs; /* users; at 0 it may be closed */
	uint64_t bytes; /* its length */
	int64_t mtime_ns;
	bool buffered; /* as it was asked for */
	uint64_t used; /* the table's turn when it was last put */
	char name[PEN_CATALOG_PATH_BYTES];
};

/* Zeroed is closed. */
struct pen_handles {
	struct pen_handle *handles;
	uint32_t count; /* places */
	uint64_t turn; /* rises with each put */
	uint64_t next_id;
	uint64_t opened, stale; /* files opened, ever; refused because they had changed */
};

/* Make a table of `count` (1..PEN_HANDLES_MAX) places. 0 or -ENOMEM. */
int pen_handles_open(struct pen_handles *handles, uint32_t count);

/* Close all files; nobody uses one any more. NULL and zeroed are fine. */
void pen_handles_close(struct pen_handles *handles);

/*
 * Open a file, or find it open, and take a reference, which pen_handles_put gives back. Its place
 * (0 and up), or a negative code: -EBUSY when all places are in use, -ESTALE when the file is no
 * longer the one that was asked for, -ENOENT or another -errno of the disk.
 */
int pen_handles_get(struct pen_handles *handles, const struct pen_handle_ask *ask);

/* As get, but only if it is open already. A place, or -ENOENT. */
int pen_handles_find(struct pen_handles *handles, const struct pen_handle_ask *ask);

/* Is every place that of a file in use, so that no other can be opened? */
bool pen_handles_full(const struct pen_handles *handles);

/* One user more of an open file. */
void pen_handles_keep(struct pen_handles *handles, uint32_t place);

/* One user less. */
void pen_handles_put(struct pen_handles *handles, uint32_t place);

/* The file at a place that the caller has a reference to. */
const struct pen_handle *pen_handles_at(const struct pen_handles *handles, uint32_t place);

#endif
