/*
 * fake_disk: files in memory behind the disk port, to be read only. Reads wait until the test lets
 * them finish, in the order that it likes; so what happens meanwhile can be looked at.
 */
#ifndef PEN_FAKES_DISK_H
#define PEN_FAKES_DISK_H

#include "port/disk.h"

#define FAKE_DISK_FILES 64u
#define FAKE_DISK_DEPTH 64u

struct fake_disk_file {
	const char *name; /* borrowed, NULL: none */
	const uint8_t *at; /* borrowed */
	uint64_t bytes; /* what open says */
	uint64_t readable; /* what is really there, at most `bytes` */
	int64_t mtime_ns;
	unsigned opens; /* open now */
	bool direct; /* as it was last opened: reads are aligned */
};

struct fake_disk {
	struct pen_disk disk; /* first */
	struct fake_disk_file files[FAKE_DISK_FILES];
	struct pen_disk_op ops[FAKE_DISK_DEPTH]; /* in flight, oldest first */
	unsigned op_count;
	unsigned allowed; /* reads that reap may finish; UINT_MAX: all */
	bool newest_first; /* order of finishing */
	int err; /* if not 0, what reads come back with */
	unsigned opened, reads; /* in all */
};

/* No files, a depth of `depth`, offsets aligned to `align`; all reads finish at once. */
void fake_disk_init(struct fake_disk *disk, unsigned depth, unsigned align);

/* A file with these bytes (borrowed) and a time. */
struct fake_disk_file *fake_disk_add(
	struct fake_disk *disk, const char *name, struct pen_bytes bytes, int64_t mtime_ns);

#endif
