/*
 * outsider: a machine that sees every packet to and from some hosts of a world, and puts in packets
 * of its own: whatever can be said without a key. It knows nonces, numbers of sessions, counters
 * and ports; it loses nothing and changes nothing that is on its way.
 *
 * What it puts in: DATA with a right header and bytes of its own, ahead of the true one; packets
 * that it saw, of any type, again, up to seconds later and in any order, to whom they went or to
 * somebody else, from where they came, from another host, or from an address that nobody has;
 * packets with changed bits and made-up tags; RESET, CLOSE and CLOSED of sessions that are there,
 * COOKIE and BUSY in answer to a HELLO. Its packets take room on the links of who gets them.
 *
 * How much it does stands in the plan (struct plan_outsider). Order: open before the world runs;
 * see for every packet that leaves.
 */
#ifndef PEN_TESTS_SIM_OUTSIDER_H
#define PEN_TESTS_SIM_OUTSIDER_H

#include "sim/plan.h"

/* Packets that it remembers, of those that it saw, and their bytes at most. */
#define OUTSIDER_KEPT 32u
#define OUTSIDER_BYTES PEN_SIM_SMALL_BYTES

struct outsider_packet {
	unsigned from, to;
	uint32_t bytes; /* 0: none yet */
	uint8_t at[OUTSIDER_BYTES];
};

struct outsider {
	struct world *world;
	struct pen_rng rng;
	struct plan_outsider plan; /* what is left of it */
	struct outsider_packet kept[OUTSIDER_KEPT];
	uint64_t put, spoilt; /* packets that it put in; of them DATA with bytes of its own */
};

/* The world is open and has its hosts; borrowed. */
void outsider_open(struct outsider *outsider, struct world *world, const struct plan *plan);

/* A packet leaves, borrowed. What is put in because of it is on its way. */
void outsider_see(
	struct outsider *outsider, unsigned from, unsigned to, const uint8_t *at, uint32_t bytes);

#endif
