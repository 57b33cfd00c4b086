/* A slot: what came, what is asked for again and when. */
#include "flow/recv.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"

#define MS INT64_C(1000000)

static struct pen_recv recv;
static struct pen_loss loss;

static struct pen_recv_view view_at(int64_t now)
{
	return (struct pen_recv_view){.loss = &loss,
		.srtt_ns = 8 * MS,
		.timeout_ns = 20 * MS,
		.now_ns = now,
		.tail = true};
}

static void init(uint32_t packets)
{
	struct pen_recv_view view = view_at(0);
	pen_recv_init(&recv, packets, &view);
}

static void add(uint32_t from, uint32_t end, int64_t now)
{
	for (; from < end; from++)
		pen_recv_add(&recv, from, 1, now);
}

Test(flow_recv, asks_for_what_is_lost)
{
	static const struct {
		const char *name;
		uint32_t packets;
		struct {
			uint32_t from, end;
			int64_t at;
		} runs[3];
		int64_t now;
		uint32_t missing, first; /* how many, and the lowest of them */
		int64_t due;
	} rows[] = {
		{"nothing came yet", 100, {{0}}, 19 * MS, 0, 0, 20 * MS},
		{"nothing came at all", 100, {{0}}, 20 * MS, 100, 0, 20 * MS},
		{"the largest slot", 896, {{0}}, 20 * MS, 896, 0, 20 * MS},
		{"whole", 100, {{0, 100, 0}}, 50 * MS, 0, 0, INT64_MAX},
		{"one packet", 1, {{0, 1, 0}}, 50 * MS, 0, 0, INT64_MAX},
		{"not sent yet", 100, {{0, 50, MS}}, 20 * MS, 0, 0, 21 * MS},
		{"a gap, at first", 100, {{0, 10, 0}, {11, 20, 0}}, MS, 0, 0, 2 * MS},
		{"a gap, later", 100, {{0, 10, 0}, {11, 20, 0}}, 2 * MS, 1, 10, 2 * MS},
		{"a gap far behind", 100, {{0, 10, 0}, {13, 43, 0}}, 0, 1, 10, 0},
		{"the tail", 70, {{0, 64, MS}}, 21 * MS, 6, 64, 21 * MS},
		{"gap and tail", 70, {{1, 64, MS}}, 21 * MS, 7, 0, 3 * MS},
	};
	pen_loss_init(&loss);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint64_t missing[PEN_RECV_WORDS];
		init(rows[i].packets);
		for (unsigned k = 0; k < PEN_COUNT(rows[i].runs); k++)
			add(rows[i].runs[k].from, rows[i].runs[k].end, rows[i].runs[k].at);
		struct pen_recv_view view = view_at(rows[i].now);
		uint32_t count = pen_recv_missing(&recv, &view, missing), first = 0;
		cr_expect_eq(count, rows[i].missing, "%s: %u", rows[i].name, count);
		while (count && !(missing[first / 64] >> first % 64 & 1))
			first++;
		cr_expect_eq(first, rows[i].first, "%s: %u", rows[i].name, first);
		int64_t due = pen_recv_due_ns(&recv, &view);
		/* What is due already may be due at any earlier time. */
		cr_expect(due == rows[i].due || (rows[i].missing && due <= rows[i].now),
			"%s: due %lld", rows[i].name, (long long)due);
	}
}

