/*
 * workshop: the workers of a fetch, and the errands that wait for them. The loop puts errands and
 * lets the workshop turn; each comes back through errand->back, in the loop. Nothing here blocks.
 *
 * A part that takes more memory than parts beside each other may (ERRAND_LARGE) waits until all
 * else has come back, and then has the memory of all; what is put meanwhile waits for it. It comes
 * back LARGE only if that was not enough.
 */
#ifndef PEN_TOOLS_WORKSHOP_H
#define PEN_TOOLS_WORKSHOP_H

#include "apply/hands.h"
#include "errand.h"

/* Errands that a worker holds: one under way and one that waits, so that it never waits for us. */
#define WORKSHOP_DEPTH 2u

struct workshop_ask {
	struct depot *depot; /* where they put parts; borrowed until close */
	unsigned jobs; /* workers, at least 1 */
	struct pen_allowance part, alone; /* of a part beside others; of one alone */
};

struct workshop_line {
	struct errand *first, **end;
};

/* Zeroed is closed. */
struct workshop {
	struct workshop_ask ask;
	struct pen_hands *hands;
	struct errand_bench **benches; /* of each worker */
	struct workshop_line waiting, large; /* in order */
	bool alone; /* the one that is under way has all memory */
	unsigned count; /* errands that have not come back */
	int64_t prove_ns, store_ns; /* of all workers together */
	uint64_t values, content_bytes; /* of parts that a database took */
};

int workshop_open(struct workshop *workshop, const struct workshop_ask *ask, struct pen_why *why);

/* Lets what is under way end; nothing comes back any more. Zeroed is fine. */
void workshop_close(struct workshop *workshop);

/* An errand, the workshop's until it comes back. */
void workshop_put(struct workshop *workshop, struct errand *errand);

/* Send out what waits, and let come back what is done. True if anything came. */
bool workshop_turn(struct workshop *workshop, int64_t now_ns);

/* What becomes readable when something may have come back. */
const struct pen_wake *workshop_wake(const struct workshop *workshop);

#endif
