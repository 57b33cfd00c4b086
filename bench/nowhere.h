/*
 * nowhere: a disk port (port/disk.h) that takes what is written and keeps nothing of it, so that a
 * store can be written to without a file system. What was renamed last can be asked for; no other
 * name is there. One thread at a time.
 */
#ifndef PEN_BENCH_NOWHERE_H
#define PEN_BENCH_NOWHERE_H

#include "port/disk.h"
#include "store/layout.h"

#define BENCH_NOWHERE_DEPTH 4u

/* Filled by bench_nowhere_init. */
struct bench_nowhere {
	struct pen_disk disk;
	struct pen_disk_done done[BENCH_NOWHERE_DEPTH]; /* written and not reaped yet */
	unsigned done_count;
	char last[PEN_NAME_BYTES]; /* the name that was renamed to last */
	uint64_t bytes; /* of the file written last */
	bool sums; /* sum up what is written */
	uint64_t sum; /* of everything written, in any order */
};

void bench_nowhere_init(struct bench_nowhere *nowhere);

#endif
