#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"

/* Nodes that are looked for. */
#define NODES_MAX 64

_Static_assert(sizeof(pthread_t) == sizeof(unsigned long), "a pthread_t is kept as a word");

unsigned pen_cpu_count(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set))
		return 1;
	int count = CPU_COUNT(&set);
	return count > 0 ? (unsigned)count : 1;
}

/* The CPU that is number `index` of those allowed, or -1. */
static int nth_of(const cpu_set_t *allowed, unsigned index)
{
	int count = CPU_COUNT(allowed), cpu = 0;
	if (count == 0)
		return -1;
	index %= (unsigned)count;
	while (!CPU_ISSET(cpu, allowed) || index--)
		cpu++;
	PEN_CHECK(cpu < CPU_SETSIZE);
	return cpu;
}

int pen_cpu_node(unsigned index)
{
	char path[64];
	cpu_set_t allowed;
	int cpu = sched_getaffinity(0, sizeof allowed, &allowed) ? -1 : nth_of(&allowed, index);
	for (int node = 0; cpu >= 0 && node < NODES_MAX; node++) {
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/node%d", cpu, node);
		if (access(path, F_OK) == 0)
			return node;
	}
	return -1;
}

int pen_cpu_keep_to(const uint8_t *bits, unsigned count, unsigned *missing)
{
	cpu_set_t allowed, kept;
	if (sched_getaffinity(0, sizeof allowed, &allowed))
		return -errno;
	CPU_ZERO(&kept);
	for (unsigned cpu = 0; cpu < count; cpu++) {
		if (!(bits[cpu / 8] & 1 << cpu % 8))
			continue;
		*missing = cpu;
		if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &allowed))
			return -EINVAL;
		CPU_SET(cpu, &kept);
	}
	if (CPU_COUNT(&kept) == 0)
		return -ENOENT;
	return sched_setaffinity(0, sizeof kept, &kept) ? -errno : 0;
}

/* Best effort: a container may take CPUs away between the two calls. */
static void pin(unsigned index)
{
	cpu_set_t allowed, one;
	int cpu = sched_getaffinity(0, sizeof allowed, &allowed) ? -1 : nth_of(&allowed, index);
	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
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
