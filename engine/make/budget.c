/* The memory that a make declares, and keeps to. */
#include "make/cut.h"
#include "make/frames.h"
#include "make/make.h"
#include "make/runs.h"
#include "make/worth.h"
#include "part/lean.h"

/* A stretch as read and its pairs; nodes below limbs, with their table; zstd's tables; the runs of
 * a spilled part while they merge. */
#define FIXED_BYTES \
	(3 * PEN_STRETCH_BYTES + 2 * PEN_DIG_NODES_BYTES + ((size_t)8 << 20) + \
		PEN_GATHER_RUNS_MAX * PEN_RUN_BYTES)
/* For lean form: zstd's tables once more, an open frame with what it becomes, frames on their way
 * between workers, distinct values. */
#define LEAN_BYTES \
	(((size_t)8 << 20) + 4 * (size_t)PEN_LEAN_FRAME_RAW_MAX + PEN_FRAMES_BYTES + \
		PEN_WORTH_BITS / 8)

/* What is there beside all that is counted: code and libraries, stacks, and what the allocator
 * keeps of memory that it got back. 71 MB were seen, on a busy machine. */
#define OWN_BYTES ((size_t)96 << 20)

size_t pen_make_budget_sum(const struct pen_make_budget *budget)
{
	return OWN_BYTES + budget->survey +
		budget->jobs * (budget->copies * budget->scratch + budget->fixed);
}

int pen_make_budget_settle(const struct pen_survey *survey, const struct pen_make_budget_ask *ask,
	struct pen_make_budget *budget, struct pen_why *why)
{
	bool lean = ask->forms >> PEN_FORM_LEAN & 1;
	size_t most = lean ? PEN_GATHER_BYTES / 2 : PEN_GATHER_BYTES;
	*budget = (struct pen_make_budget){.copies = lean ? 6 : 3,
		.survey = pen_survey_memory(survey),
		.scratch = PEN_MAKE_SCRATCH_MIN,
		.fixed = lean ? FIXED_BYTES + LEAN_BYTES : FIXED_BYTES,
		.jobs = ask->jobs};
	size_t least = pen_make_budget_sum(budget);
	if (ask->memory && ask->memory < least)
		return pen_fail(why, PEN_EREFUSED,
			"--memory is %llu bytes: %u workers on this state need at least %zu (%zu "
			"of them for its survey)",
			(unsigned long long)ask->memory, ask->jobs, least, budget->survey);
	size_t more = ask->memory ? (size_t)(ask->memory - least) / ask->jobs / budget->copies
				  : most;
	if (more > most - PEN_MAKE_SCRATCH_MIN)
		more = most - PEN_MAKE_SCRATCH_MIN;
	budget->scratch += more;
	return 0;
}
