#include "apply/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "apply/hands.h"
#include "base/check.h"

_Static_assert(PEN_POOL_JOBS_MAX <= PEN_HANDS_MAX, "a worker is a hand");
_Static_assert(PEN_POOL_DEPTH <= PEN_HANDS_DEPTH_MAX, "a worker's tasks must fit its rings");

struct pen_pool {
	const struct pen_apply *apply;
	struct pen_hands *hands;
	unsigned jobs_count; /* one a worker, one of the caller when there are none */
	struct pen_job *jobs;
};

static void run(void *context, unsigned hand, void *thing)
{
	struct pen_pool *pool = context;
	pen_job_run(&pool->jobs[hand], pool->apply, thing);
}

int pen_pool_open(
	const struct pen_apply *apply, unsigned jobs, struct pen_pool **out, struct pen_why *why)
{
	PEN_CHECK(jobs <= PEN_POOL_JOBS_MAX);
	struct pen_pool *pool = calloc(1, sizeof *pool);
	unsigned count = jobs ? jobs : 1;
	struct pen_job *memory = calloc(count, sizeof *memory);
	if (!pool || !memory) {
		free(pool);
		free(memory);
		return pen_fail(why, -ENOMEM, "no memory for %u workers", jobs);
	}
	*pool = (struct pen_pool){.apply = apply, .jobs_count = count, .jobs = memory};
	const struct pen_hands_config config = {
		.count = jobs, .depth = PEN_POOL_DEPTH, .run = run, .context = pool};
	int err = pen_hands_open(&config, &pool->hands, why);
	if (err)
		pen_pool_close(pool);
	else
		*out = pool;
	return err;
}

static void jobs_fini(struct pen_pool *pool)
{
	for (unsigned i = 0; i < pool->jobs_count; i++)
		pen_job_fini(&pool->jobs[i]);
}

void pen_pool_close(struct pen_pool *pool)
{
	if (!pool)
		return;
	pen_hands_close(pool->hands);
	jobs_fini(pool);
	free(pool->jobs);
	free(pool);
}

bool pen_pool_submit(struct pen_pool *pool, struct pen_task *task)
{
	atomic_store_explicit(&task->stage, PEN_STAGE_IDLE, memory_order_relaxed);
	return pen_hands_submit(pool->hands, task);
}

struct pen_task *pen_pool_reap(struct pen_pool *pool)
{
	return pen_hands_reap(pool->hands);
}

void pen_pool_trim(struct pen_pool *pool)
{
	/* Reaping ordered all that workers did before this; submitting orders this before them. */
	PEN_CHECK(pen_hands_held(pool->hands) == 0);
	jobs_fini(pool);
}

unsigned pen_pool_held(const struct pen_pool *pool)
{
	return pen_hands_held(pool->hands);
}

const struct pen_wake *pen_pool_wake(const struct pen_pool *pool)
{
	return pen_hands_wake(pool->hands);
}
