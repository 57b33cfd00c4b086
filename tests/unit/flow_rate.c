/* The rate against a model of a path: a bottleneck with a queue, a round trip and random loss. */
#include "flow/rate.h"

#include <criterion/criterion.h>

#include "base/check.h"

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
#define MB UINT64_C(1000000)
#define PACKET 1200u

struct path {
	uint64_t capacity; /* bytes a second */
	int64_t base; /* round trip without queue */
	uint64_t buffer; /* bytes of queue, then packets are dropped */
	unsigned per_mille; /* lost at random */
};

struct end {
	struct pen_rate rate;
	struct pen_rtt rtt;
	uint64_t bytes; /* that came in the second half */
	int64_t queue_max; /* in the second half */
};

/* Let `seconds` go by in steps of a millisecond; the sender follows the pace of a round trip ago.
 */
static void run(
	struct end *end, const struct path *path, struct pen_rate_config config, int seconds)
{
	static uint64_t pace[4096];
	uint64_t queue = 0, lost_part = 0;
	int64_t lag = path->base / MS + 1;
	memset(end, 0, sizeof *end);
	pen_rtt_init(&end->rtt, path->base, 0);
	pen_rate_init(&end->rate, &config, 0);
	for (int64_t ms = 1; ms <= seconds * 1000; ms++) {
		pace[ms % 4096] = end->rate.pace;
		uint64_t sent = ms > lag ? pace[(ms - lag) % 4096] / 1000 : 0;
		queue += sent;
		uint64_t out = queue < path->capacity / 1000 ? queue : path->capacity / 1000;
		queue -= out;
		uint64_t dropped = queue > path->buffer ? queue - path->buffer : 0;
		queue -= dropped;
		int64_t wait = (int64_t)(queue * (uint64_t)S / path->capacity);
		lost_part += out * path->per_mille / 1000 + dropped;
		struct pen_rate_report report = {
			.bytes = out - out * path->per_mille / 1000,
			.packets = (uint32_t)(out / PACKET),
			.lost = (uint32_t)(lost_part / PACKET),
		};
		lost_part %= PACKET;
		pen_rtt_sample(&end->rtt, path->base + wait, ms * MS);
		pen_rate_report(&end->rate, &report, &end->rtt, ms * MS);
		if (ms <= seconds * 500)
			continue;
		end->bytes += report.bytes;
		end->queue_max = wait > end->queue_max ? wait : end->queue_max;
	}
}

Test(flow_rate, finds_what_a_path_carries)
{
	static const struct {
		const char *name;
		struct path path;
		struct pen_rate_config config;
		double least; /* share of capacity or ceiling that arrives */
		int64_t queue_max;
	} rows[] = {
		{"1 Gb/s, LAN", {125 * MB, MS, 4 * MB, 0}, {0}, .9, 8 * MS},
		{"10 Gb/s, LAN", {1250 * MB, MS, 8 * MB, 0}, {0}, .9, 8 * MS},
		{"100 Mb/s, 100 ms", {125 * MB / 10, 100 * MS, 4 * MB, 0}, {0}, .85, 100 * MS},
		{"1 Gb/s, 100 ms", {125 * MB, 100 * MS, 12 * MB, 0}, {0}, .85, 100 * MS},
		{"1 % lost", {125 * MB, 10 * MS, 4 * MB, 10}, {0}, .85, 20 * MS},
		{"5 % lost: not ours", {125 * MB, 10 * MS, 4 * MB, 50}, {0}, .7, 20 * MS},
		{"a short queue", {125 * MB, 20 * MS, 30000, 0}, {0}, .7, 20 * MS},
		{"a ceiling", {125 * MB, MS, 4 * MB, 0}, {.max = 50 * MB}, .39, MS},
		{"starts above it", {125 * MB, MS, 4 * MB, 0}, {50 * MB, 90 * MB}, .39, MS},
		{"starts far too fast", {125 * MB / 10, 50 * MS, 4 * MB, 0}, {.start = 125 * MB},
			.7, 105 * MS},
	};
	static struct end end;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		run(&end, &rows[i].path, rows[i].config, 20);
		double share = (double)end.bytes / ((double)rows[i].path.capacity * 10);
		cr_expect(share >= rows[i].least, "%s: %.3f arrives", rows[i].name, share);
		cr_expect(share <= 1.001, "%s: %.3f arrives", rows[i].name, share);
		cr_expect(end.queue_max <= rows[i].queue_max, "%s: queue of %.1f ms", rows[i].name,
			(double)end.queue_max / 1e6);
		cr_expect(!rows[i].config.max || end.rate.pace <= rows[i].config.max);
		double measured = (double)end.rate.measured / (double)rows[i].path.capacity;
		cr_expect(measured > rows[i].least * .8 && measured < 1.05, "%s: measured %.3f",
			rows[i].name, measured);
	}
}

