#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/check.h"

/* The first reservation: below this a growing buffer would only be copied about. */
#define BUF_BYTES_MIN 256
#define HUGE_PAGE ((uintptr_t)2 << 20)

void pen_buf_fini(struct pen_buf *buf)
{
	if (!buf)
		return;
	free(buf->at);
	*buf = (struct pen_buf){0};
}

int pen_buf_reserve(struct pen_buf *buf, size_t cap)
{
	PEN_CHECK(buf->len <= buf->cap);
	if (cap <= buf->cap)
		return 0;
	uint8_t *at = realloc(buf->at, cap);
	if (!at)
		return -ENOMEM;
	buf->at = at;
	buf->cap = cap;
	return 0;
}

int pen_buf_reserve_whole(struct pen_buf *buf, size_t cap)
{
	PEN_CHECK(buf->len == 0);
	if (cap <= buf->cap)
		return 0;
	pen_buf_fini(buf);
	int err = pen_buf_reserve(buf, cap);
	uintptr_t begin = ((uintptr_t)buf->at + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	uintptr_t end = ((uintptr_t)buf->at + buf->cap) & ~(HUGE_PAGE - 1);
	/* A kernel that has none left gives small ones. */
	if (!err && begin < end)
		madvise((void *)begin, end - begin, MADV_HUGEPAGE);
	return err;
}

int pen_buf_grow_within(struct pen_buf *buf, size_t more, size_t cap_max)
{
	if (more > SIZE_MAX - buf->len)
		return -ENOMEM;
	size_t need = buf->len + more;
	PEN_CHECK(need <= cap_max);
	if (need <= buf->cap)
		return 0;
	size_t cap = buf->cap > SIZE_MAX / 2 ? need : buf->cap + buf->cap / 2;
	if (cap < BUF_BYTES_MIN)
		cap = BUF_BYTES_MIN;
	if (cap > cap_max)
		cap = cap_max;
	return pen_buf_reserve(buf, cap > need ? cap : need);
}

int pen_buf_grow(struct pen_buf *buf, size_t more)
{
	return pen_buf_grow_within(buf, more, SIZE_MAX);
}

int pen_buf_append(struct pen_buf *buf, const void *at, size_t len)
{
	int err = pen_buf_grow(buf, len);
	if (err)
		return err;
	if (len)
		memcpy(buf->at + buf->len, at, len);
	buf->len += len;
	return 0;
}
