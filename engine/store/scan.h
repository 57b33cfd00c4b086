/*
 * scan: bring a catalog up to date with the files of its store. Files that are known and have
 * their length and time are kept as they are; those that are gone are dropped; new and changed
 * ones are proved, as long as the caller wants to go on, and are offered only then.
 *
 * What belongs beside it (store/aside.h) and is not there is written as well, if it may be.
 *
 * The result is a new catalog, so that readers may keep the old one until it is replaced. For the
 * thread that owns the store.
 */
#ifndef PEN_STORE_SCAN_H
#define PEN_STORE_SCAN_H

#include "store/catalog.h"
#include "store/store.h"
#include "store/vet.h"

struct pen_scan_hooks {
	/* Asked before each proof, which may take seconds: go on? NULL: prove nothing. */
	bool (*more)(void *context);
	/* A file that is not offered, and the sentence why; once per file. May be NULL. */
	void (*refused)(void *context, const char *path, int err, const struct pen_why *why);
	/* A raw object of which nothing is known, or no digests, is read from now on: that may take
	 * long, and ends in `refused` if it is not offered. May be NULL. */
	void (*reads)(void *context, const char *path, uint64_t bytes);
	void *context;
};

/* What a scan saw. */
struct pen_scan_sum {
	uint32_t files; /* part files that are there */
	uint32_t proved, refused; /* looked at now */
	uint32_t learned; /* new, and believed as `also` knows them */
	uint32_t left; /* not looked at yet */
	uint32_t unread; /* files and directories that could not be read just now */
	uint32_t gone; /* known before, not there any more or changed */
	uint32_t aside; /* states and raw objects whose side files were written */
};

/* A scan with its memory, kept from one run to the next. Zeroed with `store` and `hooks` set. */
struct pen_scan {
	struct pen_store *store; /* borrowed */
	struct pen_scan_hooks hooks;
	const struct pen_catalog
		*also; /* believed where `known` has not this very file, or NULL: an
			  index that somebody else has written; settled, borrowed */
	struct pen_scan_sum sum; /* of the last run */
	struct pen_buf dirs; /* from pen_tree_dirs */
	struct pen_buf files; /* struct pen_tree_file of one directory */
	struct pen_vet vet;
};

/* Give the memory back; zeroed and NULL are fine. It is not to be used again. */
void pen_scan_fini(struct pen_scan *scan);

/*
 * Scan the store. `known` is what was catalogued before (settled), `fresh` receives what is there
 * now, settled; they are two catalogs. 0, or a machine's error with a sentence, and `fresh` is to
 * be thrown away.
 */
int pen_scan_run(struct pen_scan *scan, const struct pen_catalog *known, struct pen_catalog *fresh,
	struct pen_why *why);

#endif