Test(flow_rate, decides)
{
	static const struct {
		const char *name;
		bool starting;
		struct pen_rate_report report; /* of a round of 10 ms at 10 MB/s */
		int64_t queue;
		uint64_t pace; /* after it; 10 MB/s before */
	} rows[] = {
		{"doubles", true, {100000, 100, 0, false}, 0, 20 * MB},
		{"to twice what came", true, {80000, 80, 0, false}, 0, 16 * MB},
		{"rises", false, {100000, 100, 0, false}, 0, 10625000},
		{"too little came to rise", false, {50000, 50, 0, false}, 0, 10 * MB},
		{"held back", false, {100000, 100, 0, true}, 0, 10 * MB},
		{"nothing came", false, {0, 0, 0, false}, 0, 10 * MB},
		{"a queue within the target", false, {100000, 100, 0, false}, 2 * MS, 10625000},
		{"a queue", false, {100000, 100, 0, false}, 15 * MS, 8750000},
		{"a delay with little in it", false, {100000, 100, 0, false}, 12 * MS, 10625000},
		{"a long one", false, {100000, 100, 0, false}, 210 * MS, 5 * MB},
		{"of which one packet tells no more", false, {1000, 1, 0, false}, 210 * MS, 5 * MB},
		{"a little delay ends no start", true, {100000, 100, 0, false}, 5 * MS, 20 * MB},
		{"a queue ends it, but not below what came", true, {80000, 80, 0, false}, 17 * MS,
			7 * MB},
		{"a queue although held back", false, {100000, 100, 0, true}, 15 * MS, 8750000},
		{"loss of the path", false, {98000, 98, 2, false}, 0, 10625000},
		{"loss by chance", false, {95000, 95, 5, false}, 0, 10625000},
		{"loss", false, {85000, 85, 15, false}, 0, 8750000},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_rate rate;
		struct pen_rtt rtt;
		struct pen_rate_config config = {.start = 10 * MB};
		pen_rtt_init(&rtt, 10 * MS, 0);
		pen_rtt_sample(&rtt, 10 * MS, 0);
		pen_rate_init(&rate, &config, 0);
		rate.starting = rows[i].starting;
		/* The estimate stays, only the last sample saw the queue. */
		rtt.latest_ns += rows[i].queue;
		pen_rate_report(&rate, &rows[i].report, &rtt, 10 * MS);
		cr_expect_eq(rate.pace, rows[i].pace, "%s: %llu", rows[i].name,
			(unsigned long long)rate.pace);
	}
}

/* A start ends when no more arrives than before, whatever the queue says. */
Test(flow_rate, a_full_path_ends_the_start)
{
	struct pen_rate rate;
	struct pen_rtt rtt;
	struct pen_rate_config config = {.start = 10 * MB};
	pen_rtt_init(&rtt, 10 * MS, 0);
	pen_rtt_sample(&rtt, 10 * MS, 0);
	pen_rate_init(&rate, &config, 0);
	static const struct {
		uint64_t bytes; /* of a round of 10 ms */
		uint64_t pace;
		bool starting;
	} rows[] = {
		{100000, 20 * MB, true}, {200000, 40 * MB, true},
		{300000, 60 * MB, true}, /* twice what came */
		{310000, 62 * MB, true}, /* once may be chance */
		{400000, 80 * MB, true}, {410000, 82 * MB, true},
		{400000, 49007812, false}, /* 9/8 of the most that came, and 1/16 */
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_rate_report report = {rows[i].bytes, 100, 0, false};
		int64_t now = (int64_t)(i + 1) * 10 * MS;
		pen_rtt_sample(&rtt, 10 * MS, now);
		pen_rate_report(&rate, &report, &rtt, now);
		cr_expect_eq(
			rate.pace, rows[i].pace, "row %zu: %llu", i, (unsigned long long)rate.pace);
		cr_expect_eq(rate.starting, rows[i].starting, "row %zu", i);
	}
}

