/*
 * pool: workers that apply parts: a pinned thread each, one ring of tasks in and one out, asleep
 * when there is nothing to do. The caller owns both outer ends of the rings, so submit and reap
 * belong to one thread. With no workers, submit runs the task itself: one thread, no surprise,
 * for simulation.
 *
 * A task that submit took, and the bytes it names, belong to the pool until reap gives the task
 * back. The pool holds a bounded number of tasks and refuses more: the bytes then wait with the
 * caller, who stops fetching. That is how slow workers close the tap.
 */
#ifndef PEN_APPLY_POOL_H
#define PEN_APPLY_POOL_H

#include "apply/job.h"
#include "base/wake.h"

/* Workers at most; more than this share cores on any machine there is. */
#define PEN_POOL_JOBS_MAX 256u
/* Tasks a worker may hold: one under way and one that waits, so that it never waits for us. */
#define PEN_POOL_DEPTH 2u

struct pen_pool;

/*
 * Start `jobs` workers (0: none, submit does the work) on the CPUs that this process may use.
 * `apply` is borrowed until close. 0 and *pool, -ENOMEM, or -errno of a thread that cannot start.
 */
int pen_pool_open(
	const struct pen_apply *apply, unsigned jobs, struct pen_pool **pool, struct pen_why *why);

/* Let the tasks under way end (what waits is not begun), and free all. NULL is fine. */
void pen_pool_close(struct pen_pool *pool);

/* Take a task. True: it comes back from reap. False: every worker has PEN_POOL_DEPTH tasks. */
bool pen_pool_submit(struct pen_pool *pool, struct pen_task *task);

/* A task that is over, or NULL; never blocks. Tasks end in any order. */
struct pen_task *pen_pool_reap(struct pen_pool *pool);

/* Give back the memory that workers keep from part to part. Nothing may be held (see below). */
void pen_pool_trim(struct pen_pool *pool);

/* Tasks submitted and not yet reaped. */
unsigned pen_pool_held(const struct pen_pool *pool);

/*
 * What becomes readable when a task has ended; whoever sleeps on it clears it, then reaps until
 * NULL. It may be signalled for other reasons too.
 */
const struct pen_wake *pen_pool_wake(const struct pen_pool *pool);

#endif
