/*
 * hands: threads that do what is handed to them, one thing after the other: a pinned thread each,
 * one ring in and one out, asleep when there is nothing to do. What a thing is, and how it is done,
 * is the owner's: apply/pool.h proves and applies parts with them, tools/penstock proves and
 * stores them.
 *
 * The owner holds both outer ends of the rings, so submit and reap belong to one thread. What
 * submit took belongs to the hands until reap gives it back. They hold a bounded number of things
 * and refuse more: that is how slow hands close the tap. With no threads, submit does the thing
 * itself: one thread, no surprise, for simulation.
 */
#ifndef PEN_APPLY_HANDS_H
#define PEN_APPLY_HANDS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/wake.h"

/* Threads at most; more than this share cores on any machine there is. */
#define PEN_HANDS_MAX 256u
/* Things one thread may hold, at most: what its rings do. */
#define PEN_HANDS_DEPTH_MAX 7u

struct pen_hands;

struct pen_hands_config {
	unsigned count; /* threads, at most PEN_HANDS_MAX; 0: none, submit does the work */
	unsigned depth; /* things a thread may hold, 1 to PEN_HANDS_DEPTH_MAX */
	/* Do `thing`, in thread `hand` (0 when there are none); must not fail but by what it notes
	 * in the thing itself. */
	void (*run)(void *context, unsigned hand, void *thing);
	void *context;
};

/* Start the threads on the CPUs that this process may use. The config is copied. 0 and *hands,
 * -ENOMEM, or -errno of a thread that cannot start, with a sentence. */
int pen_hands_open(
	const struct pen_hands_config *config, struct pen_hands **hands, struct pen_why *why);

/* Let what is under way end (what waits is not begun), and free all. NULL is fine. */
void pen_hands_close(struct pen_hands *hands);

/* Take a thing. True: it comes back from reap. False: every thread holds `depth` of them. */
bool pen_hands_submit(struct pen_hands *hands, void *thing);

/* One that is over, or NULL; never blocks. They end in any order. */
void *pen_hands_reap(struct pen_hands *hands);

/* Things submitted and not yet reaped. */
unsigned pen_hands_held(const struct pen_hands *hands);

/* What becomes readable when a thing has ended; whoever sleeps on it clears it, then reaps until
 * NULL. It may be signalled for other reasons too. */
const struct pen_wake *pen_hands_wake(const struct pen_hands *hands);

#endif
