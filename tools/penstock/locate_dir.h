/* locate_dir: what a local directory offers of a state; see locate.h. */
#ifndef PEN_TOOLS_LOCATE_DIR_H
#define PEN_TOOLS_LOCATE_DIR_H

#include "locate.h"

/* Look into the directory or store at `path`. As locate. */
int locate_dir(const char *path, const struct pen_hash *root, struct locate_offers *out,
	struct pen_why *why);

#endif
