/*
 * borsh: the subset of the borsh encoding that parts need (borsh.io): little-endian integers,
 * vectors as u32 count and items, enums as a u8 tag. A reader walks borrowed bytes and never
 * allocates; the first field that does not fit makes it fail for good, so that a decoder may read
 * all its fields and ask once.
 */
#ifndef PEN_PART_BORSH_H
#define PEN_PART_BORSH_H

#include "base/bits.h"
#include "base/sha.h"

struct pen_borsh {
	const uint8_t *at; /* next byte */
	const uint8_t *end; /* one past the last */
	int failed; /* a field did not fit: everything read since is zero or empty */
};

/* A reader at the start of `bytes`, which stay borrowed as long as it is used. */
static inline struct pen_borsh pen_borsh_reader(struct pen_bytes bytes)
{
	return (struct pen_borsh){bytes.at, bytes.at + bytes.len, 0};
}

/* Bytes not yet read. */
static inline size_t pen_borsh_left(const struct pen_borsh *reader)
{
	return (size_t)(reader->end - reader->at);
}

/* Take `len` bytes; NULL and failed if fewer are left. */
static inline const uint8_t *pen_borsh_take(struct pen_borsh *reader, size_t len)
{
	if (reader->failed || pen_borsh_left(reader) < len) {
		reader->failed = 1;
		return NULL;
	}
	const uint8_t *at = reader->at;
	reader->at += len;
	return at;
}

/* Take a little-endian integer; 0 and failed if too few bytes are left. */
static inline uint8_t pen_borsh_u8(struct pen_borsh *reader)
{
	const uint8_t *at = pen_borsh_take(reader, 1);
	return at ? *at : 0;
}

static inline uint16_t pen_borsh_u16(struct pen_borsh *reader)
{
	const uint8_t *at = pen_borsh_take(reader, 2);
	return at ? pen_le16(at) : 0;
}

static inline uint32_t pen_borsh_u32(struct pen_borsh *reader)
{
	const uint8_t *at = pen_borsh_take(reader, 4);
	return at ? pen_le32(at) : 0;
}

static inline uint64_t pen_borsh_u64(struct pen_borsh *reader)
{
	const uint8_t *at = pen_borsh_take(reader, 8);
	return at ? pen_le64(at) : 0;
}

/* A vector of bytes: u32 length, then the bytes, borrowed. Empty on failure. */
static inline struct pen_bytes pen_borsh_bytes(struct pen_borsh *reader)
{
	uint32_t len = pen_borsh_u32(reader);
	const uint8_t *at = pen_borsh_take(reader, len);
	return at ? (struct pen_bytes){at, len} : (struct pen_bytes){0};
}

/* True if everything was read, to the last byte, and nothing failed. */
static inline int pen_borsh_done(const struct pen_borsh *reader)
{
	return !reader->failed && reader->at == reader->end;
}

#endif
