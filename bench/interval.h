/*
 * interval: what a handful of readings say about the ratio of two times: their geometric mean and
 * the 95 % interval around it by Student's t on the logarithms. Pure functions, any thread.
 */
#ifndef PEN_BENCH_INTERVAL_H
#define PEN_BENCH_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>

/* A race runs so many rounds at least, and at most. */
#define BENCH_ROUNDS_MIN 5u
#define BENCH_ROUNDS_MAX 20u

/* The interval is tight when its upper end is at most so many times its lower. */
#define BENCH_TIGHT 1.05

struct bench_interval {
	double mean; /* geometric */
	double low, high; /* of 95 % */
	double min, max; /* of the readings */
};

/* The interval of `count` ratios, BENCH_ROUNDS_MIN to BENCH_ROUNDS_MAX, each above 0. */
struct bench_interval bench_interval_of(const double *ratios, size_t count);

static inline bool bench_interval_tight(const struct bench_interval *interval)
{
	return interval->high <= interval->low * BENCH_TIGHT;
}

/* The value that counts: the mean if the interval is tight, else its lower end. */
static inline double bench_interval_value(const struct bench_interval *interval)
{
	return bench_interval_tight(interval) ? interval->mean : interval->low;
}

/* The median of `count` > 0 readings, at most BENCH_ROUNDS_MAX. */
double bench_median(const double *readings, size_t count);

/* Known answers; false if this arithmetic is broken. */
bool bench_interval_check(void);

#endif
