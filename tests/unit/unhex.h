/* unhex: bytes of a test's table that are written in hex. */
#ifndef PEN_UNIT_UNHEX_H
#define PEN_UNIT_UNHEX_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Write the bytes that `hex` says to `out`, which has room; returns how many. */
static inline size_t unhex(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex) / 2;
	for (size_t i = 0; i < len; i++)
		cr_assert_eq(sscanf(hex + 2 * i, "%2hhx", &out[i]), 1);
	return len;
}

#endif
