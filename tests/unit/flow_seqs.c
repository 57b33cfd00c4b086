/* A session's numbers: what came, what is lost, what came after all. */
#include "flow/seqs.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"

#define MS INT64_C(1000000)
#define SRTT (8 * MS)

static struct pen_seqs seqs;

/* Numbers from..end-1, all at `now`. */
static void add(uint64_t from, uint64_t end, int64_t now)
{
	for (; from < end; from++)
		pen_seqs_add(&seqs, from, 1, now);
}

Test(flow_seqs, settles)
{
	static const struct {
		const char *name;
		struct {
			uint64_t from, end;
			int64_t at;
		} runs[4];
		int64_t now;
		uint64_t floor, top, done, lost, late, duplicate;
		int64_t due;
	} rows[] = {
		{"nothing", {{0}}, 0, 0, 0, 0, 0, 0, 0, INT64_MAX},
		{"in order", {{0, 100, 0}}, 0, 100, 100, 100, 0, 0, 0, INT64_MAX},
		{"a gap is awaited", {{0, 10, 0}, {11, 20, 0}}, MS, 10, 20, 19, 0, 0, 0, 2 * MS},
		{"for a quarter of srtt", {{0, 10, 0}, {11, 20, 0}}, 2 * MS, 20, 20, 20, 1, 0, 0,
			INT64_MAX},
		{"since the first later one", {{0, 10, 0}, {11, 15, 3 * MS}, {15, 20, 4 * MS}},
			4 * MS, 10, 20, 19, 0, 0, 0, 5 * MS},
		{"or 32 packets", {{0, 10, 0}, {11, 43, 0}}, 0, 43, 43, 43, 1, 0, 0, INT64_MAX},
		{"31 are not enough", {{0, 10, 0}, {11, 42, 0}}, 0, 10, 42, 41, 0, 0, 0, 2 * MS},
		{"reordered", {{0, 10, 0}, {11, 20, 0}, {10, 11, MS}}, MS, 20, 20, 20, 0, 0, 0,
			INT64_MAX},
		{"twice", {{0, 20, 0}, {5, 10, 0}}, 0, 20, 20, 20, 0, 0, 5, INT64_MAX},
		{"two gaps", {{5, 10, 0}, {12, 20, MS}}, 2 * MS, 10, 20, 18, 5, 0, 0, 3 * MS},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		pen_seqs_init(&seqs);
		for (unsigned k = 0; k < PEN_COUNT(rows[i].runs); k++)
			add(rows[i].runs[k].from, rows[i].runs[k].end, rows[i].runs[k].at);
		uint32_t lost = pen_seqs_settle(&seqs, SRTT, rows[i].now);
		cr_expect_eq(lost, rows[i].lost, "%s: %u lost", rows[i].name, lost);
		cr_expect_eq(seqs.lost, rows[i].lost, "%s", rows[i].name);
		cr_expect_eq(seqs.floor, rows[i].floor, "%s", rows[i].name);
		cr_expect_eq(seqs.top, rows[i].top, "%s", rows[i].name);
		cr_expect_eq(pen_seqs_done(&seqs), rows[i].done, "%s", rows[i].name);
		cr_expect_eq(seqs.count[PEN_SEQS_DUPLICATE], rows[i].duplicate, "%s", rows[i].name);
		cr_expect_eq(pen_seqs_due_ns(&seqs, SRTT), rows[i].due, "%s", rows[i].name);
	}
}

Test(flow_seqs, late_and_stray)
{
	pen_seqs_init(&seqs);
	add(0, 10, 0);
	add(11, 60, 0);
	cr_assert_eq(pen_seqs_settle(&seqs, SRTT, 0), 1);
	cr_expect_eq(pen_seqs_add(&seqs, 10, 1, MS), PEN_SEQS_LATE);
	cr_expect_eq(seqs.lost, 0);
	cr_expect_eq(seqs.loss.packets, 49 + 49 / 2, "it came 49 packets late");
	cr_expect_eq(pen_seqs_add(&seqs, 10, 1, MS), PEN_SEQS_DUPLICATE);
	cr_expect_eq(pen_seqs_add(&seqs, 60 + PEN_SEQS_WINDOW, 1, MS), PEN_SEQS_STRAY);
	cr_expect_eq(pen_seqs_add(&seqs, 60 + PEN_SEQS_WINDOW - 1, 1, MS), PEN_SEQS_NEW);
	cr_expect_eq(pen_seqs_settle(&seqs, SRTT, MS), PEN_SEQS_WINDOW - seqs.loss.packets);
	cr_expect_eq(pen_seqs_add(&seqs, 0, 1, MS), PEN_SEQS_STRAY, "a window ago");
	cr_expect_eq(seqs.count[PEN_SEQS_STRAY], 2);
}

