/*
 * fuzz: what all fuzz targets share. A target takes any bytes, and aborts (PEN_CHECK) when a
 * promise of a decoder does not hold; sanitizers see the rest.
 */
#ifndef PEN_TESTS_FUZZ_H
#define PEN_TESTS_FUZZ_H

#include <stdbool.h>

#include "base/bits.h"
#include "base/check.h"

/* libFuzzer's entry point; always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* True if `slice` lies within `whole`; an empty one lies anywhere. */
static inline bool fuzz_within(struct pen_bytes slice, struct pen_bytes whole)
{
	if (slice.len == 0)
		return true;
	return slice.at >= whole.at && slice.len <= whole.len &&
		(size_t)(slice.at - whole.at) <= whole.len - slice.len;
}

/* True if both hold the same bytes. */
static inline bool fuzz_same(struct pen_bytes a, struct pen_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

#endif
