/* locate_dir: what a local directory offers of a state; see locate.h. */
#ifndef PEN_TOOLS_LOCATE_DIR_H
#define PEN_TOOLS_LOCATE_DIR_H

#include "locate.h"

/* Look into the directory or store behind "dir:". As locate. */
int locate_dir(const struct locate_ask *ask, struct locate_offers *out, struct pen_why *why);

#endif
