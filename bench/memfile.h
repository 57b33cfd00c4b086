/*
 * memfile: a disk port (port/disk.h) on which there is one file, a state in kv format that lies in
 * memory; so what reads a state's file is measured without a file system. Read only; each user has
 * one of its own over the same bytes, one thread at a time.
 */
#ifndef PEN_BENCH_MEMFILE_H
#define PEN_BENCH_MEMFILE_H

#include "bench/pairs.h"
#include "make/pairs.h"
#include "make/survey.h"
#include "port/disk.h"

#define BENCH_MEMFILE_DEPTH 64u

/* Filled by bench_memfile_init. */
struct bench_memfile {
	struct pen_disk disk;
	struct pen_bytes bytes; /* borrowed */
	struct pen_disk_done done[BENCH_MEMFILE_DEPTH]; /* read and not reaped yet */
	unsigned done_count;
	uint64_t read; /* bytes given out so far */
};

/* Append the pairs' records to `out`. 0 or -ENOMEM. */
int bench_memfile_write(const struct bench_pairs *pairs, struct pen_buf *out);

void bench_memfile_init(struct bench_memfile *file, struct pen_bytes bytes);

/* Where a state is read from: this file. */
struct pen_pairs_from bench_memfile_from(struct bench_memfile *file);

/*
 * Survey the file with this thread alone, the way that the workers of make do it. `survey` is
 * zeroed before; fini it also after an error. 0 or an error of make/survey.h.
 */
int bench_memfile_survey(
	struct bench_memfile *file, struct pen_survey *survey, struct pen_why *why);

#endif
