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
#include "bench/others.h"

#define KEYS 1000000u
/* Enough for every kind of key and node, done in a fraction of a second under sanitizers. */
#define KEYS_CHECK 4000u

/* The sides of a race in the order in which they run. */
enum { RIVAL, OURS, BY_RIVAL, BY_OURS, SIDES };

/* The readings of a race. */
struct readings {
	double seconds[SIDES][BENCH_ROUNDS_MAX];
	double ratios[BENCH_ROUNDS_MAX];
	double others[BENCH_ROUNDS_MAX]; /* of the machine's time in the round */
	size_t count;
	unsigned turns; /* in a round */
	unsigned disturbed; /* rounds thrown away */
	unsigned waited; /* times that others were at work */
	struct bench_interval interval;
};

static const struct bench_side *side_of(const struct bench_race *race, int side)
{
	switch (side) {
	case RIVAL: return &race->rival;
	case OURS: return &race->ours;
	default: return &race->by[side - BY_RIVAL];
	}
}

static int sides_of(const struct bench_race *race)
{
	return race->by[0].run ? SIDES : OURS + 1;
}

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
	*bench = (struct bench){.name = name,
		.check = check,
		.keys = check ? KEYS_CHECK : KEYS,
		.only = getenv("PEN_BENCH_RACE")};
	if (keys && !check)
		bench->keys = strtoull(keys, NULL, 10);
	if (!bench_interval_check())
		bench_fail(bench, "the interval's arithmetic is broken");
}

int bench_close(const struct bench *bench)
{
	return bench->failed ? 1 : 0;
}

/* Stay on the last CPU that is allowed: interrupts like the first. *before is where we could run
 * until then; false if that was not changed. */
static bool pin(cpu_set_t *before)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof *before, before))
		return false;
	int cpu = CPU_SETSIZE - 1;
	while (cpu > 0 && !CPU_ISSET(cpu, before))
		cpu--;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (!sched_setaffinity(0, sizeof set, &set))
		return true;
	fprintf(stderr, "bench: cannot stay on CPU %d; the spread will show it\n", cpu);
	return false;
}

