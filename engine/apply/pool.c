#include "apply/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/ring.h"
#include "base/thread.h"

_Static_assert(PEN_POOL_DEPTH <= PEN_RING_DEPTH, "a worker's tasks must fit its rings");

struct worker {
	struct pen_pool *pool;
	struct pen_thread thread;
	struct pen_wake wake; /* a task came, or quit */
	struct pen_ring in, out;
	struct pen_job job;
	unsigned held; /* the caller's count of tasks not yet reaped */
};

struct pen_pool {
	const struct pen_apply *apply;
	struct pen_wake wake; /* a task ended */
	_Atomic bool quit;
	unsigned held;
	unsigned next; /* where reap looks first, so that no worker is forgotten */
	struct pen_job job; /* of the caller, when there are no workers */
	struct pen_task *ended; /* the same, not yet reaped */
	unsigned workers_count;
	struct worker *workers;
};

static bool must_quit(const struct pen_pool *pool)
{
	return atomic_load_explicit(&pool->quit, memory_order_acquire);
}

static void worker_main(void *at)
{
	struct worker *worker = at;
	struct pen_pool *pool = worker->pool;
	while (!must_quit(pool)) {
		struct pen_task *task = pen_ring_pop(&worker->in);
		if (!task) {
			/* A push between the look and the sleep has signalled: not lost. */
			pen_wake_wait(&worker->wake, -1);
			continue;
		}
		pen_job_run(&worker->job, pool->apply, task);
		PEN_CHECK(pen_ring_push(&worker->out, task));
		pen_wake_signal(&pool->wake);
	}
}

static int worker_open(struct pen_pool *pool, unsigned i)
{
	struct worker *worker = &pool->workers[i];
	worker->pool = pool;
	worker->wake = PEN_WAKE_NONE;
	pen_ring_init(&worker->in);
	pen_ring_init(&worker->out);
	int err = pen_wake_open(&worker->wake);
	if (!err)
		err = pen_thread_start(&worker->thread, worker_main, worker, i);
	if (err)
		pen_wake_close(&worker->wake);
	return err;
}

int pen_pool_open(
	const struct pen_apply *apply, unsigned jobs, struct pen_pool **out, struct pen_why *why)
{
	PEN_CHECK(jobs <= PEN_POOL_JOBS_MAX);
	struct pen_pool *pool = calloc(1, sizeof *pool);
	struct worker *workers = calloc(jobs ? jobs : 1, sizeof *workers);
	if (!pool || !workers) {
		free(pool);
		free(workers);
		return pen_fail(why, -ENOMEM, "no memory for %u workers", jobs);
	}
	pool->apply = apply;
	pool->workers = workers;
	pool->wake = PEN_WAKE_NONE;
	int err = pen_wake_open(&pool->wake);
	for (; !err && pool->workers_count < jobs; pool->workers_count += !err)
		err = worker_open(pool, pool->workers_count);
	if (err) {
		pen_pool_close(pool);
		return pen_fail(why, err, "cannot start %u workers: %s", jobs, pen_err_text(err));
	}
	*out = pool;
	return 0;
}

static void worker_close(struct worker *worker)
{
	pen_wake_signal(&worker->wake);
	pen_thread_join(&worker->thread);
	pen_wake_close(&worker->wake);
	pen_job_fini(&worker->job);
}

void pen_pool_close(struct pen_pool *pool)
{
	if (!pool)
		return;
	atomic_store_explicit(&pool->quit, true, memory_order_release);
	for (unsigned i = 0; i < pool->workers_count; i++)
		worker_close(&pool->workers[i]);
	pen_job_fini(&pool->job);
	pen_wake_close(&pool->wake);
	free(pool->workers);
	free(pool);
}

static struct worker *worker_least(struct pen_pool *pool)
{
	struct worker *least = &pool->workers[0];
	for (unsigned i = 1; i < pool->workers_count; i++) {
		if (pool->workers[i].held < least->held)
			least = &pool->workers[i];
	}
	return least;
}

static bool submit_here(struct pen_pool *pool, struct pen_task *task)
{
	if (pool->ended)
		return false;
	pen_job_run(&pool->job, pool->apply, task);
	pool->ended = task;
	pool->held = 1;
	return true;
}

bool pen_pool_submit(struct pen_pool *pool, struct pen_task *task)
{
	atomic_store_explicit(&task->stage, PEN_STAGE_IDLE, memory_order_relaxed);
	if (pool->workers_count == 0)
		return submit_here(pool, task);
	struct worker *worker = worker_least(pool);
	if (worker->held == PEN_POOL_DEPTH)
		return false;
	PEN_CHECK(pen_ring_push(&worker->in, task));
	worker->held++;
	pool->held++;
	pen_wake_signal(&worker->wake);
	return true;
}

static struct pen_task *reap_here(struct pen_pool *pool)
{
	struct pen_task *task = pool->ended;
	pool->ended = NULL;
	pool->held = 0;
	return task;
}

struct pen_task *pen_pool_reap(struct pen_pool *pool)
{
	if (pool->workers_count == 0)
		return reap_here(pool);
	for (unsigned i = 0; i < pool->workers_count; i++) {
		struct worker *worker = &pool->workers[pool->next++ % pool->workers_count];
		struct pen_task *task = worker->held ? pen_ring_pop(&worker->out) : NULL;
		if (!task)
			continue;
		worker->held--;
		pool->held--;
		return task;
	}
	return NULL;
}

void pen_pool_trim(struct pen_pool *pool)
{
	/* Reaping ordered all that workers did before this; submitting orders this before them. */
	PEN_CHECK(pool->held == 0);
	for (unsigned i = 0; i < pool->workers_count; i++)
		pen_job_fini(&pool->workers[i].job);
	pen_job_fini(&pool->job);
}

unsigned pen_pool_held(const struct pen_pool *pool)
{
	return pool->held;
}

const struct pen_wake *pen_pool_wake(const struct pen_pool *pool)
{
	return &pool->wake;
}
