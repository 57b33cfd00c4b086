/*
 * runs: sorted entries in files of their own, written once, merged once or twice, removed. A run
 * is nothing but entries, u32 length and bytes, in bytewise order of the bytes. One thread at a
 * time; the disk is that of the spill.
 */
#ifndef PEN_MAKE_RUNS_H
#define PEN_MAKE_RUNS_H

#include "make/gather.h"

/* Bytes of a run in memory while it is written or merged, unless one entry is larger: all runs of a
 * part are 8 MiB. */
#define PEN_RUN_BYTES ((size_t)128 << 10)

/* Zeroed is closed. */
struct pen_run_writer {
	struct pen_disk *disk;
	int file;
	uint64_t offset;
	struct pen_buf buf;
	bool open;
};

/* Create run number `run`. 0 or -errno. */
int pen_run_create(
	struct pen_run_writer *writer, const struct pen_gather_spill *spill, unsigned run);

/* Append an entry with its length in front. 0 or -errno. */
int pen_run_put(struct pen_run_writer *writer, struct pen_bytes entry);

/* Write what is left and close. 0 or -errno. A closed writer is fine. */
int pen_run_close(struct pen_run_writer *writer);

/* Remove run number `run`; nothing happens if it is not there. */
void pen_run_remove(const struct pen_gather_spill *spill, unsigned run);

/* Give the entries of all runs in order, each once. 0, -errno, -ENOMEM, or what fn returned. */
int pen_runs_merge(
	const struct pen_gather_spill *spill, unsigned runs, pen_gather_fn fn, void *context);

#endif
