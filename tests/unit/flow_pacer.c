/* The bucket against arithmetic: exact rates, bounded bursts, times that come true. */
#include "flow/pacer.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"

#define S INT64_C(1000000000)

/* Over any time, what leaves is at most burst + rate * time + one run, and not less than the rate
 * once there is always something to send. */
Test(flow_pacer, keeps_the_rate)
{
	static const struct {
		uint64_t rate, burst, run;
		int64_t step, span;
	} rows[] = {
		{1, 1, 1, S / 3, 1000 * S},
		{1000, 100, 100, 1, S / 100},
		{64000, 4096, 1200, 700000, 10 * S},
		{12500000, 65536, 65536, 1000000, S},
		{125000000, 65536, 38400, 77777, S},
		{12500000000, 1 << 20, 63360, 1117, S / 100},
		{PEN_PACER_RATE_MAX, PEN_PACER_BURST_MAX, 1 << 20, 5000, S / 10},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_pacer pacer;
		uint64_t sent = 0;
		pen_pacer_init(&pacer, rows[i].rate, rows[i].burst, 5);
		for (int64_t t = 0; t <= rows[i].span; t += rows[i].step) {
			while (pen_pacer_allowed(&pacer, 5 + t)) {
				pen_pacer_spend(&pacer, rows[i].run);
				sent += rows[i].run;
			}
			double most = (double)rows[i].rate * (double)t / 1e9 +
				(double)rows[i].burst + (double)rows[i].run;
			cr_assert((double)sent <= most, "row %zu at %lld: %.0f of %.0f", i,
				(long long)t, (double)sent, most);
		}
		double least = (double)rows[i].rate * (double)(rows[i].span - rows[i].step) / 1e9;
		cr_expect((double)sent >= least, "row %zu: %.0f of %.0f", i, (double)sent, least);
	}
}

Test(flow_pacer, is_due_when_it_says)
{
	struct pen_rng rng = {11};
	for (unsigned i = 0; i < 10000; i++) {
		struct pen_pacer pacer;
		uint64_t rate = 1 + pen_rng_below(&rng, 1) + (pen_rng_next(&rng) >> (28 + i % 36));
		uint64_t burst = 1 + pen_rng_below(&rng, 1 << 20);
		rate = rate < PEN_PACER_RATE_MAX ? rate : PEN_PACER_RATE_MAX;
		pen_pacer_init(&pacer, rate, burst, 0);
		pen_pacer_allowed(&pacer, 3);
		pen_pacer_spend(&pacer, burst + pen_rng_below(&rng, burst));
		uint64_t want = 1 + pen_rng_below(&rng, burst);
		int64_t due = pen_pacer_due_ns(&pacer, want, 7);
		cr_assert_gt(due, 7);
		struct pen_pacer early = pacer;
		cr_assert_lt(pen_pacer_allowed(&early, due - 1), want, "rate %llu",
			(unsigned long long)rate);
		cr_assert_geq(pen_pacer_allowed(&pacer, due), want);
		cr_assert_eq(pen_pacer_due_ns(&pacer, want, due), due);
	}
}

Test(flow_pacer, changes)
{
	struct pen_pacer pacer;
	pen_pacer_init(&pacer, 1000, 500, 0);
	cr_expect_eq(pen_pacer_allowed(&pacer, 0), 500, "full at first");
	pen_pacer_set(&pacer, 1000, 200, 0);
	cr_expect_eq(pen_pacer_allowed(&pacer, 0), 200, "a smaller bucket spills");
	pen_pacer_spend(&pacer, 300);
	cr_expect_eq(pen_pacer_allowed(&pacer, 0), 0, "debt");
	cr_expect_eq(pen_pacer_allowed(&pacer, S / 10), 0);
	pen_pacer_set(&pacer, 10000, 200, S / 10);
	cr_expect_eq(pen_pacer_allowed(&pacer, S / 10 + S / 100), 100);
	cr_expect_eq(pen_pacer_allowed(&pacer, 100 * S), 200, "no more than the burst");
	cr_expect_eq(pen_pacer_due_ns(&pacer, 200, 100 * S), 100 * S);
}
