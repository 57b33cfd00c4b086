/* server: an actor that serves one raw object from its disk, as production does. */
#ifndef PEN_TESTS_SIM_SERVER_H
#define PEN_TESTS_SIM_SERVER_H

#include "serve/serve.h"
#include "sim/object.h"
#include "sim/plan.h"

struct server {
	struct actor actor; /* first */
	struct pen_sim_disk disk;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_catalog catalog;
	struct pen_listing listing;
	struct pen_serve serve;
	enum plan_lie lie;
	struct pen_identity identity; /* the same in every life */
	uint8_t reset_key[32];
};

/* Make the actor, and put the object on its disk (spoilt if it lies). `actor` is to be added to
 * the world. */
void server_open(struct server *server, struct world *world, const struct plan_host *host,
	const struct object *object, uint64_t stream);

/* The actor is stopped. */
void server_close(struct server *server);

#endif
