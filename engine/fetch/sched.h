/*
 * sched: which piece is asked of which server next. Pure.
 *
 * A server that has room for one more slot is given, in this order: what it is bound to send
 * (fetch/bonds.h), which nobody else is given; the first missing unit of the oldest haul that it
 * can serve; then, when nothing is missing that it could send, a unit that flies elsewhere and is
 * in trouble: packets of it had to be asked for twice and are still missing; and last (the endgame)
 * one that it would deliver in less than half the time that its present server still needs, if it
 * is one of the two fastest that have it. No unit flies more than twice at servers that send, nor
 * twice at one. So the slow are stolen from, and the end of a transfer waits for nobody. One that
 * is held, because it is asked about a wrong piece (fetch/blame.h), is given only what is bound or
 * missing and nobody else can send: it may have been the path.
 *
 * How much a server has room for follows from its rate: beside the piece that it sends, what it
 * sends in two round trips and PEN_SCHED_AHEAD_NS, so that a slow one does not sit on pieces that a
 * fast one could have, and one far away has enough of them where they are small.
 */
#ifndef PEN_FETCH_SCHED_H
#define PEN_FETCH_SCHED_H

#include "fetch/bonds.h"

/* Beyond two round trips: what one turn of a busy loop and a disk take. */
#define PEN_SCHED_AHEAD_NS INT64_C(50000000)
/* Times that a packet was asked for again until another server is asked as well. */
#define PEN_SCHED_MISSES 2u
/* Servers that may send duplicates in the endgame. */
#define PEN_SCHED_FASTEST 2u

/* What a server is bound to send starts again at one that needs so many times less time for all of
 * it, at the rate that it has shown, as what came is lost: that is no price for a hope. */
#define PEN_SCHED_FREED 8u

/* A unit on its way. */
struct pen_sched_flight {
	const struct pen_haul *haul;
	uint32_t unit;
	unsigned peer;
	uint64_t left_bytes;
	uint64_t bytes; /* of the whole unit, which another server would have to send */
	uint32_t misses; /* the most often that a packet of it was asked for again */
	bool bound; /* it is of a piece that only its server may send */
};

/* What the decision is made on; borrowed for the call. */
struct pen_sched_view {
	struct pen_hauls *hauls;
	struct pen_bonds *bonds;
	const struct pen_sched_flight *flights; /* `count` of them */
	unsigned count;
	const uint64_t *rates; /* of all servers, bytes a second; 0: not there, or not known */
	const uint64_t *shown; /* the same, but only what did arrive of each: the least */
	uint64_t held; /* servers that are given only what no other can send: a set */
	bool settled; /* what flies stays where it is: it was weighed already */
};

struct pen_sched_pick {
	struct pen_haul *haul; /* NULL: nothing for this server */
	uint32_t unit;
	bool again; /* it flies elsewhere already; if it is bound there, it is to be freed first */
};

/* What to ask of this server next. */
struct pen_sched_pick pen_sched_next(const struct pen_sched_view *view, unsigned peer);

/* Has a server room for another slot, while so many bytes wait behind the piece that it sends? */
bool pen_sched_room(uint64_t rate, int64_t rtt_ns, uint64_t waiting);

#endif
