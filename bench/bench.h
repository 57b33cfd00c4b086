/*
 * bench: two ways to do the same work, raced in one process.
 *
 * Absolute times drift from run to run and from machine to machine, so what is claimed is a ratio:
 * the rival's time over ours, both measured in one run, turn by turn, on one CPU, until the 95 %
 * interval is tight (bench/interval.h); if it never is, its lower end counts. A race prints one
 * line of JSON on stdout. With --check each side runs once, results are compared, and no clock is
 * read: that is what the test suite does.
 *
 * Work of one thread is timed by that thread's CPU clock, so that who else runs on the machine
 * counts less; that of several threads by the process's. How work spreads over threads shows on the
 * wall clock alone. A round waits until others leave the machine alone, and one that they had much
 * of is thrown away and taken again, as long as that may take; every line says what others had, and
 * a result of the wall clock that they had much of is void.
 */
#ifndef PEN_BENCH_BENCH_H
#define PEN_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_AMOUNTS_MAX 4u
/* The sides take turns in a round until ours had about so many seconds, which spreads a burst of
 * others' work over all of them; so many turns at most. */
#define BENCH_ROUND_SECONDS 1.0
#define BENCH_TURNS_MAX 12u
/* Of all CPUs' time in a round, what others may have. */
#define BENCH_OTHERS_MAX 0.02
/* Rounds that are thrown away because they had more, at most. */
#define BENCH_DISTURBED_MAX 20u
/* How long others are watched before a round, and how often at most in a race when they are at
 * work: half a minute, two where the ratio is void otherwise. */
#define BENCH_QUIET_NS 300000000
#define BENCH_QUIET_TRIES_MAX 100u
#define BENCH_QUIET_TRIES_MAX_WALL 400u

/* What is read before and after a run. */
enum bench_clock {
	BENCH_THREAD, /* CPU time of the thread, which is pinned */
	BENCH_PROCESS, /* CPU time of all threads */
	BENCH_WALL,
};

/* One program under way. */
struct bench {
	const char *name; /* of the program: "hash" */
	bool check; /* only compare results */
	uint64_t keys; /* of the state to work on */
	const char *only; /* the one race to run, or NULL: all are */
	int failed; /* races that could not be run, or whose sides disagree */
};

/* One of the two ways. */
struct bench_side {
	const char *name; /* "libipsec-mb" */
	int (*run)(void *context); /* the work, once; 0, or a negative code that ends the race */
	double constant; /* seconds that it takes, where it was read elsewhere: no run */
};

/* Work that one run does, to be told as a rate. */
struct bench_amount {
	const char *unit; /* "keys"; NULL ends the list */
	double count;
};

struct bench_race {
	const char *name; /* "build/kernel": with the program's name before it, unique */
	struct bench_side rival, ours;
	struct bench_side by[2]; /* NULL, or the same two ways for something else: the ratio is
				    divided by that of these */
	void *context; /* handed to all */
	bool (*same)(void *context); /* do the results of the last two runs agree? may be NULL */
	struct bench_amount amounts[BENCH_AMOUNTS_MAX];
	double floor; /* the ratio must be at least this; 0: it is only told */
	struct bench_amount
		rival_least; /* a rival of ours that runs below this rate voids the ratio */
	enum bench_clock clock;
	void (*more)(void *context); /* print more members of the line, each behind it a comma;
					may be NULL */
};

/*
 * Read the arguments ([--check]), PEN_BENCH_KEYS and PEN_BENCH_RACE; `keys` and `check_keys` are
 * the defaults. Ends the process with 2 on anything else.
 */
void bench_open(struct bench *bench, const char *name, int argc, char **argv);

/* Run a race and print its line, unless another is wanted alone. Failures go to stderr and are
 * counted. Returns the ratio that counts, 0 with --check or after a failure. */
double bench_run(struct bench *bench, const struct bench_race *race);

/* Count a failure of the program's own, with a sentence. Returns -1. */
__attribute__((format(printf, 2, 3))) int bench_fail(struct bench *bench, const char *format, ...);

/* The exit status: 0, or 1 if anything failed. */
int bench_close(const struct bench *bench);

#endif
