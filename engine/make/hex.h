/*
 * hex: a state as lines `key value` in hex digits of either case, one blank between them, `-` for
 * no bytes; the last line may lack its line feed. Pure functions: bytes in, record out.
 */
#ifndef PEN_MAKE_HEX_H
#define PEN_MAKE_HEX_H

#include "make/pair.h"

/* The longest line, without its line feed. */
#define PEN_HEX_LINE_MAX (2 * ((size_t)PEN_KEY_BYTES_MAX + PEN_VALUE_BYTES_MAX) + 1)

/*
 * Read one line (without its line feed) of at most PEN_HEX_LINE_MAX characters into `plain`, which
 * has room for line.len / 2 bytes and is borrowed by *out. 0, or PEN_EINPUT with a sentence that
 * says which field is wrong and how: missing, too many, an odd number of digits, a character that
 * is no digit and where, over its limit.
 */
int pen_hex_decode_line(
	struct pen_bytes line, uint8_t *plain, struct pen_pair *out, struct pen_why *why);

#endif
