#include "bench/others.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The first fields of the line of all CPUs: user, nice, system, idle, iowait, irq, softirq, steal.
 */
#define FIELDS 8
enum { IDLE = 3, IOWAIT = 4 };

void bench_others_begin(struct bench_others *others)
{
	unsigned long long ticks[FIELDS] = {0};
	struct timespec own = {0};
	FILE *file = fopen("/proc/stat", "r");
	*others = (struct bench_others){0};
	if (!file)
		return;
	int got = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[0], &ticks[1],
		&ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]);
	fclose(file);
	double second = (double)sysconf(_SC_CLK_TCK);
	for (int i = 0; i < FIELDS && got == FIELDS; i++) {
		others->all += (double)ticks[i] / second;
		if (i != IDLE && i != IOWAIT)
			others->busy += (double)ticks[i] / second;
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	others->own = (double)own.tv_sec + (double)own.tv_nsec / 1e9;
}

double bench_others_end(const struct bench_others *begin)
{
	struct bench_others now;
	bench_others_begin(&now);
	double all = now.all - begin->all;
	double others = (now.busy - begin->busy) - (now.own - begin->own);
	return all > 0 && others > 0 ? others / all : 0;
}
