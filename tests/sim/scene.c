#include "sim/scene.h"

#include "base/clock.h"
#include "sim/curves.h"
#include "sim/ideal.h"

/* A fetch that takes longer hangs: long after every fault of a plan is over. */
#define LIMIT_NS (120 * PEN_NS_PER_S)
#define LIMIT_TIMES 30

void scene_run(const struct scene_ask *ask, struct outcome *outcome)
{
	static struct stage stage; /* too large for a stack; one at a time */
	const struct plan *plan = ask->plan;
	bool tell = ask->tell > STAGE_QUIET;
	bool curves = ask->curves || plan->seed % CURVES_SHARE == 0;
	*outcome = (struct outcome){0};
	curves_choose(curves);
	stage_open(&stage, plan, ask->tell);
	for (unsigned i = 0; i < plan->clients; i++)
		stage.clients[i].still = ask->still;
	sabotage_before(&stage, ask->sabotage);
	outcome->ideal_ns = stage_ideal_ns(&stage);
	int64_t begin_ns = cpu_ns(), curves_before_ns = curves_ns;
	world_run(&stage.world, LIMIT_NS + LIMIT_TIMES * outcome->ideal_ns, stage_done, &stage);
	outcome->run_ns = cpu_ns() - begin_ns;
	outcome->curves_ns = curves_ns - curves_before_ns;
	sabotage_after(&stage, ask->sabotage);
	outcome->trace = stage.world.clock.trace;
	/* Each spoilt packet costs a piece, or a part. */
	outcome->binds = ideal_binds(plan) && !plan->outsider.spoils;
	for (unsigned i = 0; tell && i < plan->clients; i++)
		if (stage.clients[i].actor.up && !stage.clients[i].done)
			client_tell(&stage.clients[i]);
	verdict_give(&stage, outcome);
	outcome->curves = curves ? outcome->sessions : 0;
	if (tell)
		stage_tell(&stage);
	stage_close(&stage);
}
