/*
 * disk: files under one root directory, read and written asynchronously.
 *
 * A disk is bound to its root when the driver opens it. Names are relative to the root, with '/'
 * between components; absolute names, "..", empty components and links that lead out of the root
 * are refused with -EXDEV or -EACCES, so a name from outside can never leave it.
 *
 * Order of calls: open, any number of submit and reap, close. Every operation that submit took
 * comes back from reap exactly once, in any order, also after an error; a file is closed only when
 * nothing is in flight on it. Memory given to submit belongs to the disk until reap returned its
 * tag. A short read that is not at the end of the file, an interrupted call and a partial write
 * are the driver's to finish: `result` is short only at the end of a file.
 * open, rename, unlink and list may block and belong to the control thread; submit and reap never
 * block longer than they say. A disk is used by one thread at a time.
 */
#ifndef PEN_PORT_DISK_H
#define PEN_PORT_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

struct pen_disk;

enum pen_disk_open {
	PEN_DISK_RDONLY = 0,
	PEN_DISK_CREATE =
		1 << 0, /* create or truncate, for writing; missing directories are made */
	PEN_DISK_EXCL = 1 << 1, /* with CREATE: -EEXIST if it is there */
	PEN_DISK_DIRECT = 1 << 2, /* O_DIRECT where the file allows it, else silently without */
	PEN_DISK_UPDATE = 1 << 3, /* for writing, what is there stays; -ENOENT if nothing is */
};

/* What is known of a file. */
struct pen_disk_stat {
	uint64_t bytes;
	int64_t mtime_ns; /* since the epoch */
	bool directory;
};

enum pen_disk_kind { PEN_DISK_READ, PEN_DISK_WRITE, PEN_DISK_SYNC };

/* One operation. SYNC makes all writes to the file durable that were reaped before. */
struct pen_disk_op {
	enum pen_disk_kind kind;
	int file; /* from open */
	uint64_t offset; /* bytes */
	void *at; /* borrowed until reaped; PEN_DISK_WRITE does not write to it */
	uint32_t bytes;
	uint64_t tag; /* comes back in pen_disk_done */
};

struct pen_disk_done {
	uint64_t tag;
	int64_t result; /* bytes moved, 0 for SYNC, or -errno */
};

/* A name found by list: relative to the directory listed, borrowed for the call. */
typedef int (*pen_disk_list_fn)(void *context, const char *name, const struct pen_disk_stat *stat);

struct pen_disk_ops {
	/* Open `name` with flags of enum pen_disk_open; fills *stat if not NULL. A file or -errno.
	 */
	int (*open)(struct pen_disk *disk, const char *name, unsigned flags,
		struct pen_disk_stat *stat);
	/* Close a file with nothing in flight; negative files are ignored. */
	void (*close)(struct pen_disk *disk, int file);
	/* Take the first k <= count operations and return k; the rest stays with the caller. */
	unsigned (*submit)(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count);
	/* Return up to max finished operations; waits at most wait_ns for the first (0: not at
	 * all). */
	unsigned (*reap)(
		struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns);
	/* Give `from` the name `to`, replacing it and making its missing directories; durable
	 * (directories synced) on return. 0, -errno. */
	int (*rename)(struct pen_disk *disk, const char *from, const char *to);
	/* Remove a file, or an empty directory. 0 or -errno. */
	int (*unlink)(struct pen_disk *disk, const char *name);
	/*
	 * Call fn for each name in directory `name` ("" is the root), without "." and "..", in no
	 * order. Returns what a non-zero fn returned (which ends the list), 0, or -errno.
	 */
	int (*list)(struct pen_disk *disk, const char *name, pen_disk_list_fn fn, void *context);
	/*
	 * A descriptor that becomes readable when something in directory `name` changes (to be
	 * closed by the caller), or -ENOSYS: look again by time.
	 */
	int (*watch)(struct pen_disk *disk, const char *name);
};

/* A driver's disk begins with this. Closed by the driver that opened it (drivers/table.h). */
struct pen_disk {
	const struct pen_disk_ops *ops;
	const char *root; /* for messages; lives as long as the disk */
	unsigned depth_max; /* operations in flight at most */
	unsigned align; /* bytes; memory and offsets of DIRECT files are multiples of it */
	bool read_only; /* nothing can be written */
};

#endif
