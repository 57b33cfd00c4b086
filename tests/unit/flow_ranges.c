/* A set of numbers against its model, an array of flags. */
#include "flow/ranges.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "base/check.h"
#include "base/rng.h"

struct op {
	char what; /* '+', '-', 't' */
	uint64_t from, end;
};

static void apply(struct pen_ranges *set, const struct op *op)
{
	if (op->what == '+')
		cr_assert_eq(pen_ranges_add(set, op->from, op->end), 0);
	else if (op->what == '-')
		cr_assert_eq(pen_ranges_cut(set, op->from, op->end), 0);
	else if (op->what == 't')
		pen_ranges_trim(set, op->end);
}

static void text_of(const struct pen_ranges *set, char *text)
{
	*text = 0;
	for (unsigned i = 0; i < set->count; i++)
		text += sprintf(text, "%llu-%llu ", (unsigned long long)set->at[i].from,
			(unsigned long long)set->at[i].end);
}

Test(flow_ranges, ends_as_it_must)
{
	static const struct {
		const char *name;
		struct op ops[5];
		const char *set;
	} rows[] = {
		{"empty", {{0}}, ""},
		{"nothing added", {{'+', 5, 5}}, ""},
		{"one", {{'+', 3, 7}}, "3-7 "},
		{"apart", {{'+', 3, 7}, {'+', 8, 9}}, "3-7 8-9 "},
		{"before", {{'+', 3, 7}, {'+', 0, 1}}, "0-1 3-7 "},
		{"touching above", {{'+', 3, 7}, {'+', 7, 9}}, "3-9 "},
		{"touching below", {{'+', 3, 7}, {'+', 1, 3}}, "1-7 "},
		{"inside", {{'+', 3, 7}, {'+', 4, 5}}, "3-7 "},
		{"around", {{'+', 3, 7}, {'+', 1, 9}}, "1-9 "},
		{"bridge", {{'+', 1, 3}, {'+', 5, 7}, {'+', 3, 5}}, "1-7 "},
		{"bridge of many", {{'+', 1, 2}, {'+', 3, 4}, {'+', 5, 6}, {'+', 2, 9}}, "1-9 "},
		{"cut nothing", {{'+', 1, 9}, {'-', 4, 4}}, "1-9 "},
		{"cut the middle", {{'+', 1, 9}, {'-', 4, 5}}, "1-4 5-9 "},
		{"cut a head", {{'+', 1, 9}, {'-', 0, 4}}, "4-9 "},
		{"cut a tail", {{'+', 1, 9}, {'-', 4, 12}}, "1-4 "},
		{"cut all", {{'+', 1, 3}, {'+', 5, 9}, {'-', 0, 10}}, ""},
		{"cut across", {{'+', 1, 3}, {'+', 5, 9}, {'-', 2, 6}}, "1-2 6-9 "},
		{"cut beside", {{'+', 3, 5}, {'-', 0, 3}, {'-', 5, 9}}, "3-5 "},
		{"trim", {{'+', 1, 3}, {'+', 5, 9}, {'t', 0, 6}}, "6-9 "},
		{"the largest", {{'+', UINT64_MAX - 1, UINT64_MAX}},
			"18446744073709551614-"
			"18446744073709551615 "},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_ranges set = {0};
		char text[PEN_RANGES_MAX * 44];
		for (unsigned k = 0; k < PEN_COUNT(rows[i].ops); k++)
			apply(&set, &rows[i].ops[k]);
		text_of(&set, text);
		cr_expect_str_eq(text, rows[i].set, "%s", rows[i].name);
	}
}

Test(flow_ranges, refuses_one_interval_too_many)
{
	struct pen_ranges set = {0};
	for (uint64_t i = 0; i < PEN_RANGES_MAX; i++)
		cr_assert_eq(pen_ranges_add(&set, i * 4, i * 4 + 2), 0);
	struct pen_ranges full = set;
	cr_expect_eq(pen_ranges_add(&set, 1000, 1001), -ENOSPC);
	cr_expect_eq(pen_ranges_add(&set, 3, 4), 0, "this one touches another");
	set = full;
	cr_expect_eq(pen_ranges_cut(&set, 0, 1), 0);
	cr_expect_eq(pen_ranges_cut(&set, 1, 2), 0, "a whole interval");
	cr_expect_eq(pen_ranges_add(&set, 0, 2), 0);
	cr_expect_eq(pen_ranges_add(&set, 500, 510), -ENOSPC);
	cr_expect_eq(pen_ranges_cut(&set, 2, 3), 0, "nothing is there");
	cr_assert_eq(memcmp(&set, &full, sizeof set), 0);
	cr_assert_eq(pen_ranges_add(&set, 124, 130), 0);
	cr_expect_eq(pen_ranges_cut(&set, 126, 127), -ENOSPC, "two of one");
	pen_ranges_trim(&set, 8);
	cr_expect_eq(set.count, PEN_RANGES_MAX - 2);
	cr_expect_eq(pen_ranges_cut(&set, 126, 127), 0);
}

#define SPAN 200u

Test(flow_ranges, agrees_with_flags)
{
	struct pen_rng rng = {7};
	for (unsigned run = 0; run < 200; run++) {
		struct pen_ranges set = {0};
		bool flags[SPAN] = {0};
		for (unsigned step = 0; step < 100; step++) {
			uint64_t from = pen_rng_below(&rng, SPAN);
			uint64_t end = from + pen_rng_below(&rng, SPAN - from + 1) / 4;
			bool add = pen_rng_below(&rng, 2);
			int code = add ? pen_ranges_add(&set, from, end)
				       : pen_ranges_cut(&set, from, end);
			cr_assert(code == 0 || set.count >= PEN_RANGES_MAX - 1);
			for (uint64_t x = from; code == 0 && x < end; x++)
				flags[x] = add;
			uint64_t sum = 0, gap = SPAN;
			for (unsigned x = SPAN; x-- > 0;) {
				cr_assert_eq(pen_ranges_has(&set, x), flags[x]);
				gap = flags[x] ? gap : x;
				sum += flags[x];
			}
			cr_assert_eq(pen_ranges_within(&set, 0, SPAN), sum);
			cr_assert_eq(pen_ranges_gap(&set, 0), gap);
		}
	}
}
