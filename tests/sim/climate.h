/*
 * climate: between which machines a plan moves something: how fast their links are, how far they
 * are from each other, and what the paths do to packets.
 */
#ifndef PEN_TESTS_SIM_CLIMATE_H
#define PEN_TESTS_SIM_CLIMATE_H

#include "sim/plan.h"

/* Ranges that a plan draws from. */
struct climate {
	int64_t rtt_min, rtt_max; /* ns */
	uint64_t rate_min, rate_max; /* bits/s */
	unsigned loss_max, burst, reorder, twice, corrupt; /* chances in a million */
};

extern const struct climate climates[PLAN_CLIMATES];

/* Draw plan->weather between all of its hosts, whose manners are drawn. */
void climate_weather_draw(struct plan *plan, struct pen_rng *rng);

#endif
