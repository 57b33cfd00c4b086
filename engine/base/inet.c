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

/* Words of 32 bits into an accumulator of 64, which 16 GiB cannot fill; the compiler makes vectors
 * of it. */
uint16_t pen_inet_sum(const void *at, size_t bytes)
{
	const uint8_t *from = at;
	uint64_t sum = 0;
	size_t words = bytes / 4;
	for (size_t i = 0; i < words; i++)
		sum += pen_le32(from + 4 * i);
	uint8_t rest[4] = {0};
	if (bytes % 4)
		memcpy(rest, from + 4 * words, bytes % 4);
	return fold(sum + pen_le32(rest));
}
