/*
 * buf: a byte buffer that grows and is used again. The one growable thing in the engine: whoever
 * owns one bounds it before reserving, and keeps it from part to part, so that a steady state
 * allocates nothing. One thread at a time.
 */
#ifndef PEN_BASE_BUF_H
#define PEN_BASE_BUF_H

#include "base/bits.h"

/* Zeroed is empty and valid. */
struct pen_buf {
	uint8_t *at; /* 16-byte aligned; moves when the buffer grows */
	size_t len; /* bytes in use */
	size_t cap; /* bytes reserved */
};

/* Give the memory back; a zeroed buffer and NULL are fine. The buffer is zeroed. */
void pen_buf_fini(struct pen_buf *buf);

/* Make room for at least `cap` bytes in all (contents kept). 0 or -ENOMEM (buffer unchanged). */
int pen_buf_reserve(struct pen_buf *buf, size_t cap);

/*
 * The same for the most that a large buffer is expected to hold, before it holds anything: it then
 * never moves, and asks for huge pages, which new memory costs fewer faults with and reading in no
 * order fewer misses of the TLB. What is never touched takes no memory.
 */
int pen_buf_reserve_whole(struct pen_buf *buf, size_t cap);

/* Make room for `more` bytes behind len, growing at least by half. 0 or -ENOMEM. */
int pen_buf_grow(struct pen_buf *buf, size_t more);

/* As pen_buf_grow, and never to more than `cap_max` bytes in all; the caller has seen to it that
 * len + more is not beyond that. */
int pen_buf_grow_within(struct pen_buf *buf, size_t more, size_t cap_max);

/* Append a copy of `len` bytes. 0 or -ENOMEM (nothing appended). `at` must not lie in the buffer.
 */
int pen_buf_append(struct pen_buf *buf, const void *at, size_t len);

/* The bytes in use, borrowed until the buffer grows or ends. */
static inline struct pen_bytes pen_buf_bytes(const struct pen_buf *buf)
{
	return (struct pen_bytes){buf->at, buf->len};
}

#endif
