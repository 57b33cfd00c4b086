/* server: an actor that serves an object, or parts of it, from its disk, as production does. */
#ifndef PEN_TESTS_SIM_SERVER_H
#define PEN_TESTS_SIM_SERVER_H

#include "fetch/place.h"
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
	struct pen_buf page; /* of its own, if it says another size of a raw object */
	uint64_t sessions; /* opened in lives that ended */
	struct pen_serve serve;
	enum plan_lie lie;
	struct pen_identity identity; /* the same in every life */
	uint8_t reset_key[32];
};

/* Make server `number` of a plan, with what it holds of the object on its disk (spoilt if it lies).
 * The actor is to be added to the world. */
void server_open(struct server *server, struct world *world, const struct plan *plan,
	unsigned number, const struct object *object);

/* Has it these bytes on its disk, as that piece? */
bool server_holds(const struct server *server, const struct object *object,
	const struct pen_piece *piece, struct pen_bytes bytes);

/* The actor is stopped. */
void server_close(struct server *server);

#endif
