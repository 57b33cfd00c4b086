#include <criterion/criterion.h>

#include "make/gather.h"
#include "make/make.h"

Test(make_budget, as_large_as_the_cap_allows)
{
	struct pen_survey survey;
	struct pen_make_budget budget;
	struct pen_why why = {0};
	pen_survey_init(&survey);
	cr_assert_eq(pen_buf_reserve(&survey.hashes, 1 << 20), 0);
	survey.hashes.len = 1 << 20;
	cr_assert_eq(pen_make_budget_settle(&survey, 2, 0, &budget, &why), 0);
	cr_expect_eq(budget.scratch, PEN_GATHER_BYTES);
	cr_expect_geq(budget.survey, 1 << 20);
	for (unsigned jobs = 1; jobs < 40; jobs += 6) {
		for (uint64_t memory = (uint64_t)1 << 20; memory < (uint64_t)1 << 36; memory *= 2) {
			int err = pen_make_budget_settle(&survey, jobs, memory, &budget, &why);
			cr_assert(err == 0 || err == PEN_EREFUSED);
			if (err)
				continue;
			cr_assert_leq(pen_make_budget_sum(&budget), memory);
			cr_assert_geq(budget.scratch, PEN_MAKE_SCRATCH_MIN);
			cr_assert_leq(budget.scratch, PEN_GATHER_BYTES);
		}
	}
	cr_expect_eq(pen_make_budget_settle(&survey, 4, 1000, &budget, &why), PEN_EREFUSED);
	cr_expect_not_null(strstr(why.text, "--memory"));
	pen_survey_fini(&survey);
}
