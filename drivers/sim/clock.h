/*
 * clock: the time, the seed and the record of one simulated world.
 *
 * Time is a number that the world's owner moves forward; nothing waits. All chance in the world
 * comes out of one seed, in streams of their own, so that one more draw in one place changes
 * nothing elsewhere. What happens is folded into `trace`: two runs of one seed that have equal
 * traces did the same things at the same times. One thread.
 */
#ifndef PEN_SIM_CLOCK_H
#define PEN_SIM_CLOCK_H

#include <stdint.h>

#include "base/rng.h"

struct pen_sim_clock {
	uint64_t seed;
	int64_t now_ns; /* since the world began */
	uint64_t trace; /* a hash of all that happened */
	uint64_t traced; /* how many things that were */
};

/* What is folded into the trace. */
enum pen_sim_happening {
	PEN_SIM_SENT = 1,
	PEN_SIM_LOST,
	PEN_SIM_LENT,
	PEN_SIM_CHANGED,
	PEN_SIM_STORED,
	PEN_SIM_ASKED, /* folded in by a test: what the engine did */
};

void pen_sim_clock_init(struct pen_sim_clock *clock, uint64_t seed);

/* Stream number `stream` of the world's chance. */
struct pen_rng pen_sim_clock_rng(const struct pen_sim_clock *clock, uint64_t stream);

/* Move on to `now_ns`, which is not in the past. */
void pen_sim_clock_move(struct pen_sim_clock *clock, int64_t now_ns);

/* Fold one thing that happened now into the trace. */
static inline void pen_sim_trace(
	struct pen_sim_clock *clock, enum pen_sim_happening what, uint64_t which)
{
	uint64_t word = (uint64_t)clock->now_ns << 8 | (uint64_t)what;
	clock->trace = pen_rng_mix(clock->trace ^ word ^ which * PEN_RNG_GOLDEN);
	clock->traced++;
}

/* End the program: a user of a simulated device broke its contract. Prints the sentence, the seed
 * and the time. */
_Noreturn void pen_sim_breach(const struct pen_sim_clock *clock, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
