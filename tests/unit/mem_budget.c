/* Sums of memory, as rows. */
#include "mem/budget.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define MIB ((uint64_t)1 << 20)

Test(mem_budget, prints_its_lines)
{
	struct pen_budget_sum sum = {0};
	char text[PEN_BUDGET_TEXT_BYTES];
	cr_assert_str_eq(pen_budget_text(&sum, text), " = 0.0 MiB");
	pen_budget_add(&sum, "process", 1, 40 * MIB);
	pen_budget_add(&sum, "connections", 8, MIB / 2);
	pen_budget_add(&sum, "nothing", 0, MIB);
	pen_budget_add(&sum, "empty", 3, 0);
	cr_assert_eq(sum.count, 2);
	cr_assert_eq(pen_budget_total(&sum), 44 * MIB);
	cr_assert_str_eq(
		pen_budget_text(&sum, text), "process 40.0 MiB + 8 connections 4.0 MiB = 44.0 MiB");
}

Test(mem_budget, refuses_what_does_not_fit)
{
	struct pen_budget_sum sum = {0};
	struct pen_why why = {0};
	pen_budget_add(&sum, "process", 1, 40 * MIB);
	pen_budget_add(&sum, "blocks", 3, MIB + 1);
	cr_assert_eq(pen_budget_fit(&sum, 44 * MIB, "--memory", &why), 0);
	cr_assert_str_eq(why.text, "");
	cr_assert_eq(pen_budget_fit(&sum, 43 * MIB + 3, "--memory", &why), 0);
	cr_assert_eq(pen_budget_fit(&sum, 43 * MIB + 2, "--memory", &why), PEN_EREFUSED);
	cr_assert_str_eq(why.text,
		"--memory 43 MiB is too little: process 40.0 MiB + 3 blocks 3.0 MiB = 43.0 MiB; "
		"44 MiB would do");
}

Test(mem_budget, does_not_wrap)
{
	struct pen_budget_sum sum = {0};
	struct pen_why why = {0};
	pen_budget_add(&sum, "half", 1, UINT64_MAX / 2 + 2);
	pen_budget_add(&sum, "other half", 1, UINT64_MAX / 2 + 2);
	cr_assert_eq(pen_budget_total(&sum), UINT64_MAX);
	cr_assert_eq(pen_budget_fit(&sum, UINT64_MAX - 1, "--memory", &why), PEN_EREFUSED);
}

Test(mem_budget, cuts_a_text_that_is_too_long)
{
	struct pen_budget_sum sum = {0};
	char text[PEN_BUDGET_TEXT_BYTES], name[120];
	snprintf(name, sizeof name, "%0119d", 7);
	for (unsigned i = 0; i < PEN_BUDGET_LINES_MAX; i++)
		pen_budget_add(&sum, name, 2, MIB);
	cr_assert_eq(strlen(pen_budget_text(&sum, text)), PEN_BUDGET_TEXT_BYTES - 1);
}
