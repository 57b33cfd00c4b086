/*
 * catch_size: which size of a raw object is tried, where servers say different ones
 * (fetch/sized.h). Pure.
 *
 * While all say the same there is nothing to decide. Else the sizes take turns: a turn ends when
 * nobody says this size any more (who said it lied and was banned, or refuses what he offered), or
 * when CATCH_SIZE_NS have passed in which nothing of it was proved; which doubles with each round,
 * so that an honest server with a slow path gets through. Turns are counted for servers, not for
 * sizes: a liar who says another size each time has no more of them than others.
 */
#ifndef PEN_TOOLS_CATCH_SIZE_H
#define PEN_TOOLS_CATCH_SIZE_H

#include "fetch/hauls.h"

/* Longer than it takes to ask for digests and to prove a block of 1 MiB at 2 Mbit/s. */
#define CATCH_SIZE_NS INT64_C(5000000000)
#define CATCH_SIZE_DOUBLINGS 4u

/* Zeroed: none is tried. */
struct catch_size {
	uint64_t bytes; /* that is tried now; 0: none */
	int64_t since_ns; /* when the turn began, or something of it was proved last */
	unsigned turns[PEN_HAUL_PEERS]; /* that a size had while this server said it */
};

/* What `count` <= PEN_HAUL_PEERS servers say, 0 for nothing. The size to try now, as size->bytes:
 * the same as before; or of those whose servers had the fewest turns the one that most say, and of
 * these the largest. */
uint64_t catch_size_look(
	struct catch_size *size, const uint64_t *said, unsigned count, int64_t now_ns);

/* Something of it was proved. */
void catch_size_moved(struct catch_size *size, int64_t now_ns);

#endif
