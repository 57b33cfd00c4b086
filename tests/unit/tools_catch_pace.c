/* Who is asked for a block that somebody else brings. */
#include "catch_pace.h"

#include <criterion/criterion.h>

#include "base/check.h"

#define MS INT64_C(1000000)

static struct catch_pace pace_of(unsigned blocks, int64_t each_ns)
{
	struct catch_pace pace = {0};
	for (unsigned i = 0; i < blocks; i++)
		catch_pace_note(&pace, 1, each_ns);
	return pace;
}

Test(tools_catch_pace, the_mean_is_of_what_came_last)
{
	struct catch_pace pace = {0};
	cr_expect_eq(catch_pace_mean_ns(&pace), CATCH_PACE_UNKNOWN_NS);
	catch_pace_note(&pace, 0, 30 * MS);
	cr_expect_eq(catch_pace_mean_ns(&pace), CATCH_PACE_UNKNOWN_NS, "nothing came yet");
	catch_pace_note(&pace, 3, 0);
	cr_expect_eq(catch_pace_mean_ns(&pace), 10 * MS);
	for (unsigned i = 0; i < 10 * CATCH_PACE_BLOCKS; i++)
		catch_pace_note(&pace, 1, 50 * MS);
	cr_expect_gt(catch_pace_mean_ns(&pace), 49 * MS);
	cr_expect_leq(catch_pace_mean_ns(&pace), 50 * MS);
	cr_expect_lt(pace.blocks, 2 * CATCH_PACE_BLOCKS);
}

Test(tools_catch_pace, what_is_left)
{
	static const struct {
		unsigned known; /* blocks, of 10 ms each */
		unsigned count;
		int64_t since_ms, left_ms;
	} rows[] = {
		{5, 1, 0, 10},
		{5, 1, 4, 6},
		{5, 1, 10, 10}, /* late: as long again */
		{5, 1, 300, 300},
		{5, 4, 0, 40},
		{5, 4, 6, 34},
		{5, 4, 300, 330},
		{0, 1, 0, 0}, /* nothing is known */
		{0, 1, 70, 70},
		{0, 9, 70, 70},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct catch_pace pace = pace_of(rows[i].known, 10 * MS);
		cr_expect_eq(catch_pace_left_ns(&pace, rows[i].count, rows[i].since_ms * MS),
			rows[i].left_ms * MS, "row %zu", i);
	}
}

Test(tools_catch_pace, who_helps)
{
	static const struct {
		unsigned known; /* blocks, of 10 ms each */
		unsigned ahead;
		int64_t left_ms;
		bool helps;
	} rows[] = {
		{5, 0, 15, false}, /* it is not worth it */
		{5, 0, 20, false},
		{5, 0, 21, true},
		{5, 3, 79, false},
		{5, 3, 81, true},
		{0, 0, 1900, false}, /* he is not known */
		{0, 0, 2100, true},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct catch_pace pace = pace_of(rows[i].known, 10 * MS);
		cr_expect_eq(catch_pace_helps(&pace, rows[i].ahead, rows[i].left_ms * MS),
			rows[i].helps, "row %zu", i);
	}
}
