#include "core/budget.h"

#include "base/check.h"

#define MIB ((uint64_t)1 << 20)
/* zstd's own context and its input and output blocks. */
#define BUDGET_ZSTD_BYTES (MIB / 2)

static uint64_t wire_bytes(uint64_t content)
{
	/* Content that zstd could not shrink, and the envelope. */
	return content + content / 128 + 4096;
}

static uint64_t allowance_bytes(const struct pen_allowance *allowance, unsigned batch_copies)
{
	/* One byte more than allowed is decompressed, so that it is seen. */
	return allowance->content_bytes + 1 + ((uint64_t)1 << allowance->window_log) +
		BUDGET_ZSTD_BYTES + (uint64_t)allowance->entries * PEN_JOB_ENTRY_BYTES +
		(uint64_t)allowance->batch_bytes * batch_copies;
}

/* A kind of part whose content has at most so many bytes. */
static struct pen_budget_part part_make(
	const struct pen_budget_ask *ask, uint64_t content, bool alone)
{
	uint64_t entries = alone ? PEN_PART_ENTRIES_MAX : content / PEN_BUDGET_ENTRY_BYTES;
	struct pen_budget_part part = {.wire_bytes = wire_bytes(content),
		.allowance = {.content_bytes = content,
			.entries = (uint32_t)(entries < PEN_PART_ENTRIES_MAX
					? entries
					: PEN_PART_ENTRIES_MAX),
			.window_log = alone ? PEN_WINDOW_LOG_MAX : PEN_BUDGET_WINDOW_LOG,
			.batch_bytes = content / 8 * PEN_BUDGET_BATCH_EIGHTHS,
			.alone = alone}};
	part.job_bytes = allowance_bytes(&part.allowance, ask->batch_copies);
	return part;
}

static uint64_t parts_bytes(const struct pen_budget_part *part, unsigned jobs, unsigned connections)
{
	return part->wire_bytes * (jobs + connections) + part->job_bytes * jobs;
}

static uint64_t fixed_bytes(const struct pen_budget_ask *ask, unsigned connections)
{
	return PEN_BUDGET_PROCESS_BYTES + ask->sink_bytes +
		PEN_BUDGET_CONNECTION_BYTES * connections;
}

/* All lines with so many workers and gets of parts of this content. */
static uint64_t sum(
	const struct pen_budget_ask *ask, uint64_t content, unsigned jobs, unsigned connections)
{
	struct pen_budget_part part = part_make(ask, content, false);
	return fixed_bytes(ask, connections) + parts_bytes(&part, jobs, connections);
}

static uint64_t sum_alone(const struct pen_budget_ask *ask, uint64_t content, unsigned connections)
{
	struct pen_budget_part part = part_make(ask, content, true);
	return fixed_bytes(ask, connections) + part.wire_bytes + part.job_bytes;
}

/* As many workers as fit beside all connections; with a single one, as many connections. */
static bool grant(struct pen_budget *budget)
{
	const struct pen_budget_ask *ask = &budget->ask;
	unsigned jobs = ask->jobs, connections = ask->connections;
	while (sum(ask, PEN_BUDGET_PART_BYTES_MIN, jobs, connections) > ask->memory_bytes) {
		if (jobs > 1)
			jobs--;
		else if (connections > 1)
			connections--;
		else
			return false;
	}
	budget->jobs = jobs;
	budget->connections = connections;
	budget->slots = jobs + connections;
	return true;
}

/* What is left makes parts larger, in steps that are easy to read. */
static void part_grow(struct pen_budget *budget)
{
	const struct pen_budget_ask *ask = &budget->ask;
	uint64_t content = PEN_BUDGET_PART_BYTES_MIN;
	while (content + MIB <= PEN_PART_BYTES_MAX &&
		sum(ask, content + MIB, budget->jobs, budget->connections) <= ask->memory_bytes)
		content += MIB;
	budget->part = part_make(ask, content, false);
	uint64_t alone = content;
	while (alone + MIB <= PEN_PART_BYTES_MAX &&
		sum_alone(ask, alone + MIB, budget->connections) <= ask->memory_bytes)
		alone += MIB;
	budget->alone = part_make(ask, alone, true);
	/* All limits of the format need more than there is: at least what others get. */
	if (sum_alone(ask, alone, budget->connections) > ask->memory_bytes) {
		budget->alone = budget->part;
		budget->alone.allowance.alone = true;
	}
}

int pen_budget_make(
	struct pen_budget *budget, const struct pen_budget_ask *ask, struct pen_why *why)
{
	PEN_CHECK(ask->connections >= 1);
	PEN_CHECK(ask->jobs >= 1);
	*budget = (struct pen_budget){.ask = *ask};
	if (!grant(budget))
		return pen_fail(why, PEN_EREFUSED,
			"--memory %llu MiB is too little: one part of ordinary size, one "
			"connection and one worker need %llu MiB",
			(unsigned long long)(ask->memory_bytes / MIB),
			(unsigned long long)(sum(ask, PEN_BUDGET_PART_BYTES_MIN, 1, 1) / MIB + 1));
	part_grow(budget);
	budget->connection_bytes = PEN_BUDGET_CONNECTION_BYTES * budget->connections;
	budget->sum_bytes = fixed_bytes(ask, budget->connections) +
		parts_bytes(&budget->part, budget->jobs, budget->connections);
	/* In whole MiB, so that the number that is printed is enough. */
	budget->largest_bytes = (sum_alone(ask, PEN_PART_BYTES_MAX, budget->connections) + MIB -
					1) /
		MIB * MIB;
	return 0;
}
