/*
 * run: DATA packets that came side by side, and that share all that is to be decided: of one slot,
 * with consecutive indices and numbers, equally long. A server sends a piece in its order, and a
 * device hands on what it gathered, so nearly all that comes are runs; a packet that stands alone
 * is a run of one. What a run means is found out and noted once, not for each of its packets; but
 * the check of each header, and its token, are its own.
 *
 * Of several packets only the first may have flags, and all must be fresh for the stream and for
 * the place (pen_seqs_fresh, pen_recv_fresh): so none of them was there before, and none is
 * refused. A value, borrowed for the call.
 */
#ifndef PEN_FETCH_RUN_H
#define PEN_FETCH_RUN_H

#include "mem/frame.h"
#include "wire/wire.h"

struct pen_run {
	const struct pen_slice *slices; /* the packets, whole */
	uint32_t count; /* at least 1 */
};

/* The header of packet i, which is one: pen_wire_data_decode took it, or pen_run_goes_on. */
static inline const struct pen_wire_data *pen_run_data(const struct pen_run *run, uint32_t i)
{
	return (const void *)run->slices[i].head;
}

/* Bytes of the first packet in all; several packets have as many each. */
static inline uint32_t pen_run_bytes(const struct pen_run *run)
{
	return run->slices[0].bytes;
}

/* Is the slice behind a run, if it is unharmed, the next packet of it? It has at least the bytes of
 * a slice's head. */
static inline bool pen_run_goes_on(const struct pen_run *run)
{
	const struct pen_wire_data *first = pen_run_data(run, 0),
				   *next = pen_run_data(run, run->count);
	return run->slices[run->count].bytes == pen_run_bytes(run) && next->type == PEN_WIRE_DATA &&
		next->flags == 0 && next->slot == first->slot && next->nonce == first->nonce &&
		next->index == first->index + run->count && next->seq == first->seq + run->count;
}

#endif
