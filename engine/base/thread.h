/*
 * thread: a thread that is pinned to one CPU and hears no signals, so that these end up with the
 * thread that started it.
 */
#ifndef PEN_BASE_THREAD_H
#define PEN_BASE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is "not running". */
struct pen_thread {
	unsigned long id; /* pthread_t */
	bool running;
	void (*run)(void *context);
	void *context;
	unsigned cpu;
};

/* CPUs that this process may use, at least 1. */
unsigned pen_cpu_count(void);

/* NUMA node of allowed CPU number `cpu` (modulo their count), or -1: the machine does not say. */
int pen_cpu_node(unsigned cpu);

/*
 * From now on the process may use only CPUs of `bits` (bit i & 7 of byte i >> 3 is CPU i; `count`
 * of them), and threads to come too; before there are others. 0; or -EINVAL and *missing, one that
 * it may not use now, or is not there; -ENOENT: there is no bit at all.
 */
int pen_cpu_keep_to(const uint8_t *bits, unsigned count, unsigned *missing);

/*
 * Run run(context) in a thread pinned to allowed CPU number `cpu` (modulo their count; where the
 * kernel refuses to pin it runs unpinned). *thread must stay where it is until joined. 0, -errno.
 */
int pen_thread_start(
	struct pen_thread *thread, void (*run)(void *context), void *context, unsigned cpu);

/* Wait until it has returned. Does nothing to a thread that never started. */
void pen_thread_join(struct pen_thread *thread);

#endif
