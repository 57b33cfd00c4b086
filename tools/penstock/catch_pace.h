/*
 * catch_pace: how long somebody who brings blocks of a raw object needs for one, and whether he is
 * to be asked for one that another brings. Pure.
 *
 * The slower of two must not hold the end back, so the last blocks are asked of the faster one as
 * well. As that costs bytes it is done only where he would need less than half the time.
 */
#ifndef PEN_TOOLS_CATCH_PACE_H
#define PEN_TOOLS_CATCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* How many blocks the mean goes back: half of it is forgotten then. */
#define CATCH_PACE_BLOCKS 32u
/* Of whom nothing has come a block is expected in so long: 8 Mbit/s. */
#define CATCH_PACE_UNKNOWN_NS INT64_C(1000000000)

/* Zeroed: nothing is known. */
struct catch_pace {
	int64_t ns; /* that `blocks` blocks took */
	unsigned blocks;
};

/* So many blocks came, and took so long; either may be 0. */
void catch_pace_note(struct catch_pace *pace, unsigned blocks, int64_t took_ns);

/* How long a block takes, in the mean. */
int64_t catch_pace_mean_ns(const struct catch_pace *pace);

/* How long until the last of `count` blocks is here, of which the first was begun, or the one
 * before it came, `since_ns` ago? Whoever is late may well need as long again. */
int64_t catch_pace_left_ns(const struct catch_pace *pace, unsigned count, int64_t since_ns);

/* Is it worth asking him as well, who has `ahead` blocks to bring before, for a block that takes
 * another `left_ns`? */
bool catch_pace_helps(const struct catch_pace *pace, unsigned ahead, int64_t left_ns);

#endif
