/*
 * convert: lean files for parts that lie somewhere in nearcore's form: nearcore's own dump, or a
 * store of another Penstock. Each part is proved first, then its pairs are packed; no state is
 * needed. A lean file that is there already is proved and kept, anything else under its name is
 * refused and left as it is; one that would not be worth it (make/worth.h) is not written. A part
 * that is no part is left out and named, and does not stop the others.
 *
 * Many at a time, by a crew (make/crew.h); a file appears when it is whole and durable.
 * Memory: one part in both forms for each worker.
 */
#ifndef PEN_MAKE_CONVERT_H
#define PEN_MAKE_CONVERT_H

#include "make/crew.h"
#include "store/layout.h"
#include "store/store.h"

/* How far it is. */
struct pen_convert_sum {
	uint64_t parts; /* files in nearcore's form that were chosen */
	uint64_t made, kept; /* lean files written by this run, and there before */
	uint64_t larger; /* parts whose lean file would not be worth it */
	uint64_t bad; /* files that are no part of a state */
	uint64_t nearcore_bytes; /* files that were read, as stored */
	uint64_t raw_bytes, stored_bytes; /* of lean files made: of their frames, and the files */
};

/* What one worker reads and writes through: disks of its own. */
struct pen_convert_hand {
	struct pen_disk *from, *to;
};

/* What a run works with; all borrowed. */
struct pen_convert {
	const struct pen_convert_hand *hands; /* as many as jobs */
	unsigned jobs; /* workers, 1..PEN_CREW_JOBS_MAX */
	struct pen_store *store; /* where lean files go; opened to write */
	const struct pen_labels *labels; /* NULL: into directories named as those they are in */
	int level; /* zstd, PEN_LEAN_LEVEL_MIN..MAX */
	uint32_t n; /* parts of this N only; 0: of any */
	const uint8_t *only; /* bit k & 7 of byte k >> 3: part k is wanted; NULL: all; needs n */
	/* Asked before each part, by one thread at a time: 0, or a code that ends the run. */
	int (*watch)(void *context, const struct pen_convert_sum *sum);
	/* This file is no part, and why; by one thread at a time. */
	void (*bad)(void *context, const char *path, int err, const struct pen_why *why);
	void *context; /* of both */
};

/*
 * Run. *sum says what was done, also after an error. 0, also if files were bad (sum->bad);
 * PEN_ENOTFOUND: no part is there; PEN_EREFUSED: something else lies under the name of a lean part,
 * or parts of several directories cannot all have the labels; what the watch returned; -errno of
 * the disks; -ENOMEM. The sentence names the file.
 */
int pen_convert_run(
	const struct pen_convert *convert, struct pen_convert_sum *sum, struct pen_why *why);

#endif
