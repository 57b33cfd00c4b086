/*
 * window: a file read once from front to back through the disk port, with the bytes that are not
 * yet used in one piece of memory. The window starts at PEN_WINDOW_BYTES and grows only when a
 * single record needs more, up to the limit given; nothing is mapped, so a file that shrinks or a
 * disk that fails is an error code and no signal.
 */
#ifndef PEN_MAKE_WINDOW_H
#define PEN_MAKE_WINDOW_H

#include "base/buf.h"
#include "base/err.h"
#include "port/disk.h"

/* Large enough that refilling costs nothing beside hashing what is read. */
#define PEN_WINDOW_BYTES ((size_t)4 << 20)

/* One thread at a time. */
struct pen_window {
	struct pen_disk *disk; /* borrowed */
	int file;
	struct pen_buf buf; /* bytes read and, from `used` on, not yet used */
	size_t used; /* bytes of buf given out */
	uint64_t offset; /* in the file of the first unused byte */
	uint64_t file_bytes; /* length of the file when it was opened */
	bool ended; /* the end of the file is in the window */
};

/* Open `name` on `disk`. 0, or -errno with a sentence. */
int pen_window_open(
	struct pen_window *window, struct pen_disk *disk, const char *name, struct pen_why *why);

/* Close the file, free the memory. A zeroed window is fine. */
void pen_window_close(struct pen_window *window);

/* The unused bytes, borrowed until fill. */
static inline struct pen_bytes pen_window_bytes(const struct pen_window *window)
{
	return (struct pen_bytes){window->buf.at + window->used, window->buf.len - window->used};
}

/* `bytes` of the unused ones are used now. */
static inline void pen_window_skip(struct pen_window *window, size_t bytes)
{
	window->used += bytes;
	window->offset += bytes;
}

/*
 * Read on until at least `need` bytes (more than there are) are unused or the file ended. Returns
 * 1 if there are more bytes than before, 0 at the end of the file; -ENOMEM or the disk's -errno
 * with a sentence.
 */
int pen_window_fill(struct pen_window *window, size_t need, struct pen_why *why);

#endif
