/* scene: one plan carried out, from an empty world to the verdict. */
#ifndef PEN_TESTS_SIM_SCENE_H
#define PEN_TESTS_SIM_SCENE_H

#include "sim/plan.h"

#define SCENE_WHY_BYTES 240u

struct outcome {
	bool failed; /* `why` says how */
	char why[SCENE_WHY_BYTES];
	int64_t ideal_ns, took_ns; /* of the slowest client */
	uint64_t packets; /* that were sent, by all */
	uint64_t turns;
	uint64_t refused; /* pieces that failed their proof */
	uint64_t convicted; /* servers that a client called liars */
	uint64_t trace;
};

enum scene_tell {
	SCENE_QUIET,
	SCENE_TELL, /* print what befalls whom, and the counters at the end */
	SCENE_PACKETS, /* and a line for each packet that leaves */
};

void scene_run(const struct plan *plan, enum scene_tell tell, struct outcome *outcome);

#endif
