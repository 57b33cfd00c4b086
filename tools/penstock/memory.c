#include "memory.h"

#include <malloc.h>
#include <stdio.h>

/* Blocks from here on are mapped by themselves. Left alone, glibc raises this to 32 MiB with use,
 * and what is freed then stays between blocks that live on. */
#define MEMORY_MAPPED_BYTES (1 << 20)
/* Arenas in all: each may keep what its thread freed. */
#define MEMORY_ARENAS_MAX 4

void memory_fix(void)
{
	mallopt(M_MMAP_THRESHOLD, MEMORY_MAPPED_BYTES);
	mallopt(M_TRIM_THRESHOLD, MEMORY_MAPPED_BYTES);
	mallopt(M_ARENA_MAX, MEMORY_ARENAS_MAX);
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void lines_print(const struct pen_budget *budget)
{
	char text[PEN_BUDGET_TEXT_BYTES];
	fprintf(stderr, "memory: %s of %.0f MiB\n", pen_budget_text(&budget->lines, text),
		mib(budget->ask.memory_bytes));
	fprintf(stderr,
		"memory: a part of over %.0f MiB is fetched again alone and may have %.0f MiB; one "
		"of %.0f MiB, the largest there can be, needs --memory %.0fMiB\n",
		mib(budget->part.allowance.content_bytes),
		mib(budget->alone.allowance.content_bytes), mib(PEN_PART_BYTES_MAX),
		mib(budget->largest_bytes));
}

void memory_say(const struct pen_budget *budget, bool less)
{
	const struct pen_budget_ask *ask = &budget->ask;
	if (budget->jobs < ask->jobs || budget->connections < ask->connections)
		fprintf(stderr,
			"--memory %.0f MiB is enough for %u of %u workers and %u of %u "
			"connections\n",
			mib(ask->memory_bytes), budget->jobs, ask->jobs, budget->connections,
			ask->connections);
	if (!less)
		lines_print(budget);
}
