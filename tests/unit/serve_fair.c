#include <criterion/criterion.h>

#include "base/rng.h"
#include "serve/fair.h"

Test(serve_fair, goes_round)
{
	struct pen_fair fair;
	int64_t bytes;
	cr_assert_eq(pen_fair_open(&fair, 4), 0);
	cr_expect_eq(pen_fair_head(&fair, &bytes), PEN_FAIR_NONE);
	for (uint32_t i = 0; i < 4; i++) {
		pen_fair_join(&fair, i);
		pen_fair_join(&fair, i);
	}
	for (uint32_t i = 0; i < 8; i++) {
		cr_expect_eq(pen_fair_head(&fair, &bytes), i % 4);
		cr_expect_eq(bytes, PEN_FAIR_SHARE_BYTES);
		pen_fair_spend(&fair, PEN_FAIR_SHARE_BYTES / 2);
		cr_expect_eq(pen_fair_head(&fair, &bytes), i % 4);
		pen_fair_spend(&fair, PEN_FAIR_SHARE_BYTES / 2);
	}
	pen_fair_leave(&fair, 1);
	pen_fair_leave(&fair, 1);
	for (uint32_t i = 0; i < 6; i++) {
		static const uint32_t left[] = {0, 2, 3};
		cr_expect_eq(pen_fair_head(&fair, &bytes), left[i % 3]);
		pen_fair_pass(&fair);
	}
	pen_fair_leave(&fair, 3);
	pen_fair_leave(&fair, 0);
	cr_expect_eq(pen_fair_head(&fair, &bytes), 2);
	pen_fair_leave(&fair, 2);
	cr_expect_eq(pen_fair_head(&fair, &bytes), PEN_FAIR_NONE);
	pen_fair_close(&fair);
	pen_fair_close(&fair);
	pen_fair_close(NULL);
}

/* Whatever the sizes of their runs, all who always have something get the same by weight. */
Test(serve_fair, shares_by_weight)
{
	struct pen_fair fair;
	struct pen_rng rng = {4};
	uint64_t sent[5] = {0};
	static const uint16_t weights[5] = {1, 1, 2, 4, 1};
	static const uint64_t run[5] = {1232, 8224 * 16, 1440 * 40, 400000, 33};
	cr_assert_eq(pen_fair_open(&fair, 5), 0);
	for (uint32_t i = 0; i < 5; i++) {
		pen_fair_weigh(&fair, i, weights[i]);
		pen_fair_join(&fair, i);
	}
	for (int i = 0; i < 1000000; i++) {
		int64_t bytes;
		uint32_t place = pen_fair_head(&fair, &bytes);
		uint64_t some = 1 + pen_rng_below(&rng, run[place]);
		sent[place] += some;
		pen_fair_spend(&fair, some);
	}
	for (uint32_t i = 1; i < 5; i++) {
		double ratio = (double)sent[i] / weights[i] / (double)sent[0];
		cr_expect(ratio > 0.95 && ratio < 1.05, "%u: %f", i, ratio);
	}
	pen_fair_close(&fair);
}

/* Leaving does not pay a debt. */
Test(serve_fair, remembers_a_debt)
{
	struct pen_fair fair;
	int64_t bytes;
	cr_assert_eq(pen_fair_open(&fair, 2), 0);
	pen_fair_join(&fair, 0);
	pen_fair_join(&fair, 1);
	cr_expect_eq(pen_fair_head(&fair, &bytes), 0);
	pen_fair_spend(&fair, 3 * PEN_FAIR_SHARE_BYTES);
	pen_fair_leave(&fair, 0);
	pen_fair_join(&fair, 0);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(pen_fair_head(&fair, &bytes), 1);
		pen_fair_spend(&fair, PEN_FAIR_SHARE_BYTES);
	}
	cr_expect_eq(pen_fair_head(&fair, &bytes), 1);
	pen_fair_spend(&fair, PEN_FAIR_SHARE_BYTES);
	cr_expect_eq(pen_fair_head(&fair, &bytes), 0);
	pen_fair_close(&fair);
}
