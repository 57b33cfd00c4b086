/* scene: one plan carried out, from an empty world to the verdict. */
#ifndef PEN_TESTS_SIM_SCENE_H
#define PEN_TESTS_SIM_SCENE_H

#include "sim/sabotage.h"
#include "sim/verdict.h"

/* Carry a plan out. */
struct scene_ask {
	const struct plan *plan;
	enum stage_tell tell;
	enum sabotage sabotage;
	bool curves; /* handshakes use OpenSSL's in any case, not in a share of the worlds alone */
	bool still; /* clients are held against turns that look at everything; it changes nothing */
};

void scene_run(const struct scene_ask *ask, struct outcome *outcome);

#endif