/* What was asked for is asked for again after a timeout, counted, and no sooner. */
Test(flow_recv, repeats_after_a_timeout)
{
	uint64_t missing[PEN_RECV_WORDS];
	pen_loss_init(&loss);
	init(100);
	add(0, 10, 0);
	add(12, 60, 0);
	int64_t now = 0;
	for (uint32_t time = 1; time <= 3; time++, now += 20 * MS) {
		struct pen_recv_view view = view_at(now);
		add(60 + time, 61 + time, now); /* the slot is not silent */
		cr_expect_eq(pen_recv_missing(&recv, &view, missing), time == 1 ? 2 : 2 + 1,
			"at %lld", (long long)now);
		/* 60 is left behind later; it is never asked for here. */
		missing[0] &= UINT64_C(3) << 10;
		pen_recv_asked(&recv, missing, now);
		cr_expect_eq(recv.again, time);
		cr_expect_eq(recv.asked, 2 * time);
		view = view_at(now + 1 * MS);
		pen_recv_missing(&recv, &view, missing);
		cr_expect_eq(missing[0] >> 10 & 3, 0, "on its way");
		view = view_at(now + 19 * MS);
		pen_recv_missing(&recv, &view, missing);
		cr_expect_eq(missing[0] >> 10 & 3, 0, "still");
	}
	add(10, 12, now);
	struct pen_recv_view view = view_at(now);
	pen_recv_missing(&recv, &view, missing);
	cr_expect_eq(missing[0] >> 10 & 3, 0);
}

Test(flow_recv, counts_each_packet_once)
{
	static const struct {
		uint32_t index;
		enum pen_recv_came came;
		uint32_t got, reach;
	} rows[] = {
		{0, PEN_RECV_NEW, 1, 1},
		{0, PEN_RECV_DUPLICATE, 1, 1},
		{64, PEN_RECV_NEW, 2, 65},
		{65, PEN_RECV_OUTSIDE, 2, 65},
		{UINT32_MAX, PEN_RECV_OUTSIDE, 2, 65},
		{63, PEN_RECV_NEW, 3, 65},
		{64, PEN_RECV_DUPLICATE, 3, 65},
	};
	pen_loss_init(&loss);
	init(65);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		cr_expect_eq(pen_recv_add(&recv, rows[i].index, 1, 0), rows[i].came, "row %zu", i);
		cr_expect_eq(recv.got, rows[i].got, "row %zu", i);
		cr_expect_eq(recv.reach, rows[i].reach, "row %zu", i);
		cr_expect(!pen_recv_whole(&recv));
	}
	cr_expect_eq(recv.duplicates, 2);
	cr_expect(pen_recv_has(&recv, 63));
	cr_expect(!pen_recv_has(&recv, 62));
	cr_expect(!pen_recv_has(&recv, 65));
	add(0, 65, 0);
	cr_expect(pen_recv_whole(&recv));
}

Test(flow_recv, turns_out_shorter)
{
	pen_loss_init(&loss);
	init(896);
	add(0, 10, 0);
	cr_expect(!pen_recv_shrink(&recv, 9), "packet 9 has come");
	cr_expect(!pen_recv_shrink(&recv, 897));
	cr_expect(pen_recv_shrink(&recv, 11));
	cr_expect(!pen_recv_whole(&recv));
	cr_expect_eq(pen_recv_add(&recv, 11, 1, 0), PEN_RECV_OUTSIDE);
	add(10, 11, 0);
	cr_expect(pen_recv_whole(&recv));
}

/* Packets one by one in time: the age of a gap is never overstated, and found within a window. */
Test(flow_recv, ages_of_gaps_hold_over_many_marks)
{
	uint64_t missing[PEN_RECV_WORDS];
	pen_loss_init(&loss);
	loss.packets = PEN_LOSS_PACKETS_MAX;
	for (int64_t step = 10000; step <= MS; step *= 10) {
		init(896);
		int64_t asked = 0;
		for (uint32_t i = 0; i < 896 && !asked; i++) {
			int64_t now = i * step;
			if (i == 5)
				continue;
			add(i, i + 1, now);
			struct pen_recv_view view = view_at(now);
			if (pen_recv_missing(&recv, &view, missing))
				asked = now;
		}
		cr_expect_geq(asked, 6 * step + 2 * MS, "step %lld: %lld", (long long)step,
			(long long)asked);
		cr_expect_leq(asked, 6 * step + 5 * MS / 2 + 2 * step, "step %lld: %lld",
			(long long)step, (long long)asked);
	}
}

/* Begun anew, the server sends from the first packet on that is missing, and what is here beyond it
 * once more, for which it is to be granted. */
