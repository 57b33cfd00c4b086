#include "base/thread.h"

#include <criterion/criterion.h>
#include <errno.h>
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

Test(base_thread, keeps_to_cpus_that_are_allowed)
{
	uint8_t bits[2048 / 8] = {0};
	unsigned missing = 7777;
	cpu_set_t set;
	cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
	unsigned last = 0;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		last = CPU_ISSET(cpu, &set) ? cpu : last;
	cr_expect_eq(pen_cpu_keep_to(bits, 2048, &missing), -ENOENT);
	bits[2000 / 8] = 1;
	cr_expect_eq(pen_cpu_keep_to(bits, 2048, &missing), -EINVAL);
	cr_expect_eq(missing, 2000);
	bits[2000 / 8] = 0;
	bits[last / 8] = (uint8_t)(1 << last % 8);
	cr_expect_eq(pen_cpu_keep_to(bits, 2048, &missing), 0);
	cr_expect_eq(pen_cpu_count(), 1);
	cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
	cr_expect(CPU_ISSET(last, &set));
	/* A machine that says has nodes from 0 on. */
	cr_expect_geq(pen_cpu_node(0), -1);
	cr_expect_eq(pen_cpu_node(0), pen_cpu_node(5), "there is one CPU");
}
