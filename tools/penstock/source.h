/* source: a state as a user names it, hex:FILE or kv:FILE, opened as a stream of pairs. */
#ifndef PEN_TOOLS_SOURCE_H
#define PEN_TOOLS_SOURCE_H

#include <limits.h>

#include "make/pairs.h"

/* Zeroed is closed. */
struct source {
	struct pen_disk *disk;
	char path[PATH_MAX]; /* of the file, links resolved, cut into directory and name */
	struct pen_pairs_from from; /* the file, for whoever opens it again */
	struct pen_pairs pairs;
};

/*
 * Open SRC (borrowed until close). 0; PEN_EUSAGE for a word that is none or something that is no
 * file, such as a pipe (the sentence has the command that makes it one); else as pen_pairs_open.
 */
int source_open(struct source *source, const char *src, struct pen_why *why);

/* Open the file's directory once more, for another thread. 0 or -errno. */
int source_disk(const struct source *source, struct pen_disk **disk, struct pen_why *why);

/* Zeroed is fine. */
void source_close(struct source *source);

#endif