Test(flow_recv, counts_what_comes_again)
{
	struct pen_recv_view view = view_at(0);
	pen_loss_init(&loss);
	init(100);
	add(0, 10, 0);
	add(50, 60, 0);
	cr_expect_eq(recv.ahead, 0);
	pen_recv_again(&recv, &view);
	cr_expect_eq(recv.first, 10);
	cr_expect_eq(recv.ahead, 10);
	cr_expect_eq(pen_recv_add(&recv, 4, 1, 0), PEN_RECV_DUPLICATE);
	cr_expect_eq(recv.ahead, 10);
	cr_expect_eq(pen_recv_add(&recv, 54, 1, 0), PEN_RECV_DUPLICATE);
	cr_expect_eq(recv.ahead, 5);
	add(10, 100, 0);
	cr_expect_eq(recv.ahead, 0);
	cr_expect(pen_recv_whole(&recv));
}

/* What another slot is to bring is not asked for; when that has ended what is missing of it is
 * asked for at once. */
Test(flow_recv, waits_for_another_slot)
{
	uint64_t missing[PEN_RECV_WORDS];
	pen_loss_init(&loss);
	init(200);
	pen_recv_hold(&recv, 70);
	struct pen_recv_view view = view_at(20 * MS);
	cr_expect_eq(pen_recv_missing(&recv, &view, missing), 130, "the tail is its own");
	cr_expect_eq(missing[0], 0);
	add(70, 110, 21 * MS);
	add(111, 200, 21 * MS);
	view = view_at(60 * MS);
	cr_expect_eq(pen_recv_missing(&recv, &view, missing), 1, "its own gap");
	cr_expect_eq(missing[1], UINT64_C(1) << (110 - 64));
	add(110, 111, 60 * MS);
	cr_expect_eq(pen_recv_due_ns(&recv, &view), INT64_MAX, "nothing but to wait");
	for (uint32_t i = 0; i < 60; i++)
		pen_recv_fill(&recv, i);
	cr_expect_eq(recv.filled, 60);
	cr_expect_eq(pen_recv_add(&recv, 3, 1, 60 * MS), PEN_RECV_DUPLICATE);
	pen_recv_release(&recv, true, 61 * MS);
	view = view_at(61 * MS);
	cr_expect_eq(pen_recv_due_ns(&recv, &view), 61 * MS);
	cr_expect_eq(pen_recv_missing(&recv, &view, missing), 10);
	cr_expect_eq(missing[0], UINT64_C(15) << 60);
	cr_expect_eq(missing[1], 63);
	add(60, 70, 61 * MS);
	cr_expect(pen_recv_whole(&recv));
}

/* The piece ends within what the other slot was to bring: the slot itself sends nothing. */
Test(flow_recv, another_slot_was_for_more_than_there_is)
{
	uint64_t missing[PEN_RECV_WORDS];
	struct pen_recv_view view = view_at(MS);
	pen_loss_init(&loss);
	init(896);
	pen_recv_hold(&recv, 54);
	pen_recv_fill(&recv, 0);
	pen_recv_fill(&recv, 9);
	pen_recv_release(&recv, false, MS);
	cr_expect_eq(pen_recv_missing(&recv, &view, missing), 0, "it may still be on its way");
	cr_expect(!pen_recv_shrink(&recv, 9), "9 has come");
	cr_expect(pen_recv_shrink(&recv, 20));
	pen_recv_release(&recv, true, MS);
	view = view_at(4 * MS);
	cr_expect_eq(pen_recv_missing(&recv, &view, missing), 18);
}

/* The server went on to a later slot: what did not come of this one is lost, all of it if need be.
 */
Test(flow_recv, is_passed_by)
{
	uint64_t missing[PEN_RECV_WORDS];
	struct pen_recv_view view = view_at(90 * MS);
	view.tail = false;
	init(70);
	add(0, 3, MS);
	cr_expect_eq(pen_recv_due_ns(&recv, &view), INT64_MAX, "it may not have been sent");
	pen_recv_pass(&recv, 50 * MS);
	pen_recv_pass(&recv, 60 * MS);
	cr_expect_eq(pen_recv_due_ns(&recv, &view), 70 * MS);
	view.now_ns = 70 * MS - 1;
	cr_expect_eq(pen_recv_missing(&recv, &view, missing), 0);
	view.now_ns = 70 * MS;
	cr_expect_eq(pen_recv_missing(&recv, &view, missing), 67);
	pen_recv_again(&recv, &view);
	view.now_ns = 500 * MS;
	cr_expect_eq(pen_recv_due_ns(&recv, &view), INT64_MAX, "it begins anew");
}

