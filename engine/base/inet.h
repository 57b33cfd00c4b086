/*
 * inet: the Internet checksum (RFC 1071): the one's complement sum of 16-bit words. Sums are in the
 * machine's byte order, which the sum's symmetry allows, are never inverted here, and pieces of
 * even length may be added in any order. Pure.
 */
#ifndef PEN_BASE_INET_H
#define PEN_BASE_INET_H

#include <stddef.h>
#include <stdint.h>

/* The sum of `bytes` bytes; an odd one at the end counts with a zero behind it. */
uint16_t pen_inet_sum(const void *at, size_t bytes);

/* The sum of two sums. */
static inline uint16_t pen_inet_add(uint16_t a, uint16_t b)
{
	uint32_t both = (uint32_t)a + b;
	return (uint16_t)(both + (both >> 16));
}

/* The sum of bytes that begin at an odd place, of their sum at an even one (RFC 1071 2 B). */
static inline uint16_t pen_inet_swap(uint16_t sum)
{
	return (uint16_t)(sum << 8 | sum >> 8);
}

#endif
