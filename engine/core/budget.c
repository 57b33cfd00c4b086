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

static void fixed_add(
	struct pen_budget_sum *sum, const struct pen_budget_ask *ask, unsigned connections)
{
	pen_budget_add(sum, "process", 1, PEN_BUDGET_PROCESS_BYTES);
	pen_budget_add(sum, "database", 1, ask->sink_bytes);
	pen_budget_add(sum, "packets", 1, ask->packets_bytes);
	pen_budget_add(sum, "connections", connections, PEN_BUDGET_CONNECTION_BYTES);
}

/* All lines with so many workers and gets of parts of this kind. */
static struct pen_budget_sum lines(const struct pen_budget_ask *ask,
	const struct pen_budget_part *part, unsigned jobs, unsigned connections)
{
	struct pen_budget_sum sum = {0};
	fixed_add(&sum, ask, connections);
	pen_budget_add(&sum, "parts", jobs + connections, part->wire_bytes);
	pen_budget_add(&sum, "workers", jobs, part->job_bytes);
	return sum;
}

static uint64_t sum(
	const struct pen_budget_ask *ask, uint64_t content, unsigned jobs, unsigned connections)
{
	struct pen_budget_part part = part_make(ask, content, false);
	struct pen_budget_sum all = lines(ask, &part, jobs, connections);
	return pen_budget_total(&all);
}

static uint64_t sum_alone(const struct pen_budget_ask *ask, uint64_t content, unsigned connections)
{
	struct pen_budget_part part = part_make(ask, content, true);
	struct pen_budget_sum all = {0};
	fixed_add(&all, ask, connections);
	pen_budget_add(&all, "part", 1, part.wire_bytes + part.job_bytes);
	return pen_budget_total(&all);
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
	if (!grant(budget)) {
		struct pen_budget_part least = part_make(ask, PEN_BUDGET_PART_BYTES_MIN, false);
		budget->lines = lines(ask, &least, 1, 1);
		return pen_budget_fit(&budget->lines, ask->memory_bytes, "--memory", why);
	}
	part_grow(budget);
	budget->lines = lines(ask, &budget->part, budget->jobs, budget->connections);
	budget->sum_bytes = pen_budget_total(&budget->lines);
	/* In whole MiB, so that the number that is printed is enough. */
	budget->largest_bytes = (sum_alone(ask, PEN_PART_BYTES_MAX, budget->connections) + MIB -
					1) /
		MIB * MIB;
	return 0;
}
