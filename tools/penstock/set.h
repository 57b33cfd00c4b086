/* set: a choice of numbers as a user writes it, 0-9,17. */
#ifndef PEN_TOOLS_SET_H
#define PEN_TOOLS_SET_H

#include "base/buf.h"
#include "base/err.h"

/* Bytes of a choice that is printed, with the end: what a sentence can hold. */
#define SET_TEXT_BYTES 96u

/*
 * Write the choice that a bitmap of `count` bits is as "part 3" or "parts 0-9,17"; what does not
 * fit is left out as "...". Returns `text`.
 */
const char *set_text(const uint8_t *bits, uint64_t count, char text[SET_TEXT_BYTES]);

/*
 * Read a choice out of 0..count-1 into a bitmap, bit k & 7 of byte k >> 3, that replaces what is
 * in `out`. 0; PEN_EUSAGE naming what is wrong with it; -ENOMEM.
 */
int set_parse(const char *text, uint64_t count, struct pen_buf *out, struct pen_why *why);

#endif
