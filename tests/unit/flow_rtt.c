/* Round trips: what is estimated, how long is waited, and stamps that wrap. */
#include "flow/rtt.h"

#include <criterion/criterion.h>

#include "base/check.h"

#define MS INT64_C(1000000)
#define US INT64_C(1000)

Test(flow_rtt, estimates)
{
	static const struct {
		const char *name;
		int64_t samples[6]; /* 0 ends them */
		int64_t srtt, timeout, queue;
	} rows[] = {
		{"no sample", {0}, PEN_RTT_GUESS_NS, 300 * MS, 0},
		{"the first counts whole", {8 * MS}, 8 * MS, 24 * MS, 0},
		{"the least allowance", {100 * US}, 100 * US, 1100 * US, 0},
		/* 8 + (16 - 8) / 8; deviation 4 + (8 - 4) / 4. */
		{"the second an eighth", {8 * MS, 16 * MS}, 9 * MS, 29 * MS, 8 * MS},
		{"a steady path", {8 * MS, 8 * MS, 8 * MS, 8 * MS}, 8 * MS, 8 * MS + 6750 * US, 0},
		{"a shorter path", {8 * MS, 4 * MS}, 7500 * US, 23500 * US, 0},
		{"refused", {-5, PEN_RTT_SAMPLE_NS_MAX + 1}, PEN_RTT_GUESS_NS, 300 * MS, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_rtt rtt;
		pen_rtt_init(&rtt, PEN_RTT_GUESS_NS, 0);
		for (unsigned k = 0; rows[i].samples[k]; k++)
			pen_rtt_sample(&rtt, rows[i].samples[k], (int64_t)k * MS);
		cr_expect_eq(rtt.srtt_ns, rows[i].srtt, "%s: srtt %lld", rows[i].name,
			(long long)rtt.srtt_ns);
		cr_expect_eq(pen_rtt_timeout_ns(&rtt), rows[i].timeout, "%s: timeout %lld",
			rows[i].name, (long long)pen_rtt_timeout_ns(&rtt));
		cr_expect_eq(pen_rtt_queue_ns(&rtt), rows[i].queue, "%s", rows[i].name);
	}
}

Test(flow_rtt, timeouts_double_up_to_a_second)
{
	struct pen_rtt rtt;
	pen_rtt_init(&rtt, PEN_RTT_GUESS_NS, 0);
	pen_rtt_sample(&rtt, 100 * US, 0);
	int64_t timeout = pen_rtt_timeout_ns(&rtt);
	for (unsigned i = 0; i < 30; i++) {
		pen_rtt_expired(&rtt);
		timeout = timeout * 2 < PEN_RTT_TIMEOUT_NS_MAX ? timeout * 2
							       : PEN_RTT_TIMEOUT_NS_MAX;
		cr_expect_eq(pen_rtt_timeout_ns(&rtt), timeout, "after %u", i + 1);
	}
	cr_expect_eq(timeout, PEN_RTT_TIMEOUT_NS_MAX);
	pen_rtt_sample(&rtt, 0, 0);
	cr_expect_lt(pen_rtt_timeout_ns(&rtt), 2 * MS, "one sample ends it; 0 is a sample");
}

/* The least is forgotten after one to two eras: the path has become longer. */
Test(flow_rtt, the_least_has_its_time)
{
	struct pen_rtt rtt;
	pen_rtt_init(&rtt, PEN_RTT_GUESS_NS, 0);
	int64_t now = 0, forgotten = 0;
	pen_rtt_sample(&rtt, 1 * MS, now);
	for (; now < 3 * PEN_RTT_ERA_NS; now += 100 * MS) {
		pen_rtt_sample(&rtt, 5 * MS, now);
		if (!forgotten && rtt.min_ns == 5 * MS)
			forgotten = now;
		cr_assert_eq(pen_rtt_queue_ns(&rtt), forgotten ? 0 : 4 * MS);
	}
	cr_expect_geq(forgotten, PEN_RTT_ERA_NS);
	cr_expect_leq(forgotten, 2 * PEN_RTT_ERA_NS);
	pen_rtt_sample(&rtt, 2 * MS, now);
	cr_expect_eq(rtt.min_ns, 2 * MS, "a shorter one counts at once");
}

Test(flow_rtt, stamps_wrap)
{
	static const int64_t wrap = (INT64_C(1) << 32) * US;
	static const struct {
		int64_t sent, back, age;
	} rows[] = {
		{0, 0, 0},
		{0, 1500, 1 * US},
		{5 * MS, 7 * MS, 2 * MS},
		{wrap - 1 * MS, wrap + 1 * MS, 2 * MS},
		{3 * wrap + 999, 3 * wrap + 1000, 1 * US},
		{7 * MS, 5 * MS, -2 * MS},
		{wrap + 1 * MS, wrap - 1 * MS, -2 * MS},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_expect_eq(pen_rtt_age_ns(pen_rtt_stamp(rows[i].sent), rows[i].back), rows[i].age,
			"row %zu", i);
}