/* A burst, and then what the server was allowed: it has only begun. */
Test(flow_rate, a_burst_ends_no_start)
{
	static const uint64_t came[] = {100000, 300000, 200000, 300000, 600000, 1200000};
	struct pen_rate rate;
	struct pen_rtt rtt;
	struct pen_rate_config config = {.start = 10 * MB};
	pen_rtt_init(&rtt, 10 * MS, 0);
	pen_rate_init(&rate, &config, 0);
	for (size_t i = 0; i < PEN_COUNT(came); i++) {
		struct pen_rate_report report = {came[i], 100, 0, false};
		int64_t now = (int64_t)(i + 1) * 10 * MS;
		pen_rtt_sample(&rtt, 10 * MS, now);
		pen_rate_report(&rate, &report, &rtt, now);
		cr_expect(rate.starting, "row %zu", i);
	}
	cr_expect_eq(rate.pace, 240 * MB);
}

/* What comes within a round trip of the end of a start was sent before it, however it looks. */
Test(flow_rate, ends_a_start_once)
{
	static const int64_t times[] = {10 * MS, 19 * MS, 30 * MS};
	static const struct {
		int64_t queue;
		uint32_t lost; /* of 400 packets */
		uint64_t pace; /* after it; 40 MB/s before */
	} rows[][PEN_COUNT(times)] = {
		{{15 * MS, 0, 35 * MB}, {15 * MS, 0, 35 * MB}, {15 * MS, 0, 35 * MB}},
		{{0, 60, 35 * MB}, {0, 60, 35 * MB}, {0, 0, 37187500}}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_rate rate;
		struct pen_rtt rtt;
		struct pen_rate_config config = {.start = 40 * MB};
		pen_rtt_init(&rtt, 10 * MS, 0);
		pen_rtt_sample(&rtt, 10 * MS, 0);
		pen_rate_init(&rate, &config, 0);
		for (size_t k = 0; k < PEN_COUNT(times); k++) {
			struct pen_rate_report report = {600000, 400, rows[i][k].lost, false};
			rtt.latest_ns = 10 * MS + rows[i][k].queue;
			rtt.samples++;
			pen_rate_report(&rate, &report, &rtt, times[k]);
			cr_expect_eq(rate.pace, rows[i][k].pace, "row %zu, round %zu: %llu", i, k,
				(unsigned long long)rate.pace);
		}
	}
}

/* Rounds that once sent a stream to the lowest pace, from where it took minutes to come back. */
Test(flow_rate, falls_and_comes_back)
{
	static const struct {
		const char *name;
		uint32_t packets; /* of a round of 20 ms */
		int64_t sample; /* 0: none in it */
		uint64_t pace; /* after it */
	} rows[] = {
		{"a long queue is drained", 400, 50 * MS, 12 * MB},
		{"and no second time for the same packet", 400, 0, 12 * MB},
		{"nor for what was sent before that", 400, 50 * MS, 12 * MB},
		{"for a round trip, and a round", 200, 0, 12 * MB},
		{"it goes down, which takes as long", 200, 25 * MS, 12 * MB},
		{"the round is longer now", 200, 25 * MS, 12 * MB},
		{"it is gone", 200, 10 * MS, 15750000},
		{"it goes up by steps", 263, 10 * MS, 16734375},
	};
	struct pen_rate rate;
	struct pen_rtt rtt;
	struct pen_rate_config config = {.start = 24 * MB};
	pen_rtt_init(&rtt, 10 * MS, 0);
	pen_rtt_sample(&rtt, 10 * MS, 0);
	pen_rate_init(&rate, &config, 0);
	rate.starting = false;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		int64_t now = (int64_t)(i + 1) * 20 * MS;
		struct pen_rate_report report = {rows[i].packets * 1200, rows[i].packets, 0, false};
		if (rows[i].sample)
			pen_rtt_sample(&rtt, rows[i].sample, now);
		pen_rate_report(&rate, &report, &rtt, now);
		cr_expect_eq(rate.pace, rows[i].pace, "%s: %llu", rows[i].name,
			(unsigned long long)rate.pace);
	}
}

