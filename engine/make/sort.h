/*
 * sort: byte strings in bytewise order, many at a time.
 *
 * Entries of a part begin alike (a tag, a length), so they are sorted by radix on their first 16
 * bytes, most significant first, and compared beyond only where these are equal. Pure functions,
 * any thread.
 */
#ifndef PEN_MAKE_SORT_H
#define PEN_MAKE_SORT_H

#include "base/buf.h"

/* A byte string in a piece of memory, with its beginning as numbers. */
struct pen_key {
	uint64_t high, low; /* its first 16 bytes, big endian, zeros behind a shorter one */
	uint64_t at; /* offset in the memory, bytes */
	uint32_t len; /* bytes */
};

/* The key of `len` bytes at memory[at]. */
struct pen_key pen_key_of(const uint8_t *memory, uint64_t at, uint32_t len);

/* <0, 0, >0: bytewise order of what two keys name, a prefix before what it begins. */
int pen_key_compare(const uint8_t *memory, const struct pen_key *a, const struct pen_key *b);

/*
 * Sort `count` keys of one memory in place; `spare` has room for as many. Worst case comparisons of
 * equal strings, n log n of them.
 */
void pen_sort(const uint8_t *memory, struct pen_key *keys, struct pen_key *spare, size_t count);

/* Drop all but the first of equal neighbours; returns how many stay. */
size_t pen_sort_distinct(const uint8_t *memory, struct pen_key *keys, size_t count);

#endif
