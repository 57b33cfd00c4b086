/* The memory that a make declares, and keeps to. */
#include "make/make.h"
#include "make/runs.h"

/* A stretch as read and its pairs; zstd's tables; the runs of a spilled part while they merge. */
#define FIXED_BYTES \
	(3 * PEN_STRETCH_BYTES + ((size_t)8 << 20) + PEN_GATHER_RUNS_MAX * PEN_RUN_BYTES)

size_t pen_make_budget_sum(const struct pen_make_budget *budget)
{
	return budget->survey + budget->jobs * (3 * budget->scratch + budget->fixed);
}

int pen_make_budget_settle(const struct pen_survey *survey, unsigned jobs, uint64_t memory,
	struct pen_make_budget *budget, struct pen_why *why)
{
	*budget = (struct pen_make_budget){.survey = pen_survey_memory(survey),
		.scratch = PEN_MAKE_SCRATCH_MIN,
		.fixed = FIXED_BYTES,
		.jobs = jobs};
	size_t least = pen_make_budget_sum(budget);
	if (memory && memory < least)
		return pen_fail(why, PEN_EREFUSED,
			"--memory is %llu bytes: %u workers on this state need at least %zu (%zu "
			"of them for its survey)",
			(unsigned long long)memory, jobs, least, budget->survey);
	size_t more = memory ? (size_t)(memory - least) / jobs / 3 : PEN_GATHER_BYTES;
	if (more > PEN_GATHER_BYTES - PEN_MAKE_SCRATCH_MIN)
		more = PEN_GATHER_BYTES - PEN_MAKE_SCRATCH_MIN;
	budget->scratch += more;
	return 0;
}
