#include "base/inet.h"

#include <string.h>

#include "base/bits.h"

/* The carries into the upper halves come back below: twice is enough for 64 bits. */
static uint16_t fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16 & UINT16_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint64_t add(uint64_t sum, uint64_t word)
{
	uint64_t added = sum + word;
	return added + (added < word);
}

/* One's complement sums may be taken in words of any length, as long as what is carried out at the
 * top comes back in below (RFC 1071 2): of 64 bits, which is an addition and one with carry. */
uint16_t pen_inet_sum(const void *at, size_t bytes)
{
	const uint8_t *from = at;
	uint64_t sum = 0;
	size_t words = bytes / 8;
	for (size_t i = 0; i < words; i++)
		sum = add(sum, pen_le64(from + 8 * i));
	uint8_t rest[8] = {0};
	if (bytes % 8)
		memcpy(rest, from + 8 * words, bytes % 8);
	return fold(add(sum, pen_le64(rest)));
}
