#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "base/check.h"

_Static_assert(sizeof(pthread_t) == sizeof(unsigned long), "a pthread_t is kept as a word");

unsigned pen_cpu_count(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set))
		return 1;
	int count = CPU_COUNT(&set);
	return count > 0 ? (unsigned)count : 1;
}

/* Best effort: a container may take CPUs away between the two calls. */
static void pin(unsigned index)
{
	cpu_set_t allowed, one;
	if (sched_getaffinity(0, sizeof allowed, &allowed) || CPU_COUNT(&allowed) == 0)
		return;
	index %= (unsigned)CPU_COUNT(&allowed);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || index--)
			continue;
		CPU_SET(cpu, &one);
		break;
	}
	sched_setaffinity(0, sizeof one, &one);
}

static void *thread_main(void *at)
{
	struct pen_thread *thread = at;
	pin(thread->cpu);
	thread->run(thread->context);
	return NULL;
}

int pen_thread_start(
	struct pen_thread *thread, void (*run)(void *context), void *context, unsigned cpu)
{
	PEN_CHECK(!thread->running);
	*thread = (struct pen_thread){.run = run, .context = context, .cpu = cpu};
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_t id;
	int err = pthread_create(&id, NULL, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return -err;
	thread->id = id;
	thread->running = true;
	return 0;
}

void pen_thread_join(struct pen_thread *thread)
{
	if (!thread->running)
		return;
	pthread_join(thread->id, NULL);
	thread->running = false;
}
