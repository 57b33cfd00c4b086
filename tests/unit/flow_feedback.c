/* When a PULL is due, and how many there are for how many packets. */
#include "flow/feedback.h"

#include <criterion/criterion.h>

#include "base/check.h"

#define MS INT64_C(1000000)

Test(flow_feedback, is_due)
{
	static const struct {
		const char *name;
		int32_t budget; /* before, in 64ths */
		uint32_t since;
		bool last;
		struct pen_feedback_need need;
		int64_t now;
		enum pen_feedback_why why;
		int64_t due;
	} rows[] = {
		{"nothing came", 512, 0, false, {true, false, MS}, 90 * MS, PEN_FEEDBACK_NOT,
			INT64_MAX},
		{"some, too soon", 512, 3, false, {true, false, 5 * MS, true}, 4 * MS,
			PEN_FEEDBACK_NOT, 5 * MS},
		{"some, a round later", 512, 3, false, {true, false, 5 * MS, true}, 5 * MS,
			PEN_FEEDBACK_ROUND, 5 * MS},
		{"some, all is granted", 512, 3, false, {false, false, 5 * MS, true}, 5 * MS,
			PEN_FEEDBACK_ROUND, 5 * MS},
		{"far, too soon", 512, 3, false, {true, false, 500 * MS, true}, 100 * MS - 1,
			PEN_FEEDBACK_NOT, 100 * MS},
		{"far, a while later", 512, 3, false, {true, false, 500 * MS, true}, 100 * MS,
			PEN_FEEDBACK_ROUND, 100 * MS},
		{"far, a repair", 512, 3, false, {true, true, 500 * MS, true}, 100 * MS,
			PEN_FEEDBACK_REPAIR, 100 * MS},
		{"a round is 1 ms at least", 512, 3, false, {true, false, 100, true}, MS - 1,
			PEN_FEEDBACK_NOT, MS},
		{"nothing more to come", 512, 3, false, {false, false, 5 * MS}, 9 * MS,
			PEN_FEEDBACK_NOT, INT64_MAX},
		{"many", 512, 256, false, {false, false, 5 * MS}, 1, PEN_FEEDBACK_COUNT, 0},
		{"dry", 512, 1, true, {true, false, 5 * MS}, 1, PEN_FEEDBACK_DRY, 0},
		{"dry, all has come", 512, 1, true, {false, false, 5 * MS}, 1, PEN_FEEDBACK_NOT,
			INT64_MAX},
		{"a repair", 512, 1, false, {false, true, 5 * MS}, 5 * MS, PEN_FEEDBACK_REPAIR,
			5 * MS},
		{"the budget is spent", 62, 1, false, {true, true, MS, true}, 100 * MS - 1,
			PEN_FEEDBACK_NOT, 100 * MS},
		{"spent, long ago", 62, 1, false, {true, true, MS, true}, 100 * MS,
			PEN_FEEDBACK_REPAIR, 100 * MS},
		{"spent, a round trip is longer", 62, 1, false, {true, true, 200 * MS, true},
			200 * MS - 1, PEN_FEEDBACK_NOT, 200 * MS},
		{"spent, and little came", 0, 9, false, {true, false, MS, true, 16383}, 900 * MS,
			PEN_FEEDBACK_NOT, INT64_MAX},
		{"spent, and as much as trust waits for", 0, 9, false,
			{false, false, MS, true, 16384}, 100 * MS, PEN_FEEDBACK_ROUND, 100 * MS},
		{"spent, but dry", -512, 1, true, {true, true, MS}, 9 * MS, PEN_FEEDBACK_DRY, 0},
		{"one is left", 63, 1, false, {true, true, MS, true}, 9 * MS, PEN_FEEDBACK_REPAIR,
			MS},
		{"64 came", 0, 64, false, {false, false, MS}, 9 * MS, PEN_FEEDBACK_ROUND, MS},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_feedback feedback;
		pen_feedback_init(&feedback, 0);
		feedback.budget = rows[i].budget;
		feedback.pulls = PEN_FEEDBACK_SPARE;
		for (uint32_t k = 0; k < rows[i].since; k++)
			pen_feedback_came(&feedback, 1, rows[i].last);
		cr_expect_eq(pen_feedback_due(&feedback, &rows[i].need, rows[i].now), rows[i].why,
			"%s", rows[i].name);
		cr_expect_eq(pen_feedback_due_ns(&feedback, &rows[i].need), rows[i].due, "%s",
			rows[i].name);
		pen_feedback_sent(&feedback, rows[i].now);
		cr_expect_eq(feedback.pulls, PEN_FEEDBACK_SPARE + 1);
		cr_expect_eq(pen_feedback_due(&feedback, &rows[i].need, rows[i].now),
			PEN_FEEDBACK_NOT, "%s: just sent", rows[i].name);
	}
}