static double seconds(const struct bench_race *race)
{
	static const clockid_t clocks[] = {[BENCH_THREAD] = CLOCK_THREAD_CPUTIME_ID,
		[BENCH_PROCESS] = CLOCK_PROCESS_CPUTIME_ID,
		[BENCH_WALL] = CLOCK_MONOTONIC};
	struct timespec now;
	clock_gettime(clocks[race->clock], &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run_side(const struct bench_race *race, const struct bench_side *side)
{
	return side->run ? side->run(race->context) : 0;
}

/* Run a side and add its time to *sum. */
static int time_side(const struct bench_race *race, int side, double *sum)
{
	const struct bench_side *one = side_of(race, side);
	double before = seconds(race);
	int err = run_side(race, one);
	*sum += one->run ? seconds(race) - before : one->constant;
	return err;
}

/* All sides once, the rival first. */
static int time_turn(const struct bench_race *race, struct readings *readings)
{
	int err = 0;
	for (int side = 0; side < sides_of(race) && !err; side++)
		err = time_side(race, side, &readings->seconds[side][readings->count]);
	return err;
}

static int time_round(const struct bench_race *race, struct readings *readings)
{
	size_t at = readings->count;
	double(*taken)[BENCH_ROUNDS_MAX] = readings->seconds;
	struct bench_others others;
	int err = 0;
	bench_others_begin(&others);
	for (int side = 0; side < SIDES; side++)
		taken[side][at] = 0;
	for (unsigned turn = 0; turn < readings->turns && !err; turn++)
		err = time_turn(race, readings);
	for (int side = 0; side < SIDES; side++)
		taken[side][at] /= readings->turns;
	readings->others[at] = bench_others_end(&others);
	readings->ratios[at] = taken[RIVAL][at] / taken[OURS][at];
	if (race->by[0].run)
		readings->ratios[at] /= taken[BY_RIVAL][at] / taken[BY_OURS][at];
	return err;
}

/* How many turns make a round, by how long our side took when it was warmed. */
static unsigned turns_of(double ours)
{
	double turns = BENCH_ROUND_SECONDS / ours;
	return turns >= BENCH_TURNS_MAX ? BENCH_TURNS_MAX : (unsigned)turns + 1;
}

static unsigned tries_max(const struct bench_race *race)
{
	return race->clock == BENCH_WALL ? BENCH_QUIET_TRIES_MAX_WALL : BENCH_QUIET_TRIES_MAX;
}

/* Wait until others leave the machine alone, as long as that may take. */
static void wait_quiet(const struct bench_race *race, struct readings *readings)
{
	const struct timespec moment = {0, BENCH_QUIET_NS};
	struct bench_others others;
	for (; readings->waited < tries_max(race); readings->waited++) {
		bench_others_begin(&others);
		nanosleep(&moment, NULL);
		if (bench_others_end(&others) <= BENCH_OTHERS_MAX)
			break;
	}
}

/* Is the last round worth little, and may it be taken again? */
static bool is_disturbed(const struct bench_race *race, struct readings *readings)
{
	bool is = readings->others[readings->count] > BENCH_OTHERS_MAX &&
		readings->disturbed < BENCH_DISTURBED_MAX && readings->waited < tries_max(race);
	readings->disturbed += is;
	return is;
}

static int time_rounds(const struct bench_race *race, struct readings *readings)
{
	while (readings->count < BENCH_ROUNDS_MAX) {
		wait_quiet(race, readings);
		int err = time_round(race, readings);
		if (err)
			return err;
		if (is_disturbed(race, readings) || ++readings->count < BENCH_ROUNDS_MIN)
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
	if (side->constant > 0)
		printf(",\"constant\":true");
	for (size_t i = 0; i < BENCH_AMOUNTS_MAX && race->amounts[i].unit; i++)
		printf(",\"%s_per_s\":%.6g", race->amounts[i].unit,
			race->amounts[i].count / median);
	printf("},");
}

/* What the ratio was divided by. */
static void print_by(const struct bench_race *race, const double seconds[2])
{
	printf("\"divided_by\":{\"ratio\":%.4f,\"%s\":%.6f,\"%s\":%.6f},", seconds[0] / seconds[1],
		race->by[0].name, seconds[0], race->by[1].name, seconds[1]);
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

/* Why the ratio says nothing, or NULL. */
static const char *void_reason(const struct bench_race *race, const struct readings *readings)
{
	if (!rival_is_fair(race, bench_median(readings->seconds[RIVAL], readings->count)))
		return "the rival is slower than what it stands for";
	if (race->clock == BENCH_WALL &&
		bench_median(readings->others, readings->count) > BENCH_OTHERS_MAX)
		return "others were at work on this machine";
	return NULL;
}

static void print_spread(const struct bench_race *race, const struct readings *readings)
{
	static const char *const clocks[] = {[BENCH_THREAD] = "thread CPU",
		[BENCH_PROCESS] = "process CPU",
		[BENCH_WALL] = "wall"};
	const struct bench_interval *interval = &readings->interval;
	printf("\"spread\":{\"min\":%.4f,\"max\":%.4f,\"low95\":%.4f,\"high95\":%.4f,"
	       "\"mean\":%.4f,\"tight\":%s},",
		interval->min, interval->max, interval->low, interval->high, interval->mean,
		bench_interval_tight(interval) ? "true" : "false");
	printf("\"rounds\":%zu,\"turns\":%u,\"clock\":\"%s\",\"others\":%.3f,\"disturbed\":%u,",
		readings->count, readings->turns, clocks[race->clock],
		bench_median(readings->others, readings->count), readings->disturbed);
}

static void print_line(
	const struct bench *bench, const struct bench_race *race, const struct readings *readings)
{
	double value = bench_interval_value(&readings->interval), median[SIDES] = {0};
	for (int side = 0; side < sides_of(race); side++)
		median[side] = bench_median(readings->seconds[side], readings->count);
	printf("{\"name\":\"%s/%s\",\"value\":%.4f,\"unit\":\"rival's time / ours\",", bench->name,
		race->name, value);
	print_spread(race, readings);
	const char *nothing = void_reason(race, readings);
	if (race->floor > 0)
		printf("\"floor\":%.2f,\"holds\":%s,", race->floor,
			value >= race->floor && !nothing ? "true" : "false");
	if (nothing)
		printf("\"void\":\"%s\",", nothing);
	print_side(race, "rival", &race->rival, median[RIVAL]);
	print_side(race, "ours", &race->ours, median[OURS]);
	if (race->by[0].run)
		print_by(race, median + BY_RIVAL);
	if (race->more)
		race->more(race->context);
	printf("\"keys\":%llu,", (unsigned long long)bench->keys);
	bench_machine_print();
	printf("}\n");
	fflush(stdout);
}

/* Once each, which warms caches and pages; with --check no clock is read. */
static int warm(const struct bench *bench, const struct bench_race *race, struct readings *readings)
{
	double ours = 0;
	int err = 0;
	for (int side = 0; side < sides_of(race) && !err; side++) {
		if (side == OURS && !bench->check)
			err = time_side(race, side, &ours);
		else
			err = run_side(race, side_of(race, side));
	}
	readings->turns = bench->check ? 1 : turns_of(ours);
	return err;
}

static double race_on(struct bench *bench, const struct bench_race *race)
{
	struct readings readings = {0};
	int err = warm(bench, race, &readings);
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

double bench_run(struct bench *bench, const struct bench_race *race)
{
	cpu_set_t before;
	if (bench->only && strcmp(bench->only, race->name) != 0)
		return 0;
	bool pinned = race->clock == BENCH_THREAD && pin(&before);
	double value = race_on(bench, race);
	if (pinned)
		sched_setaffinity(0, sizeof before, &before);
	return value;
}
