/*
 * gather: the entries of one part, collected in any order and given back sorted, each once.
 *
 * They lie in a piece of memory with a limit. A part that needs more is spilled: what is there is
 * sorted and written to a file as a run, and the runs are merged in the end; that is said once. A
 * long value that occurs again is not even taken (shared contracts would fill the memory).
 * One thread at a time.
 */
#ifndef PEN_MAKE_GATHER_H
#define PEN_MAKE_GATHER_H

#include "base/err.h"
#include "base/sha.h"
#include "make/sort.h"
#include "part/entries.h"
#include "port/disk.h"

/* Memory for the entries of one part and their order, bytes: 4 times a default part. */
#define PEN_GATHER_BYTES ((size_t)96 << 20)
/* Runs of a part at most: 512 MiB of entries and their repetitions. */
#define PEN_GATHER_RUNS_MAX 64u
/* Values from this length on are looked up by hash before they are taken. */
#define PEN_GATHER_LONG_BYTES 512u

/* Where runs go. */
struct pen_gather_spill {
	struct pen_disk *disk; /* borrowed */
	const char *prefix; /* of the names of runs; a number follows */
};

/* Zeroed but for limit and spill; kept from part to part. */
struct pen_gather {
	size_t limit; /* bytes of memory, PEN_GATHER_BYTES if 0 */
	struct pen_gather_spill spill;
	struct pen_buf memory; /* u32 length and bytes of each entry */
	struct pen_buf keys, spare; /* struct pen_key of each */
	struct pen_entries longs; /* long values taken so far */
	unsigned runs; /* written for this part */
	uint32_t count; /* distinct entries; after finish */
	size_t bytes; /* of them with their lengths; after finish */
	uint64_t taken; /* bytes copied in */
};

/* Takes the entries in order, each with its u32 length in front. 0, or an error that ends it. */
typedef int (*pen_gather_fn)(void *context, struct pen_bytes entry);

/* Free its memory and remove its runs. NULL and a zeroed one are fine. */
void pen_gather_fini(struct pen_gather *gather);

/* Begin a part: forget what was there, remove its runs. */
void pen_gather_reset(struct pen_gather *gather);

/* Take a copy of an entry. 0, -ENOMEM, or the disk's -errno. */
int pen_gather_add(struct pen_gather *gather, struct pen_bytes entry, struct pen_why *why);

/* The same for a value whose SHA-256 is known. */
int pen_gather_add_value(struct pen_gather *gather, struct pen_bytes value,
	const struct pen_hash *hash, struct pen_why *why);

/* All entries are in: count and bytes are right from here on. Errors as add. */
int pen_gather_finish(struct pen_gather *gather, struct pen_why *why);

/* Give the distinct entries in order, any number of times, after finish. */
int pen_gather_each(
	struct pen_gather *gather, pen_gather_fn fn, void *context, struct pen_why *why);

#endif
