/* set: a choice of numbers as a user writes it, 0-9,17. */
#ifndef PEN_TOOLS_SET_H
#define PEN_TOOLS_SET_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Read a choice out of 0..count-1 into a bitmap, bit k & 7 of byte k >> 3, that replaces what is
 * in `out`. 0; PEN_EUSAGE naming what is wrong with it; -ENOMEM.
 */
int set_parse(const char *text, uint64_t count, struct pen_buf *out, struct pen_why *why);

#endif
