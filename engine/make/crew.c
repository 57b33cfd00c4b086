#include "make/crew.h"

#include "base/check.h"
#include "base/thread.h"

/* One worker's thread and number. */
struct hand {
	struct pen_crew *crew;
	struct pen_thread thread;
	unsigned number;
};

void pen_crew_lock(struct pen_crew *crew)
{
	PEN_CHECK(pthread_mutex_lock(&crew->lock) == 0);
}

void pen_crew_unlock(struct pen_crew *crew)
{
	PEN_CHECK(pthread_mutex_unlock(&crew->lock) == 0);
}

void pen_crew_wait(struct pen_crew *crew)
{
	PEN_CHECK(pthread_cond_wait(&crew->turn, &crew->lock) == 0);
}

void pen_crew_signal(struct pen_crew *crew)
{
	PEN_CHECK(pthread_cond_broadcast(&crew->turn) == 0);
}

void pen_crew_fail(struct pen_crew *crew, uint64_t at, int err, const struct pen_why *why)
{
	pen_crew_lock(crew);
	if (!crew->err || at < crew->err_at) {
		crew->err = err;
		crew->err_at = at;
		crew->why = *why;
	}
	crew->stop = true;
	pen_crew_signal(crew);
	pen_crew_unlock(crew);
}

static void hand_run(void *context)
{
	struct hand *hand = context;
	struct pen_crew *crew = hand->crew;
	crew->work->run(crew, crew->work->context, hand->number);
	pen_crew_lock(crew);
	crew->working--;
	pen_crew_unlock(crew);
	pen_wake_signal(&crew->wake);
}

/* Sleep and look on until all workers have returned. */
static void look_on(struct pen_crew *crew)
{
	const struct pen_why none = {{0}};
	for (;;) {
		pen_crew_lock(crew);
		bool working = crew->working > 0, look = crew->work->look && !crew->stop;
		int err = working && look ? crew->work->look(crew->work->look_context) : 0;
		pen_crew_unlock(crew);
		if (!working)
			return;
		if (err)
			pen_crew_fail(crew, UINT64_MAX, err, &none);
		pen_wake_wait(&crew->wake, PEN_CREW_LOOK_NS);
	}
}

/* Start as many as can be; the first must. */
static int start(struct pen_crew *crew, struct hand *hands, unsigned jobs)
{
	int err = 0;
	for (unsigned i = 0; i < jobs; i++) {
		hands[i].crew = crew;
		hands[i].number = i;
		pen_crew_lock(crew);
		crew->working++;
		pen_crew_unlock(crew);
		err = pen_thread_start(&hands[i].thread, hand_run, &hands[i], i);
		if (!err)
			continue;
		pen_crew_lock(crew);
		crew->working--;
		pen_crew_unlock(crew);
		return i ? 0 : err;
	}
	return 0;
}

int pen_crew_run(const struct pen_crew_work *work, unsigned jobs, struct pen_why *why)
{
	struct pen_crew crew = {.work = work};
	struct hand hands[PEN_CREW_JOBS_MAX] = {0};
	PEN_CHECK(jobs > 0);
	PEN_CHECK(jobs <= PEN_CREW_JOBS_MAX);
	int err = pen_wake_open(&crew.wake);
	if (err)
		return pen_fail(why, err, "cannot start workers: %s", pen_err_text(err));
	PEN_CHECK(pthread_mutex_init(&crew.lock, NULL) == 0);
	PEN_CHECK(pthread_cond_init(&crew.turn, NULL) == 0);
	err = start(&crew, hands, jobs);
	if (!err)
		look_on(&crew);
	for (unsigned i = 0; i < jobs; i++)
		pen_thread_join(&hands[i].thread);
	pthread_cond_destroy(&crew.turn);
	pthread_mutex_destroy(&crew.lock);
	pen_wake_close(&crew.wake);
	if (err)
		return pen_fail(why, err, "cannot start workers: %s", pen_err_text(err));
	if (crew.err && why)
		*why = crew.why;
	return crew.err;
}