/* After a silence all is lost; what comes of it teaches nothing about order. */
Test(flow_seqs, gives_up)
{
	pen_seqs_init(&seqs);
	add(0, 10, 0);
	cr_assert_eq(pen_seqs_give_up(&seqs, 500), 490);
	cr_expect_eq(pen_seqs_done(&seqs), 500);
	cr_expect_eq(pen_seqs_add(&seqs, 20, 1, MS), PEN_SEQS_LATE);
	cr_expect_eq(seqs.lost, 489);
	cr_expect_eq(seqs.loss.packets, PEN_LOSS_PACKETS_MIN);
	cr_expect_eq(pen_seqs_give_up(&seqs, 500), 0);
	add(500, 600, MS);
	cr_expect_eq(pen_seqs_settle(&seqs, SRTT, MS), 0);
	cr_expect_eq(pen_seqs_done(&seqs), 600);
}

Test(flow_seqs, numbers_have_32_bits_on_the_wire)
{
	static const struct {
		uint64_t top;
		uint32_t low;
		uint64_t is;
	} rows[] = {
		{0, 0, 0},
		{0, 5, 5},
		{100, 99, 99},
		{10, UINT32_MAX, UINT32_MAX},
		{UINT32_MAX, 0, UINT64_C(1) << 32},
		{UINT64_C(1) << 32, UINT32_MAX, UINT32_MAX},
		{(UINT64_C(7) << 32) + 5, 3, (UINT64_C(7) << 32) + 3},
		{(UINT64_C(7) << 32) + 5, 0xfffffff0, (UINT64_C(6) << 32) + 0xfffffff0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		pen_seqs_init(&seqs);
		seqs.top = rows[i].top;
		cr_expect_eq(pen_seqs_expand(&seqs, rows[i].low), rows[i].is, "row %zu", i);
	}
}

/* Random loss, reordering and duplication over several windows: every packet is counted once. */
Test(flow_seqs, every_packet_is_counted_once)
{
	enum { COUNT = 100000, AHEAD = 30 };
	static uint64_t held[AHEAD];
	struct pen_rng rng = {3};
	uint64_t sent = 0, dropped = 0, twice = 0;
	int64_t now = 0;
	pen_seqs_init(&seqs);
	for (unsigned i = 0; i < AHEAD; i++)
		held[i] = UINT64_MAX;
	for (; sent < COUNT; sent++, now += 1000) {
		if (pen_rng_below(&rng, 100) == 0) {
			dropped++;
			continue;
		}
		/* One in 50 waits for up to AHEAD others. */
		unsigned at = pen_rng_below(&rng, 50) ? 0 : (unsigned)pen_rng_below(&rng, AHEAD);
		uint64_t now_due = held[at];
		held[at] = sent;
		if (now_due == UINT64_MAX)
			continue;
		if (pen_seqs_add(&seqs, now_due, 1, now) == PEN_SEQS_STRAY)
			dropped++;
		else if (pen_rng_below(&rng, 100) == 0) {
			cr_assert_eq(pen_seqs_add(&seqs, now_due, 1, now), PEN_SEQS_DUPLICATE);
			twice++;
		}
		pen_seqs_settle(&seqs, SRTT, now);
	}
	for (unsigned i = 0; i < AHEAD; i++) {
		if (held[i] == UINT64_MAX)
			continue;
		if (pen_seqs_add(&seqs, held[i], 1, now) == PEN_SEQS_STRAY)
			dropped++;
	}
	pen_seqs_give_up(&seqs, sent);
	cr_expect_eq(pen_seqs_done(&seqs), sent);
	cr_expect_eq(seqs.lost, dropped);
	cr_expect_eq(seqs.count[PEN_SEQS_DUPLICATE], twice);
	cr_expect_eq(seqs.count[PEN_SEQS_NEW] + seqs.count[PEN_SEQS_LATE], sent - dropped);
	cr_expect_gt(seqs.loss.packets, PEN_LOSS_PACKETS_MIN, "it has learnt");
}

/* What is said of a run is what would be said of its packets, whatever came before: where the
 * window wraps, behind gaps, given up or not. */
Test(flow_seqs, runs_are_their_packets)
{
	static struct pen_seqs each;
	struct pen_rng rng = {5};
	int64_t now = 0;
	uint64_t granted = 0, runs = 0;
	pen_seqs_init(&seqs);
	pen_seqs_init(&each);
	for (unsigned i = 0; i < 20000; i++, now += (int64_t)pen_rng_below(&rng, MS)) {
		uint64_t seq = seqs.top + pen_rng_below(&rng, 4) * pen_rng_below(&rng, 40);
		uint64_t back = pen_rng_below(&rng, 200);
		if (pen_rng_below(&rng, 8) == 0)
			seq = seqs.top > back ? seqs.top - back : 0;
		uint64_t fresh = pen_seqs_fresh(&seqs, seq), count = 1 + pen_rng_below(&rng, 300);
		count = count < fresh ? count : fresh;
		count = count ? count : 1;
		runs += count > 64;
		enum pen_seqs_came came = pen_seqs_add(&seqs, seq, (uint32_t)count, now);
		for (uint64_t k = 0; k < count; k++)
			cr_assert_eq(pen_seqs_add(&each, seq + k, 1, now), came);
		granted = seqs.top > granted ? seqs.top : granted;
		if (pen_rng_below(&rng, 200) == 0) {
			granted += pen_rng_below(&rng, 500);
			uint64_t most = seqs.floor + PEN_SEQS_WINDOW;
			granted = granted < most ? granted : most;
			cr_assert_eq(
				pen_seqs_give_up(&seqs, granted), pen_seqs_give_up(&each, granted));
		}
		cr_assert_eq(pen_seqs_settle(&seqs, SRTT, now), pen_seqs_settle(&each, SRTT, now));
		cr_assert_arr_eq(&seqs, &each, sizeof seqs, "step %u", i);
	}
	cr_expect_gt(runs, 5000);
	cr_expect_gt(seqs.top, 50 * PEN_SEQS_WINDOW);
	cr_expect_gt(seqs.count[PEN_SEQS_LATE], 10);
	cr_expect_gt(seqs.count[PEN_SEQS_DUPLICATE], 1000);
}

Test(flow_seqs, fresh)
{
	static const struct {
		const char *name;
		uint64_t seq, fresh;
	} rows[] = {
		{"came", 99, 0},
		{"the gap", 50, 0},
		{"the next", 100, PEN_SEQS_WINDOW - 50},
		{"behind another gap", 110, PEN_SEQS_WINDOW - 60},
		{"the last of the window", PEN_SEQS_WINDOW + 49, 1},
		{"beyond it", PEN_SEQS_WINDOW + 50, 0},
	};
	pen_seqs_init(&seqs);
	add(0, 50, 0);
	add(51, 100, 0);
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_expect_eq(pen_seqs_fresh(&seqs, rows[i].seq), rows[i].fresh, "%s", rows[i].name);
}

/* Words say what single numbers do, at both ends of the window too. */
Test(flow_seqs, words)
{
	struct pen_rng rng = {6};
	pen_seqs_init(&seqs);
	for (uint64_t seq = 0; seq < 2 * PEN_SEQS_WINDOW + 77; seq++) {
		if (pen_rng_below(&rng, 3))
			pen_seqs_add(&seqs, seq, 1, 0);
		pen_seqs_settle(&seqs, SRTT, 0);
	}
	uint64_t end = (seqs.top / 64 + 2) * 64;
	for (uint64_t seq = seqs.top - PEN_SEQS_WINDOW - 300; seq < end; seq++)
		cr_assert_eq(pen_seqs_word(&seqs, seq / 64 * 64) >> seq % 64 & 1,
			pen_seqs_has(&seqs, seq), "%llu", (unsigned long long)seq);
}
