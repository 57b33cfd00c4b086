/*
 * flights: reads, writes and syncs of files that are in flight on a ring, each from submit until
 * reap has returned it. One that moves only a part goes on with the rest; one of a direct file that
 * lies so that it cannot be direct goes on through the page cache (uring/direct.h).
 *
 * Order: open; then submit and reap as in port/disk.h, on one thread; close when all are reaped.
 */
#ifndef PEN_DRIVERS_URING_FLIGHTS_H
#define PEN_DRIVERS_URING_FLIGHTS_H

#include "drivers/uring/fixed.h"
#include "port/disk.h"

/* Operations in flight: 64 reads of a block keep any disk busy, and leave room for as many. */
#define PEN_URING_DISK_DEPTH 128u

struct pen_flight {
	struct pen_disk_op op;
	uint32_t moved; /* bytes */
	uint32_t tries; /* left for an operation that moves nothing */
	bool fixed; /* the last piece of it went into registered memory */
	uint32_t next; /* while free or finished */
	int64_t result; /* when finished */
};

struct pen_flights {
	struct io_uring ring;
	struct pen_fixed fixed; /* memory that is registered with it */
	uint32_t align; /* of bytes that move directly, and of their place in memory and file */
	struct pen_flight list[PEN_URING_DISK_DEPTH];
	uint32_t free; /* the first free one; PEN_URING_DISK_DEPTH: none */
	uint32_t finished; /* the first that reap returns, likewise */
	unsigned count; /* submitted and not reaped */
	struct pen_disk_state *state; /* where reads are counted; borrowed */
};

/* Zeroed *flights on a ring of their own. 0, or as io_uring_queue_init: nothing is open then. */
int pen_flights_open(struct pen_flights *flights, uint32_t align, struct pen_disk_state *state);

/* Nothing is in flight. */
void pen_flights_close(struct pen_flights *flights);

/* As of the ops in port/disk.h. */
unsigned pen_flights_submit(
	struct pen_flights *flights, const struct pen_disk_op *ops, unsigned count);
unsigned pen_flights_reap(
	struct pen_flights *flights, struct pen_disk_done *done, unsigned max, int64_t wait_ns);

#endif
