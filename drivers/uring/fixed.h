/*
 * fixed: memory that is registered with a ring, so that the kernel need not pin its pages for each
 * read and write: arenas, in pieces.
 */
#ifndef PEN_DRIVERS_URING_FIXED_H
#define PEN_DRIVERS_URING_FIXED_H

#include <liburing.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "drivers/table.h"

/* The kernel takes no buffer above 1 GiB. */
#define PEN_URING_PIECE_BYTES ((size_t)1 << 30)
/* 64 GiB of arenas; what lies beyond is read unregistered. */
#define PEN_URING_PIECES_MAX 64u
#define PEN_FIXED_NONE (-1)

struct pen_fixed {
	unsigned count; /* of pieces, registered under their index */
	struct iovec pieces[PEN_URING_PIECES_MAX]; /* none of them ends within a block */
};

/* Register the arenas of `options` with the ring, into a zeroed *fixed, until the ring ends. The
 * bytes that are; 0, with a note, if the kernel takes none of them. */
uint64_t pen_fixed_register(
	struct pen_fixed *fixed, struct io_uring *ring, const struct pen_disk_options *options);

/* The index of the piece that holds all of these bytes, or PEN_FIXED_NONE. */
int pen_fixed_find(const struct pen_fixed *fixed, const uint8_t *at, size_t bytes);

#endif
