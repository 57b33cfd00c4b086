/*
 * bits: little-endian integers in byte strings, and borrowed byte strings, of which all loads and
 * stores may be unaligned; and ranges of bitmaps in words, bit i of which is bit i % 64 of word
 * i / 64.
 */
#ifndef PEN_BASE_BITS_H
#define PEN_BASE_BITS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads below assume a little-endian CPU");

/* A borrowed run of bytes; whoever hands it out says for how long it stays valid. */
struct pen_bytes {
	const uint8_t *at; /* may be NULL when len is 0 */
	size_t len; /* bytes */
};

/* Read or write 2, 4 or 8 bytes at `at`, which need no alignment. */
static inline uint16_t pen_le16(const uint8_t *at)
{
	uint16_t v;
	memcpy(&v, at, sizeof v);
	return v;
}

static inline uint32_t pen_le32(const uint8_t *at)
{
	uint32_t v;
	memcpy(&v, at, sizeof v);
	return v;
}

static inline uint64_t pen_le64(const uint8_t *at)
{
	uint64_t v;
	memcpy(&v, at, sizeof v);
	return v;
}

static inline void pen_put_le16(uint8_t *at, uint16_t v)
{
	memcpy(at, &v, sizeof v);
}

static inline void pen_put_le32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof v);
}

static inline void pen_put_le64(uint8_t *at, uint64_t v)
{
	memcpy(at, &v, sizeof v);
}

/* The bits from `from` to `end` (below it, and at most 64 in all) of a word. */
static inline uint64_t pen_bits_mask(uint64_t from, uint64_t end)
{
	return UINT64_MAX << from & UINT64_MAX >> (64 - end);
}

/* Set, or clear, `count` bits from bit `from` on. */
static inline void pen_bits_put(uint64_t *words, uint64_t from, uint64_t count, bool set)
{
	uint64_t end = from + count;
	for (uint64_t next; from < end; from = next) {
		uint64_t *word = &words[from / 64], mask = UINT64_MAX << from % 64;
		next = (from | 63) + 1;
		if (end < next)
			mask &= ~(UINT64_MAX << end % 64);
		*word = set ? *word | mask : *word & ~mask;
	}
}

/* How many bits are set side by side from bit `from` on; of its word alone. */
static inline unsigned pen_bits_ones(const uint64_t *words, uint64_t from)
{
	uint64_t zeros = ~words[from / 64] >> from % 64;
	return zeros ? (unsigned)__builtin_ctzll(zeros) : 64 - (unsigned)(from % 64);
}

/* Bytewise order as memcmp, a prefix before what it begins: <0, 0, >0. */
static inline int pen_bytes_compare(struct pen_bytes a, struct pen_bytes b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.at, b.at, common) : 0;
	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

#endif
