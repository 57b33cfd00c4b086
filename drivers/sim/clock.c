#include "drivers/sim/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

void pen_sim_clock_init(struct pen_sim_clock *clock, uint64_t seed)
{
	*clock = (struct pen_sim_clock){.seed = seed, .trace = pen_rng_mix(seed)};
}

struct pen_rng pen_sim_clock_rng(const struct pen_sim_clock *clock, uint64_t stream)
{
	return (struct pen_rng){pen_rng_mix(pen_rng_mix(clock->seed) ^ stream)};
}

void pen_sim_clock_move(struct pen_sim_clock *clock, int64_t now_ns)
{
	PEN_CHECK(now_ns >= clock->now_ns);
	clock->now_ns = now_ns;
}

void pen_sim_breach(const struct pen_sim_clock *clock, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "sim: a contract was broken: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, " (seed %llu, %lld ns)\n", (unsigned long long)clock->seed,
		(long long)clock->now_ns);
	va_end(arguments);
	abort();
}