/* What is said of a run is what would be said of its packets: in a slot that begins behind others,
 * that is asked for again, that begins anew, with gaps before and behind. */
Test(flow_recv, runs_are_their_packets)
{
	static struct pen_recv each;
	struct pen_rng rng = {7};
	unsigned runs = 0, anew = 0;
	pen_loss_init(&loss);
	for (unsigned world = 0; world < 2000; world++) {
		uint32_t packets = 1 + (uint32_t)pen_rng_below(&rng, PEN_RECV_PACKETS_MAX);
		uint64_t missing[PEN_RECV_WORDS];
		int64_t now = 0;
		init(packets);
		if (pen_rng_below(&rng, 3) == 0) {
			pen_recv_hold(&recv, (uint32_t)pen_rng_below(&rng, packets));
			for (uint32_t i = 0; i < recv.held; i++) {
				if (pen_rng_below(&rng, 4) == 0)
					pen_recv_fill(&recv, i);
			}
		}
		each = recv;
		for (unsigned i = 0; i < 40; i++, now += (int64_t)pen_rng_below(&rng, MS)) {
			struct pen_recv_view view = view_at(now);
			uint32_t gap = (uint32_t)pen_rng_below(&rng, 4);
			uint32_t index = pen_rng_below(&rng, 8)
				? recv.reach + (gap == 3 ? 30 : gap) % packets
				: (uint32_t)pen_rng_below(&rng, packets);
			uint32_t fresh = pen_recv_fresh(&recv, index);
			uint32_t count = 1 + (uint32_t)pen_rng_below(&rng, 150);
			count = count < fresh ? count : fresh;
			count = count ? count : 1;
			runs += count > 64;
			enum pen_recv_came came = pen_recv_add(&recv, index, count, now);
			for (uint32_t k = 0; k < count; k++)
				cr_assert_eq(pen_recv_add(&each, index + k, 1, now), came);
			cr_assert_arr_eq(&recv, &each, sizeof recv, "world %u, step %u", world, i);
			if (pen_rng_below(&rng, 4) == 0 && !pen_recv_whole(&recv)) {
				pen_recv_missing(&recv, &view, missing);
				pen_recv_asked(&recv, missing, now);
				pen_recv_asked(&each, missing, now);
			}
			if (pen_rng_below(&rng, 30) == 0) {
				pen_recv_again(&recv, &view);
				pen_recv_again(&each, &view);
				anew++;
			}
		}
	}
	cr_expect_gt(runs, 1000);
	cr_expect_gt(anew, 1000);
}

Test(flow_recv, fresh)
{
	static const struct {
		const char *name;
		uint32_t index, fresh;
	} rows[] = {
		{"held", 9, 0},
		{"came", 29, 0},
		{"a gap", 25, 0},
		{"the next", 30, 70},
		{"behind a gap", 64, 36},
		{"the last", 99, 1},
		{"beyond", 100, 0},
		{"far beyond", UINT32_MAX, 0},
	};
	pen_loss_init(&loss);
	init(100);
	pen_recv_hold(&recv, 10);
	cr_expect_eq(pen_recv_fresh(&recv, 9), 0, "held, before anything came");
	add(10, 25, 0);
	add(26, 30, 0);
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_expect_eq(
			pen_recv_fresh(&recv, rows[i].index), rows[i].fresh, "%s", rows[i].name);
	struct pen_recv_view view = view_at(0);
	pen_recv_again(&recv, &view);
	cr_expect_eq(pen_recv_fresh(&recv, 30), 0, "what came before may lie behind it");
}
