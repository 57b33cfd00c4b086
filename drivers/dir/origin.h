/* origin: the origin of dir:PATH words; opened through drivers/table.h. */
#ifndef PEN_DRIVERS_DIR_ORIGIN_H
#define PEN_DRIVERS_DIR_ORIGIN_H

#include "drivers/table.h"

/* As pen_origin_open, for a word that begins with dir: */
int pen_origin_open_dir(const char *source, const struct pen_origin_options *options,
	struct pen_origin **origin, struct pen_why *why);

#endif
