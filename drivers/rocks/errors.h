/*
 * errors: what RocksDB's sentences mean. Its C API hands out text and no code, so one table maps
 * the texts to the codes of base/err.h; everything unknown is -EIO. Pure, any thread.
 */
#ifndef PEN_ROCKS_ERRORS_H
#define PEN_ROCKS_ERRORS_H

#include "base/err.h"

/* The code of a RocksDB sentence (Status::ToString). Negative, always. */
int pen_rocks_code(const char *sentence);

/*
 * If *sentence is not NULL: write "label: doing: sentence" into `why`, free the sentence, set it
 * to NULL and return its code; else 0. `doing` is what was tried, as in "cannot write part 3".
 */
int pen_rocks_fail(struct pen_why *why, const char *label, const char *doing, char **sentence);

#endif
