/*
 * sort: byte strings in bytewise order, many at a time.
 *
 * Entries of a part begin alike (a tag, a length), so they are sorted by radix, most significant
 * byte first, on numbers that stand for their beginnings, eight bytes at a time, and compared where
 * even 26 bytes are equal. A key is small, because moving keys is what sorting costs. Pure
 * functions, any thread.
 */
#ifndef PEN_MAKE_SORT_H
#define PEN_MAKE_SORT_H

#include "base/buf.h"

/* A byte string in a piece of memory, with a part of it as a number. */
struct pen_key {
	/* Big endian: bytes 0 and 1; then 0 and bytes 5 to 9 if bytes 2 to 4 are zero, as they are
	 * in most nodes (the upper bytes of a length), else 1 and bytes 2 to 6. Zeros stand behind
	 * a shorter string. Larger numbers are larger strings. pen_sort puts later bytes here. */
	uint64_t digits;
	uint32_t at; /* offset in the memory, bytes */
	uint32_t len; /* bytes */
};

/* The key of `len` bytes at memory[at]; `at` is at most UINT32_MAX. */
struct pen_key pen_key_of(const uint8_t *memory, size_t at, uint32_t len);

/* <0, 0, >0: bytewise order of what two keys name, a prefix before what it begins. */
int pen_key_compare(const uint8_t *memory, const struct pen_key *a, const struct pen_key *b);

/*
 * Sort `count` keys of one memory in place; `spare` has room for as many. At most UINT32_MAX of
 * them. Worst case comparisons of equal strings, n log n of them.
 */
void pen_sort(const uint8_t *memory, struct pen_key *keys, struct pen_key *spare, size_t count);

/* Drop all but the first of equal neighbours that pen_sort left; returns how many stay. */
size_t pen_sort_distinct(const uint8_t *memory, struct pen_key *keys, size_t count);

#endif