/* The first few follow each other by a round trip, however short: so a start doubles. */
Test(flow_feedback, begins_by_round_trips)
{
	struct pen_feedback feedback;
	struct pen_feedback_need need = {.more = true, .srtt_ns = MS / 10, .missing = true};
	pen_feedback_init(&feedback, 0);
	int64_t now_ns = 0;
	for (unsigned i = 0; i < PEN_FEEDBACK_SPARE; i++) {
		pen_feedback_came(&feedback, 1, false);
		now_ns += MS / 10;
		cr_expect_eq(pen_feedback_due(&feedback, &need, now_ns - 1), PEN_FEEDBACK_NOT);
		cr_expect_eq(pen_feedback_due_ns(&feedback, &need), now_ns);
		cr_expect_eq(pen_feedback_due(&feedback, &need, now_ns), PEN_FEEDBACK_ROUND);
		pen_feedback_sent(&feedback, now_ns);
	}
	for (unsigned k = 0; k < PEN_FEEDBACK_PACKETS; k++)
		pen_feedback_came(&feedback, 1, false);
	cr_expect_eq(pen_feedback_due_ns(&feedback, &need), now_ns + MS);
}

/* Streams of packets at an even pace, with a repair always waiting: the share of PULLs. */
Test(flow_feedback, stays_within_one_in_64)
{
	static const struct {
		const char *name;
		uint64_t packets;
		int64_t gap; /* between packets */
		int64_t srtt;
		bool repair;
		uint64_t least, most;
	} rows[] = {
		{"100 Mb/s, 1 ms", 20000, 100000, MS, false, 78, 321},
		{"100 Mb/s, 1 ms, lossy", 20000, 100000, MS, true, 78, 321},
		{"10 Gb/s, 1 ms", 100000, 1000, MS, true, 390, 1571},
		{"10 Gb/s, 100 ms", 100000, 1000, 100 * MS, false, 390, 400},
		{"1 Mb/s, 100 ms", 300, 10 * MS, 100 * MS, false, 8, 25},
		{"1 Mb/s, 100 ms, lossy", 300, 10 * MS, 100 * MS, true, 8, 30},
		{"three packets", 3, 100000, MS, false, 0, 1},
		{"100 packets at once", 100, 1000, MS, false, 0, 1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_feedback feedback;
		uint64_t bytes = 0;
		pen_feedback_init(&feedback, 0);
		for (uint64_t k = 0; k < rows[i].packets; k++) {
			int64_t now = (int64_t)k * rows[i].gap;
			struct pen_feedback_need need = {.more = true,
				.repair = rows[i].repair,
				.srtt_ns = rows[i].srtt,
				.missing = true,
				.bytes = bytes += 1232};
			pen_feedback_came(&feedback, 1, false);
			if (!pen_feedback_due(&feedback, &need, now))
				continue;
			pen_feedback_sent(&feedback, now);
			bytes = 0;
		}
		cr_expect(feedback.pulls >= rows[i].least && feedback.pulls <= rows[i].most,
			"%s: %llu", rows[i].name, (unsigned long long)feedback.pulls);
	}
}

/* Packets that came together earn what they earn one by one. */
Test(flow_feedback, many_at_once)
{
	static const uint32_t counts[] = {1, 2, 63, 64, 300, 511, 5000};
	for (size_t i = 0; i < PEN_COUNT(counts); i++) {
		struct pen_feedback many, each;
		pen_feedback_init(&many, 0);
		for (unsigned k = 0; k < 9; k++)
			pen_feedback_sent(&many, 0);
		each = many;
		pen_feedback_came(&many, counts[i], true);
		for (uint32_t k = 0; k < counts[i]; k++)
			pen_feedback_came(&each, 1, k + 1 == counts[i]);
		cr_expect_eq(many.packets, each.packets);
		cr_expect_eq(many.since, each.since);
		cr_expect_eq(many.budget, each.budget, "%u packets", counts[i]);
		cr_expect(many.dry && each.dry);
	}
}
