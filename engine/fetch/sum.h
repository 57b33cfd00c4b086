/*
 * sum: all bytes of a part that came, summed up as a server is asked for them when the part fails
 * its proof: a chain over its blocks (peer/inquiry.h). It takes about a millisecond a MiB, and a
 * part has up to 512 of them, so whoever proves the part makes it, beside the loop that talks to
 * servers. Any thread.
 */
#ifndef PEN_FETCH_SUM_H
#define PEN_FETCH_SUM_H

#include "base/bits.h"
#include "base/sha.h"

/* Zeroed is of nothing. */
struct pen_sum {
	uint32_t blocks; /* of PEN_WIRE_PIECE_BYTES_MAX, but for the last of each piece */
	struct pen_hash chain;
};

/* Add a piece, in the order of the part. Borrowed for the call. */
void pen_sum_add(struct pen_sum *sum, struct pen_bytes piece);

#endif
