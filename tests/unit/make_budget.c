#include <criterion/criterion.h>

#include "make/gather.h"
#include "make/make.h"

Test(make_budget, as_large_as_the_cap_allows)
{
	struct pen_survey survey;
	struct pen_make_budget budget;
	struct pen_make_budget_ask ask = {.jobs = 2};
	struct pen_why why = {0};
	pen_survey_init(&survey);
	cr_assert_eq(pen_buf_reserve(&survey.hashes, 1 << 20), 0);
	survey.hashes.len = 1 << 20;
	cr_assert_eq(pen_make_budget_settle(&survey, &ask, &budget, &why), 0);
	cr_expect_eq(budget.scratch, PEN_GATHER_BYTES);
	ask.forms = 1u << PEN_FORM_LEAN;
	cr_assert_eq(pen_make_budget_settle(&survey, &ask, &budget, &why), 0);
	cr_expect_eq(budget.scratch, PEN_GATHER_BYTES / 2);
	cr_expect_eq(budget.copies, 6);
	cr_expect_geq(budget.survey, 1 << 20);
	for (unsigned jobs = 1; jobs < 40; jobs += 6) {
		for (uint64_t memory = (uint64_t)1 << 20; memory < (uint64_t)1 << 36; memory *= 2) {
			ask = (struct pen_make_budget_ask){jobs, 1 + jobs % 3, memory};
			int err = pen_make_budget_settle(&survey, &ask, &budget, &why);
			cr_assert(err == 0 || err == PEN_EREFUSED);
			if (err)
				continue;
			cr_assert_leq(pen_make_budget_sum(&budget), memory);
			cr_assert_geq(pen_make_budget_sum(&budget),
				budget.survey +
					jobs * (budget.copies * budget.scratch + budget.fixed) +
					((size_t)64 << 20),
				"the program itself has room");
			cr_assert_geq(budget.scratch, PEN_MAKE_SCRATCH_MIN);
			cr_assert_leq(budget.scratch, PEN_GATHER_BYTES);
		}
	}
	ask = (struct pen_make_budget_ask){4, 1, 1000};
	cr_expect_eq(pen_make_budget_settle(&survey, &ask, &budget, &why), PEN_EREFUSED);
	cr_expect_not_null(strstr(why.text, "--memory"));
	pen_survey_fini(&survey);
}
