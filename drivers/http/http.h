/* http: the origin of http:// and https:// words; opened through drivers/table.h. */
#ifndef PEN_DRIVERS_HTTP_H
#define PEN_DRIVERS_HTTP_H

#include "drivers/table.h"

/* As pen_origin_open, for a word that begins with http:// or https://. */
int pen_origin_open_http(const char *source, const struct pen_origin_options *options,
	struct pen_origin **origin, struct pen_why *why);

#endif
