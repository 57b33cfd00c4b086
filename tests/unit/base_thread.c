#include "base/thread.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>

struct seen {
	int cpus;
	int blocked;
};

static void look(void *context)
{
	struct seen *seen = context;
	cpu_set_t set;
	sigset_t mask;
	sched_getaffinity(0, sizeof set, &set);
	seen->cpus = CPU_COUNT(&set);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	seen->blocked = sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM);
}

Test(base_thread, is_pinned_and_hears_no_signals)
{
	struct pen_thread thread = {0};
	struct seen seen = {0};
	sigset_t before, after;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	cr_assert_geq(pen_cpu_count(), 1);
	cr_assert_eq(pen_thread_start(&thread, look, &seen, 12345), 0);
	pen_thread_join(&thread);
	pen_thread_join(&thread);
	cr_assert_eq(seen.cpus, 1);
	cr_assert(seen.blocked);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	cr_assert_eq(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
}
