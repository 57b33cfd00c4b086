/*
 * crew: workers that share one list of work, and whoever started them looking on.
 *
 * Each worker is a pinned thread (base/thread.h) that runs the same function; it asks for the next
 * piece under the crew's lock, so a worker that is done early takes what another would have got.
 * The first failure in order of the work stops all of them and is what the crew reports. The
 * starter does no work: it sleeps, wakes a few times a second to ask its watch, and so can show
 * progress and stop everything.
 */
#ifndef PEN_MAKE_CREW_H
#define PEN_MAKE_CREW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/wake.h"

/* Workers at most: more than any machine has cores that hashing could keep busy. */
#define PEN_CREW_JOBS_MAX 256u
/* How often the starter looks on. */
#define PEN_CREW_LOOK_NS (INT64_C(100) * 1000000)

struct pen_crew;

struct pen_crew_work {
	/* A worker's whole life: returns when there is nothing left or pen_crew_stopped. */
	void (*run)(struct pen_crew *crew, void *context, unsigned worker);
	void *context;
	/* Asked by the starter a few times a second (NULL: never), under the lock: 0, or a code
	 * that stops all. */
	int (*look)(void *context);
	void *look_context;
};

/* Filled by pen_crew_run. */
struct pen_crew {
	const struct pen_crew_work *work;
	pthread_mutex_t lock;
	pthread_cond_t turn; /* signalled whenever a piece is done or all must stop */
	struct pen_wake wake; /* the starter's sleep */
	unsigned working; /* workers that have not returned */
	bool stop;
	int err;
	uint64_t err_at; /* which piece it was */
	struct pen_why why;
};

/*
 * Run `jobs` workers (1..PEN_CREW_JOBS_MAX) and wait for all of them. 0, the failure that was
 * reported for the earliest piece, what `look` returned, or -errno if not even one could start.
 */
int pen_crew_run(const struct pen_crew_work *work, unsigned jobs, struct pen_why *why);

/* For workers: hold the crew's lock while looking for the next piece. */
void pen_crew_lock(struct pen_crew *crew);
void pen_crew_unlock(struct pen_crew *crew);

/* Has somebody failed, or was the crew told to stop? Under the lock. */
static inline bool pen_crew_stopped(const struct pen_crew *crew)
{
	return crew->stop;
}

/* Under the lock: sleep until another worker calls pen_crew_signal. */
void pen_crew_wait(struct pen_crew *crew);

/* Wake all that wait. Under the lock. */
void pen_crew_signal(struct pen_crew *crew);

/* Report that piece number `at` failed; stops the crew. Without the lock. */
void pen_crew_fail(struct pen_crew *crew, uint64_t at, int err, const struct pen_why *why);

#endif
