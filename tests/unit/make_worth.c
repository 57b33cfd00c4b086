#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "base/rng.h"
#include "make/worth.h"

Test(make_worth, limit_is_two_percent_and_4_kib)
{
	static const struct {
		uint64_t nearcore, limit;
	} rows[] = {{0, 4096}, {49, 4145}, {50, 4147}, {1000000, 1024096}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_assert_eq(pen_worth_limit(rows[i].nearcore), rows[i].limit);
}

static void add(struct pen_worth *worth, uint64_t number)
{
	pen_worth_add(worth, (struct pen_bytes){(const uint8_t *)&number, sizeof number});
}

/* Distinct values are never counted twice, and few are missed. */
Test(make_worth, counts_distinct_values)
{
	struct pen_worth worth = {0};
	cr_assert_eq(pen_worth_reset(&worth), 0);
	cr_assert(pen_worth_sure(&worth, 4096));
	cr_assert_not(pen_worth_sure(&worth, 4097));
	for (unsigned round = 0; round < 3; round++) {
		for (uint64_t i = 0; i < 400000; i++)
			add(&worth, i);
		cr_assert_leq(worth.distinct, 400000);
		cr_assert_geq(worth.distinct, 370000);
	}
	uint64_t least = (uint64_t)(worth.distinct - 1) * PEN_WORTH_BYTES;
	cr_assert(pen_worth_sure(&worth, pen_worth_limit(least)));
	cr_assert_not(pen_worth_sure(&worth, pen_worth_limit(least) + 1));
	cr_assert_eq(pen_worth_reset(&worth), 0);
	pen_worth_add(&worth, (struct pen_bytes){0});
	cr_assert_eq(worth.distinct, 1, "the empty value is one");
	pen_worth_fini(&worth);
	pen_worth_fini(NULL);
}