/* 100 kB/s on a round trip of half a second, of which all arrives: three times as much in seven. */
Test(flow_rate, a_slow_stream_takes_larger_steps)
{
	struct pen_rate rate;
	struct pen_rtt rtt;
	struct pen_rate_config config = {.start = 100000};
	pen_rtt_init(&rtt, 500 * MS, 0);
	pen_rate_init(&rate, &config, 0);
	rate.starting = false;
	for (int64_t i = 1; i <= 7; i++) {
		struct pen_rate_report report = {rate.pace / 2, 80, 0, false};
		pen_rtt_sample(&rtt, 500 * MS, i * 500 * MS);
		pen_rate_report(&rate, &report, &rtt, i * 500 * MS);
	}
	cr_expect(rate.pace > 280000 && rate.pace < 300000, "%llu", (unsigned long long)rate.pace);
}

Test(flow_rate, windows_and_timeouts)
{
	struct pen_rate rate;
	struct pen_rtt rtt;
	struct pen_rate_config config = {.start = 10 * MB};
	pen_rtt_init(&rtt, 8 * MS, 0);
	pen_rate_init(&rate, &config, 0);
	cr_expect_eq(pen_rate_target_ns(&rtt), 2 * MS);
	cr_expect_eq(pen_rate_window(&rate, &rtt), 200000, "10 MB/s for twice 8 + 2 ms");
	struct pen_rate_report some = {1200, 1, 0, true};
	for (unsigned i = 0; i < 40; i++) {
		for (unsigned k = 0; k < 3; k++)
			pen_rate_timeout(&rate, MS);
		cr_expect(rate.starting);
		cr_expect(i > 6 || rate.pace == (10 * MB) >> (i + 1), "only the first in a row");
		pen_rate_report(&rate, &some, &rtt, MS);
	}
	cr_expect_eq(rate.pace, PEN_RATE_MIN);
	pen_rate_limit(&rate, 1000);
	cr_expect_eq(rate.pace, PEN_RATE_MIN, "the least is above any ceiling");
	pen_rate_limit(&rate, 0);
	cr_expect_eq(rate.max, PEN_RATE_MAX);
}

/* What little was asked for came: that says the least that a path carries, and no more. */
Test(flow_rate, is_sure_of_what_was_not_held_back)
{
	static const struct {
		const char *name;
		struct {
			uint64_t bytes, flying;
			bool limited;
		} round[3];
		uint64_t measured;
		bool sure;
	} rows[] = {
		{"all of it came", {{1000, 0, true}}, 10000, false},
		{"more the next time", {{1000, 0, true}, {5000, 0, true}}, 20000, false},
		{"less the next time", {{1000, 0, true}, {500, 0, true}}, 10000, false},
		{"some is still to come", {{5000, 4999, true}}, 50000, false},
		{"as much is still to come", {{5000, 5000, true}}, 50000, true},
		{"it was not held back", {{5000, 0, false}}, 50000, true},
		{"what was little says no more then", {{1000, 0, true}, {50000, 0, false}}, 500000,
			true},
		{"nor what was much", {{50000, 0, true}, {5000, 5000, true}}, 50000, true},
		{"it stays so", {{5000, 5000, true}, {1000, 0, true}, {1000, 0, true}}, 50000,
			true},
		{"less arrives, and more is to come", {{5000, 5000, true}, {1000, 5000, true}},
			40000, true},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_rtt rtt;
		struct pen_rate rate;
		const struct pen_rate_config config = {0};
		pen_rtt_init(&rtt, 100 * MS, 0);
		pen_rate_init(&rate, &config, 0);
		for (int r = 0; r < 3 && rows[i].round[r].bytes; r++) {
			struct pen_rate_report report = {.bytes = rows[i].round[r].bytes,
				.packets = 1,
				.flying = rows[i].round[r].flying,
				.limited = rows[i].round[r].limited};
			pen_rate_report(&rate, &report, &rtt, (r + 1) * 100 * MS);
		}
		cr_expect_eq(rate.measured, rows[i].measured, "%s: %llu", rows[i].name,
			(unsigned long long)rate.measured);
		cr_expect_eq(rate.sure, rows[i].sure, "%s", rows[i].name);
	}
}
