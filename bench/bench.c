#include "bench/bench.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "bench/interval.h"
#include "bench/machine.h"

#define KEYS 1000000u
/* Enough for every kind of key and node, done in a fraction of a second under sanitizers. */
#define KEYS_CHECK 4000u

/* The readings of a race. */
struct readings {
	double rival[BENCH_ROUNDS_MAX], ours[BENCH_ROUNDS_MAX]; /* seconds */
	double ratios[BENCH_ROUNDS_MAX];
	size_t count;
	struct bench_interval interval;
};

int bench_fail(struct bench *bench, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s: ", bench->name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	bench->failed++;
	return -1;
}

void bench_open(struct bench *bench, const char *name, int argc, char **argv)
{
	const char *keys = getenv("PEN_BENCH_KEYS");
	bool check = argc == 2 && strcmp(argv[1], "--check") == 0;
	if (argc > 2 || (argc == 2 && !check)) {
		fprintf(stderr, "usage: %s [--check]\n", argv[0]);
		exit(2);
	}
	*bench = (struct bench){.name = name, .check = check, .keys = check ? KEYS_CHECK : KEYS};
	if (keys && !check)
		bench->keys = strtoull(keys, NULL, 10);
	if (!bench_interval_check())
		bench_fail(bench, "the interval's arithmetic is broken");
}

int bench_close(const struct bench *bench)
{
	return bench->failed ? 1 : 0;
}

/* Stay on the last CPU that is allowed: interrupts like the first. */
static void pin(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set))
		return;
	int cpu = CPU_SETSIZE - 1;
	while (cpu > 0 && !CPU_ISSET(cpu, &set))
		cpu--;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		fprintf(stderr, "bench: cannot stay on CPU %d; the spread will show it\n", cpu);
}

static double seconds(const struct bench_race *race)
{
	struct timespec now;
	clock_gettime(race->threads ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int time_side(const struct bench_race *race, const struct bench_side *side, double *out)
{
	double before = seconds(race);
	int err = side->run(race->context);
	*out = seconds(race) - before;
	return err;
}

/* One round: the rival, then ours. The first of all only warms caches and pages. */
static int time_round(const struct bench_race *race, struct readings *readings)
{
	size_t at = readings->count;
	int err = time_side(race, &race->rival, &readings->rival[at]);
	if (!err)
		err = time_side(race, &race->ours, &readings->ours[at]);
	if (!err)
		readings->ratios[at] = readings->rival[at] / readings->ours[at];
	return err;
}

static int time_rounds(const struct bench_race *race, struct readings *readings)
{
	while (readings->count < BENCH_ROUNDS_MAX) {
		int err = time_round(race, readings);
		if (err)
			return err;
		if (++readings->count < BENCH_ROUNDS_MIN)
			continue;
		readings->interval = bench_interval_of(readings->ratios, readings->count);
		if (bench_interval_tight(&readings->interval))
			break;
	}
	return 0;
}

static void print_side(const struct bench_race *race, const char *role,
	const struct bench_side *side, double median)
{
	printf("\"%s\":{\"name\":\"%s\",\"seconds\":%.6f", role, side->name, median);
	for (size_t i = 0; i < BENCH_AMOUNTS_MAX && race->amounts[i].unit; i++)
		printf(",\"%s_per_s\":%.6g", race->amounts[i].unit,
			race->amounts[i].count / median);
	printf("},");
}

/* A rival that we wrote must not be a slow one. */
static bool rival_is_fair(const struct bench_race *race, double median)
{
	for (size_t i = 0; i < BENCH_AMOUNTS_MAX && race->amounts[i].unit; i++) {
		if (race->rival_least.unit &&
			!strcmp(race->rival_least.unit, race->amounts[i].unit))
			return race->amounts[i].count / median >= race->rival_least.count;
	}
	return true;
}

static void print_line(
	const struct bench *bench, const struct bench_race *race, const struct readings *readings)
{
	const struct bench_interval *interval = &readings->interval;
	printf("{\"name\":\"%s/%s\",\"value\":%.4f,\"unit\":\"rival's time / ours\",", bench->name,
		race->name, bench_interval_value(interval));
	printf("\"spread\":{\"min\":%.4f,\"max\":%.4f,\"low95\":%.4f,\"high95\":%.4f,"
	       "\"mean\":%.4f,\"tight\":%s},",
		interval->min, interval->max, interval->low, interval->high, interval->mean,
		bench_interval_tight(interval) ? "true" : "false");
	printf("\"rounds\":%zu,\"clock\":\"%s\",", readings->count,
		race->threads ? "wall" : "thread CPU");
	if (race->floor > 0)
		printf("\"floor\":%.2f,\"holds\":%s,", race->floor,
			bench_interval_value(interval) >= race->floor ? "true" : "false");
	double rival = bench_median(readings->rival, readings->count);
	if (!rival_is_fair(race, rival))
		printf("\"void\":\"the rival is slower than what it stands for\",");
	print_side(race, "rival", &race->rival, rival);
	print_side(race, "ours", &race->ours, bench_median(readings->ours, readings->count));
	printf("\"keys\":%llu,", (unsigned long long)bench->keys);
	bench_machine_print();
	printf("}\n");
	fflush(stdout);
}

double bench_run(struct bench *bench, const struct bench_race *race)
{
	struct readings readings = {0};
	if (!race->threads)
		pin();
	int err = race->rival.run(race->context);
	if (!err)
		err = race->ours.run(race->context);
	if (!err && race->same && !race->same(race->context))
		return bench_fail(bench, "%s: the two sides do not agree", race->name), 0;
	if (!err && bench->check)
		return 0;
	if (!err)
		err = time_rounds(race, &readings);
	if (err)
		return bench_fail(bench, "%s: %s", race->name, pen_err_text(err)), 0;
	print_line(bench, race, &readings);
	return bench_interval_value(&readings.interval);
}
