/*
 * raw: raw objects on the command line: a file by its path, and what verify and inspect say of it.
 */
#ifndef PEN_TOOLS_RAW_H
#define PEN_TOOLS_RAW_H

#include <limits.h>

#include "store/object.h"

/* A file of any name, opened through its directory. Zeroed is closed. */
struct raw_file {
	struct pen_disk *disk;
	char path[PATH_MAX]; /* links resolved, cut into directory and name */
	const char *name; /* on the disk */
};

/* Open the directory of a regular file. 0; PEN_EUSAGE for a pipe or device; -errno; with a
 * sentence.
 */
int raw_file_open(struct raw_file *file, const char *path, struct pen_why *why);

/* Zeroed is fine. */
void raw_file_close(struct raw_file *file);

/* True if the last two names of a path are those of a raw object in a store, raw/ROOT. */
bool raw_named(const char *path, struct pen_hash *root);

/*
 * penstock verify part of a raw object: the root is `root`, or with NULL what the file is called.
 * Prints the verdict. 0, PEN_EVERIFY, or as pen_object_read, with a sentence.
 */
int raw_verify(const char *path, const struct pen_hash *root, bool json, struct pen_why *why);

/* penstock inspect part of a raw object: what it is. Nothing is compared. */
int raw_inspect(const char *path, bool json, struct pen_why *why);

/* What penstock make --form raw is asked for. */
struct raw_make {
	const char *path; /* of the file */
	const char *store;
	bool json;
};

/* Bring a file into a store as a raw object, and print its root. 0, or with a sentence as
 * pen_store_open and pen_object_bring. */
int raw_make(const struct raw_make *make, struct pen_why *why);

#endif
