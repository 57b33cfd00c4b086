/*
 * ideal: how long the fetches of a plan must take at least, and whether a plan obliges the engine
 * to be near that.
 *
 * The ideal is when the last wanted byte can have come through the narrower of the receivers' links
 * and those of the honest servers that have it and are up, and two round trips. It is the largest
 * of the times that any set of servers needs for what nobody else has (as flow and cut are equal),
 * for one client and for all together. A machine that is down, or not heard, moves nothing: time
 * without an honest server is in it.
 *
 * What a path loses is what its weather loses in the long run. That a small world spent half of its
 * packets in a burst excuses nothing.
 */
#ifndef PEN_TESTS_SIM_IDEAL_H
#define PEN_TESTS_SIM_IDEAL_H

#include "sim/plan.h"

/* A fetch that must be good may take so many times the ideal, and so much more. */
#define IDEAL_TIMES 3
#define IDEAL_MORE_NS INT64_C(10000000000)
/* Packets that are lost, of a million, on paths that are called good. */
#define IDEAL_LOSS_PPM 50000u

/* `part_bytes` as they lie at servers, one a part; NULL: as the plan says. */
int64_t ideal_ns(const struct plan *plan, const uint32_t *part_bytes);

/* The latest time at which a fetch that must be good is done. */
static inline int64_t ideal_limit_ns(int64_t ideal)
{
	return IDEAL_TIMES * ideal + IDEAL_MORE_NS;
}

/* Must the fetches of this plan be good: has every part an honest server whose paths to and from
 * all clients lose at most IDEAL_LOSS_PPM? */
bool ideal_binds(const struct plan *plan);

#endif
