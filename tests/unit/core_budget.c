/* The sum as rows: what is granted for a cap, and that it holds. */
#include "core/budget.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define MIB (1 << 20)

/* A sink like RocksDB's. */
#define SINK_BYTES ((uint64_t)160 * MIB)
#define COPIES 2u

static uint64_t fixed(const struct pen_budget *budget)
{
	return PEN_BUDGET_PROCESS_BYTES + SINK_BYTES + budget->ask.packets_bytes +
		PEN_BUDGET_CONNECTION_BYTES * budget->connections;
}

static void sums_check(const struct pen_budget *budget, const char *name)
{
	const struct pen_budget_part *part = &budget->part, *alone = &budget->alone;
	uint64_t all = fixed(budget) + part->wire_bytes * budget->slots +
		part->job_bytes * budget->jobs;
	cr_expect_eq(all, budget->sum_bytes, "%s", name);
	cr_expect_leq(all, budget->ask.memory_bytes, "%s", name);
	cr_expect_leq(fixed(budget) + alone->wire_bytes + alone->job_bytes,
		budget->ask.memory_bytes, "%s", name);
	cr_expect_geq(alone->allowance.content_bytes, part->allowance.content_bytes, "%s", name);
	cr_expect_leq(alone->allowance.content_bytes, PEN_PART_BYTES_MAX, "%s", name);
	cr_expect_eq(budget->slots, budget->jobs + budget->connections, "%s", name);
	cr_expect(alone->allowance.alone && !part->allowance.alone, "%s", name);
}

Test(core_budget, grants_what_fits)
{
	static const struct {
		const char *name;
		unsigned mib, connections, jobs;
		unsigned connections_granted, jobs_granted;
		unsigned part_mib_min, alone_mib_min;
		unsigned packets_mib;
	} rows[] = {
		{"the default on two CPUs", 1024, 8, 2, 8, 2, 32, 78},
		{"the default on many CPUs", 1024, 8, 64, 8, 2, 32, 78},
		{"many connections", 1024, 64, 2, 16, 1, 32, 70},
		{"our own protocol", 1024, 4, 2, 4, 2, 32, 64, 114},
		{"little", 520, 8, 2, 1, 1, 32, 32},
		{"plenty", 4096, 8, 2, 8, 2, 120, 500},
		{"plenty of CPUs", 16384, 8, 32, 8, 32, 50, 512},
		{"no end", 1u << 20, 64, 256, 64, 256, 512, 512},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_budget budget;
		struct pen_why why = {0};
		struct pen_budget_ask ask = {.memory_bytes = (uint64_t)rows[i].mib * MIB,
			.connections = rows[i].connections,
			.jobs = rows[i].jobs,
			.sink_bytes = SINK_BYTES,
			.packets_bytes = (uint64_t)rows[i].packets_mib * MIB,
			.batch_copies = COPIES};
		cr_assert_eq(pen_budget_make(&budget, &ask, &why), 0, "%s", why.text);
		sums_check(&budget, rows[i].name);
		cr_expect_eq(budget.connections, rows[i].connections_granted, "%s: %u",
			rows[i].name, budget.connections);
		cr_expect_eq(
			budget.jobs, rows[i].jobs_granted, "%s: %u", rows[i].name, budget.jobs);
		cr_expect_geq(budget.part.allowance.content_bytes / MIB, rows[i].part_mib_min,
			"%s: %zu", rows[i].name, budget.part.allowance.content_bytes / MIB);
		cr_expect_geq(budget.alone.allowance.content_bytes / MIB, rows[i].alone_mib_min,
			"%s: %zu", rows[i].name, budget.alone.allowance.content_bytes / MIB);
	}
}

/* The largest real part, and the cap that the sentence names. */
Test(core_budget, is_enough_for_what_is_real)
{
	struct pen_budget budget;
	struct pen_why why = {0};
	struct pen_budget_ask ask = {.memory_bytes = PEN_BUDGET_BYTES_DEFAULT,
		.connections = 8,
		.jobs = 2,
		.sink_bytes = SINK_BYTES,
		.batch_copies = COPIES};
	cr_assert_eq(pen_budget_make(&budget, &ask, &why), 0);
	cr_expect_geq(budget.part.wire_bytes, PEN_PART_MEMORY_LIMIT);
	cr_expect_geq(budget.part.allowance.entries, 440488);
	ask.memory_bytes = budget.largest_bytes;
	cr_assert_eq(pen_budget_make(&budget, &ask, &why), 0);
	cr_expect_eq(budget.alone.allowance.content_bytes, PEN_PART_BYTES_MAX);
	cr_expect_geq(budget.alone.wire_bytes, PEN_PART_BYTES_MAX);
	ask.memory_bytes = (uint64_t)100 * MIB;
	cr_assert_eq(pen_budget_make(&budget, &ask, &why), PEN_EREFUSED);
	unsigned need = 0;
	cr_assert_eq(
		sscanf(strrchr(why.text, ';') + 1, "%u MiB would do", &need), 1, "%s", why.text);
	ask.memory_bytes = (uint64_t)need * MIB;
	cr_expect_eq(pen_budget_make(&budget, &ask, &why), 0, "%s", why.text);
	cr_expect_eq(budget.slots, 2);
	sums_check(&budget, "the least");
}
