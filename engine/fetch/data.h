/*
 * data: what a client makes of DATA packets: each belongs to a session by its slot, has the
 * session's check, is counted there (fetch/stream.h), and goes to its place (fetch/place.h).
 *
 * Packets that came side by side are handled as one run where they are one (fetch/run.h); each
 * header is checked all the same. Nothing here aborts for what a server sent, allocates or logs.
 * Rules of struct pen_client.
 */
#ifndef PEN_FETCH_DATA_H
#define PEN_FETCH_DATA_H

#include "fetch/client.h"

/* The first of `count` packets is DATA, as decoded, and whole (pen_slice_sum_fits): take it, and as
 * many of the others as make a run with it. Returns how many that are. Borrowed for the call. */
uint32_t pen_data_hear(
	struct pen_client *client, const struct pen_slice *slices, uint32_t count, int64_t now_ns);

#endif
