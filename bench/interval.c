#include "bench/interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Student's t, 97.5 %, by degrees of freedom from 1. */
static const double student[BENCH_ROUNDS_MAX - 1] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447,
	2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double bench_median(const double *readings, size_t count)
{
	double sorted[BENCH_ROUNDS_MAX];
	PEN_CHECK(count > 0);
	PEN_CHECK(count <= BENCH_ROUNDS_MAX);
	memcpy(sorted, readings, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare);
	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

struct bench_interval bench_interval_of(const double *ratios, size_t count)
{
	PEN_CHECK(count >= 2);
	PEN_CHECK(count <= BENCH_ROUNDS_MAX);
	struct bench_interval out = {.min = ratios[0], .max = ratios[0]};
	double sum = 0, squares = 0;
	for (size_t i = 0; i < count; i++) {
		sum += log(ratios[i]);
		out.min = fmin(out.min, ratios[i]);
		out.max = fmax(out.max, ratios[i]);
	}
	double mean = sum / (double)count;
	for (size_t i = 0; i < count; i++)
		squares += (log(ratios[i]) - mean) * (log(ratios[i]) - mean);
	double error = sqrt(squares / (double)(count - 1) / (double)count);
	double reach = student[count - 2] * error;
	out.mean = exp(mean);
	out.low = exp(mean - reach);
	out.high = exp(mean + reach);
	return out;
}

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-3;
}

bool bench_interval_check(void)
{
	/* Of `wide`, ln 2 is the mean and the deviation: it reaches 2.776 ln 2 / sqrt 5. */
	static const double wide[] = {1, 4, 1, 4, 2}, flat[] = {3, 3, 3, 3, 3},
			    even[] = {4, 1, 3, 2};
	struct bench_interval a = bench_interval_of(wide, 5), b = bench_interval_of(flat, 5);
	return near(a.mean, 2) && near(a.high, 2 * pow(2, 2.776 / sqrt(5))) && near(a.min, 1) &&
		near(a.max, 4) && !bench_interval_tight(&a) &&
		near(bench_interval_value(&a), a.low) && near(b.mean, 3) &&
		bench_interval_tight(&b) && near(bench_median(even, 4), 2.5) &&
		near(bench_median(wide, 5), 2);
}
