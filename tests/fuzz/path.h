/*
 * path: what happens to the packets of a pair (pair.h), as an input says: one byte for each packet
 * decides whether it is lost, doubled, delayed, replayed, harmed, cut, drawn out, reflected or
 * disguised; or that the client moves, that the server's disk or port fails, that something is put
 * in: strangers' bytes, or with the session's own keys a body of any type in the name of either
 * side, or DATA with a right check. A byte from 0x80 on lets that one and so many packets more fly
 * as they are. Any input means something.
 */
#ifndef PEN_TESTS_FUZZ_PATH_H
#define PEN_TESTS_FUZZ_PATH_H

#include "pair.h"

/* Packets of each direction that may be replayed. */
#define PATH_KEPT 8u

struct path {
	struct pen_bytes input; /* what is left of it; borrowed */
	unsigned decisions, passes; /* made; packets that fly without one */
	int64_t silent_ns; /* nothing flies before */
	struct pair_packet kept[2][PATH_KEPT]; /* the newest, by direction */
	unsigned kept_at[2];
};

/* A packet leaves (pair_meet); pair->holder is the path. */
void path_meet(struct pair *pair, struct pair_packet packet);

/* From now on every packet arrives, and disk and port do their work. */
void path_calm(struct pair *pair, struct path *path);

/* Free what it keeps. */
void path_fini(struct path *path);

#endif
