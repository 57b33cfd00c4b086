/* client: an actor that fetches one raw object from all servers, as production does, and proves
 * every block of it. */
#ifndef PEN_TESTS_SIM_CLIENT_H
#define PEN_TESTS_SIM_CLIENT_H

#include "fetch/client.h"
#include "sim/object.h"
#include "sim/plan.h"

struct client {
	struct actor actor; /* first */
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_client *client;
	const struct object *object; /* what it must become; only its root and length are used to
					fetch it */
	unsigned servers; /* hosts 0 to servers - 1 */
	struct pen_buf got; /* bytes that came */
	uint32_t proved; /* blocks, a bit each */
	struct pen_hash leaves[OBJECT_BLOCKS_MAX]; /* of the page, once it is proved */
	bool page; /* it is */
	bool done;
	int64_t done_ns; /* the world's time */
	uint64_t refused; /* pieces that failed their proof */
	struct pen_client_counters counters; /* of all lives, taken when they end */
	struct pen_identity identity;
};

void client_open(struct client *client, struct world *world, const struct plan_host *host,
	const struct object *object, unsigned servers, uint64_t stream);

/* Print what it waits for; while it is up. */
void client_tell(const struct client *client);

/* The actor is stopped. */
void client_close(struct client *client);

#endif
