/*
 * stage: all machines of a plan on one world, before its first moment and after its last. The world
 * runs in between (sim/scene.h).
 */
#ifndef PEN_TESTS_SIM_STAGE_H
#define PEN_TESTS_SIM_STAGE_H

#include "sim/client.h"
#include "sim/outsider.h"
#include "sim/server.h"

struct stage {
	struct world world;
	struct object object;
	struct server servers[PLAN_SERVERS_MAX];
	struct client clients[PLAN_CLIENTS_MAX];
	struct depot depots[PLAN_CLIENTS_MAX]; /* of plans whose clients keep */
	struct outsider outsider; /* of plans that have one */
	const struct plan *plan;
};

enum stage_tell {
	STAGE_QUIET,
	STAGE_TELL, /* print what befalls whom, and the counters at the end */
	STAGE_PACKETS, /* and a line for each packet that leaves */
};

/* Everything stands as the plan says, which is borrowed until stage_close; nothing has begun. */
void stage_open(struct stage *stage, const struct plan *plan, enum stage_tell tell);

/* Give back what the machines hold. */
void stage_close(struct stage *stage);

/* Whether every client has all that it can have, and holds nothing against a server that it would
 * still ask about. `context` is the stage, as world_run passes it. */
bool stage_done(void *context);

/* What no network can be faster than (sim/ideal.h), of the parts as servers have them. */
int64_t stage_ideal_ns(const struct stage *stage);

/* Print the counters of clients and of the network. */
void stage_tell(const struct stage *stage);

#endif
