/* A stream against a server made of numbers: grants, losses, silences, and how few PULLs it takes.
 */
#include "fetch/stream.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"
#include "wire/decode.h"

#define MS INT64_C(1000000)
#define US INT64_C(1000)
#define PACKET 1232u

static struct pen_stream stream;
static const struct pen_stream_gaps no_gaps;

static uint16_t token_of(uint64_t seq)
{
	return (uint16_t)pen_rng_mix(seq);
}

static void begin(int64_t rtt_ns, struct pen_rate_config config)
{
	struct pen_rtt rtt;
	pen_rtt_init(&rtt, rtt_ns, 0);
	pen_rtt_sample(&rtt, rtt_ns, 0);
	pen_stream_init(&stream, &rtt, &config, 0);
}

static struct pen_wire_pull pull(const struct pen_stream_want *want, int64_t now)
{
	static uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
	struct pen_wire_pulled out;
	size_t bytes = pen_stream_pull(&stream, want, &no_gaps, now, body);
	cr_assert(pen_wire_pull_decode((struct pen_bytes){body, bytes}, &out));
	uint16_t sum = 0;
	for (uint32_t i = 0; i < 64u * out.pull->proof_words; i++)
		sum ^= out.proof[i / 8] >> i % 8 & 1 ? token_of(out.pull->proof_first + i) : 0;
	cr_assert_eq(sum, out.pull->proof);
	return *out.pull;
}

static enum pen_stream_came come(uint64_t seq, uint8_t flags, uint32_t time_us, int64_t now)
{
	struct pen_wire_data data = {.type = PEN_WIRE_DATA,
		.flags = flags,
		.token = token_of(seq),
		.seq = (uint32_t)seq,
		.time_us = time_us};
	struct pen_slice slice = {.head = (const uint8_t *)&data, .bytes = PACKET};
	return pen_stream_data(&stream, &(struct pen_run){&slice, 1}, now);
}

Test(fetch_stream, grants)
{
	static const struct {
		const char *name;
		uint32_t wanted;
		uint64_t share;
		uint64_t start; /* rate */
		uint64_t grant;
	} rows[] = {
		{"all that is missing", 10, UINT64_MAX, 0, 10},
		{"credit", 1000, 100 * PACKET, 0, 100},
		{"no credit", 1000, PACKET - 1, 0, 0},
		/* 12.32 MB/s for 2 * (9 + 2.125) ms are 222 packets. */
		{"window and slack", 5000, UINT64_MAX, 12320000, 222 + PEN_STREAM_SLACK_PACKETS},
		{"what can be remembered", 100000, UINT64_MAX, UINT64_C(10000000000),
			PEN_SEQS_WINDOW},
		{"nothing is wanted", 0, UINT64_MAX, 0, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_stream_want want = {rows[i].wanted, PACKET, rows[i].share, INT64_MAX};
		begin(9 * MS, (struct pen_rate_config){.start = rows[i].start});
		pen_stream_tick(&stream, &want, 0);
		cr_expect_eq(
			pen_stream_due(&stream, &want, 0), rows[i].grant > 0, "%s", rows[i].name);
		struct pen_wire_pull said = pull(&want, 0);
		cr_expect_eq(said.grant, rows[i].grant, "%s: %llu", rows[i].name,
			(unsigned long long)said.grant);
		cr_expect(!pen_stream_due(&stream, &want, 0), "%s: just said", rows[i].name);
		cr_expect_eq(come(rows[i].grant, 0, 0, MS), PEN_STREAM_REFUSED);
		cr_expect_eq(stream.beyond, 1);
	}
}

Test(fetch_stream, says_what_came)
{
	struct pen_stream_want want = {1000, PACKET, 200 * PACKET, INT64_MAX};
	begin(8 * MS, (struct pen_rate_config){0});
	struct pen_wire_pull said = pull(&want, 0);
	cr_expect_eq(said.seen, 0);
	cr_expect_eq(said.lease_ms, 81, "three times 8 + 16 ms, and two runs of 1.58 ms");
	for (uint64_t seq = 0; seq < 100; seq++) {
		if (seq != 7)
			cr_expect_eq(come(seq, 0, 1000 + (uint32_t)seq, 5 * MS), PEN_STREAM_NEW);
	}
	cr_expect_eq(come(50, 0, 0, 5 * MS), PEN_STREAM_AGAIN);
	cr_expect(!pen_stream_tick(&stream, &want, 6 * MS));
	said = pull(&want, 9 * MS);
	cr_expect_eq(said.seen, 100);
	cr_expect_eq(said.lost, 1);
	cr_expect_eq(said.grant, 300, "the lost one is settled too");
	cr_expect_eq(said.echo_us, 1099);
	cr_expect_eq(said.echo_held_us, 4000);
	cr_expect_eq(said.time_us, 9000);
	come(7, PEN_WIRE_DATA_ECHO, 9000, 15 * MS);
	cr_expect_eq(stream.rtt.latest_ns, 6 * MS);
	said = pull(&want, 15 * MS);
	cr_expect_eq(said.echo_us, 1099, "an echo is no stamp of the server's");
	cr_expect_eq(said.lost, 1, "only rises");
}

/* The last packet under a grant has the next PULL out at once; one under an older grant does not.
 */
Test(fetch_stream, runs_dry)
{
	struct pen_stream_want want = {1000, PACKET, 20 * PACKET, INT64_MAX};
	begin(8 * MS, (struct pen_rate_config){0});
	pull(&want, 0);
	for (uint64_t seq = 0; seq < 10; seq++)
		come(seq, 0, 0, MS);
	pull(&want, MS);
	come(19, PEN_WIRE_DATA_LAST, 0, MS);
	cr_expect(!pen_stream_due(&stream, &want, MS));
	come(29, PEN_WIRE_DATA_LAST, 0, MS);
	cr_expect(pen_stream_due(&stream, &want, MS));
	cr_expect_leq(pen_stream_due_ns(&stream, &want), MS);
	want.packets = 0;
	cr_expect(!pen_stream_due(&stream, &want, MS), "but nothing more is wanted");
}

Test(fetch_stream, silence)
{
	struct pen_stream_want want = {1000, PACKET, 100 * PACKET, INT64_MAX};
	begin(8 * MS, (struct pen_rate_config){.start = 10000000});
	cr_expect(!pen_stream_tick(&stream, &want, 0));
	pull(&want, 0);
	int64_t now = 0, wait = 24 * MS;
	for (unsigned i = 0; i < 5; i++, wait = wait * 2 < 1000 * MS ? wait * 2 : 1000 * MS) {
		/* A timeout, and two runs of 16 packets at the pace. */
		int64_t run = (int64_t)(16 * PACKET * UINT64_C(1000000000) / stream.rate.pace) * 2;
		cr_expect_eq(pen_stream_due_ns(&stream, &want), now + wait + run);
		cr_expect(!pen_stream_tick(&stream, &want, now + wait + run - 1));
		now += wait + run;
		cr_expect(pen_stream_tick(&stream, &want, now), "after %lld", (long long)now);
		cr_expect(pen_stream_due(&stream, &want, now));
		struct pen_wire_pull said = pull(&want, now);
		cr_expect_eq(said.grant, 100 * (i + 2));
		cr_expect_eq(said.seen, 0);
		cr_expect_eq(said.lost, 0, "none that the server has seen");
	}
	cr_expect_eq(stream.silences, 5);
	cr_expect_eq(stream.rate.pace, 5000000, "halved once");
	cr_expect_eq(come(3, 0, 0, now), PEN_STREAM_NEW, "late, but here");
	cr_expect_eq(come(599, 0, 0, now), PEN_STREAM_NEW);
	want.packets = 0;
	cr_expect(!pen_stream_tick(&stream, &want, now + 3600 * 1000 * MS));
	want.packets = 10;
	now += 3600 * 1000 * MS;
	cr_expect(!pen_stream_tick(&stream, &want, now), "what was not wanted was not awaited");
}

/* All that is wanted is granted, but the server may send no more before some of it is proved. */
Test(fetch_stream, proves_what_is_granted_at_once)
{
	struct pen_stream_want want = {500, PACKET, UINT64_MAX, INT64_MAX};
	begin(100 * MS, (struct pen_rate_config){0});
	cr_expect_eq(pull(&want, 0).grant, 500);
	/* The last time that a PULL is paid for, and the first that it is not. */
	for (int spent = 0; spent < 2; spent++) {
		int64_t now = 200 * MS * (spent + 1);
		for (uint64_t seq = 0; seq < 53; seq++)
			come((uint64_t)spent * 53 + seq, 0, 0, now);
		want.packets -= 53;
		pen_stream_tick(&stream, &want, now);
		cr_expect(pen_stream_due(&stream, &want, now), "spent %d", spent);
		cr_expect_eq(pull(&want, now).seen, 53 * ((uint64_t)spent + 1));
		stream.feedback.budget = 0;
	}
	cr_expect_eq(stream.silences, 0);
}

/* At a slow pace a busy host sends its runs late: that is no silence, and the pace rises. */
Test(fetch_stream, slow_and_late)
{
	struct pen_stream_want want = {5000, PACKET, UINT64_MAX, INT64_MAX};
	uint64_t seq = 0;
	int64_t now = 0;
	begin(200 * US, (struct pen_rate_config){.start = 200000});
	stream.rate.starting = false;
	stream.feedback.budget = -64;
	pull(&want, now);
	for (unsigned runs = 0; runs < 200; runs++) {
		int64_t next = now + 3 * MS +
			(int64_t)(16 * PACKET * UINT64_C(1000000000) / stream.rate.pace);
		for (int64_t due; (due = pen_stream_due_ns(&stream, &want)) < next;) {
			now = due > now ? due : now + 1;
			pen_stream_tick(&stream, &want, now);
			if (pen_stream_due(&stream, &want, now))
				pull(&want, now);
		}
		now = next;
		for (unsigned i = 0; i < 16 && seq < stream.granted; i++)
			come(seq++, i ? 0 : PEN_WIRE_DATA_ECHO, pen_rtt_stamp(now - 200 * US), now);
	}
	cr_expect_eq(stream.silences, 0, "%llu", (unsigned long long)stream.silences);
	cr_expect_geq(stream.rate.pace, 400000, "%llu", (unsigned long long)stream.rate.pace);
}

/* A server may be held back for longer than the grant can grow, and is heard all the same. */
Test(fetch_stream, a_held_server)
{
	struct pen_stream_want want = {5000, PACKET, UINT64_MAX, INT64_MAX};
	int64_t now = 0;
	begin(8 * MS, (struct pen_rate_config){0});
	pull(&want, now);
	for (uint64_t seq = 0; seq < 50; seq++)
		come(seq, 0, 0, MS);
	for (unsigned i = 0; i < 5000; i++) {
		now += 1500 * MS;
		pen_stream_tick(&stream, &want, now);
		if (pen_stream_due(&stream, &want, now))
			cr_assert_leq(pull(&want, now).grant, 50 + PEN_SEQS_WINDOW);
	}
	cr_expect_gt(stream.silences, 1000);
	cr_expect_eq(come(50, 0, 0, now), PEN_STREAM_NEW);
}

/*
 * A whole transfer from a server that sends at the pace it is told, over a path with delay and
 * loss: how long it takes against the ideal, and how many PULLs.
 */
struct path {
	int64_t one_way;
	uint64_t rate; /* of the bottleneck, bytes a second, no queue beyond it */
	unsigned per_mille;
	uint32_t packets;
};

enum { FLIGHT_MAX = 1 << 15 };

static double transfer(const struct path *path, double *pulls_a_packet)
{
	static struct {
		uint64_t seq;
		int64_t at;
		uint8_t flags;
		uint32_t stamp;
	} flight[FLIGHT_MAX];
	struct pen_rng rng = {9};
	uint64_t sent = 0, head = 0, tail = 0, pulls = 0, got = 0, grant = 0;
	int64_t now = 0, free_ns = 0, pull_at = INT64_MAX;
	struct pen_wire_pull said = {0};
	uint64_t pace = 1;
	bool echo = false;
	uint32_t echo_time = 0;
	int64_t echo_at = 0;
	begin(2 * path->one_way, (struct pen_rate_config){.start = path->rate});
	for (; got < path->packets; now += 20 * US) {
		cr_assert_lt(now, 1000000 * MS, "no end: %llu of %u", (unsigned long long)got,
			path->packets);
		if (now >= pull_at) {
			grant = said.grant;
			pace = (uint64_t)said.pace * 1024;
			pace = pace < path->rate ? pace : path->rate;
			echo = true;
			echo_time = said.time_us;
			echo_at = now;
			pull_at = INT64_MAX;
		}
		while (sent < grant && free_ns <= now) {
			bool lost = pen_rng_below(&rng, 1000) < path->per_mille;
			if (!lost) {
				flight[tail % FLIGHT_MAX].seq = sent;
				flight[tail % FLIGHT_MAX].at = now + path->one_way;
				flight[tail % FLIGHT_MAX].flags =
					(uint8_t)((sent + 1 == grant ? PEN_WIRE_DATA_LAST : 0) |
						(echo ? PEN_WIRE_DATA_ECHO : 0));
				flight[tail % FLIGHT_MAX].stamp = echo
					? echo_time + (uint32_t)((now - echo_at) / US)
					: 1;
				tail++;
			}
			echo = false;
			sent++;
			free_ns = (free_ns > now - 20 * US ? free_ns : now - 20 * US) +
				(int64_t)(PACKET * UINT64_C(1000000000) / pace);
		}
		for (; head < tail && flight[head % FLIGHT_MAX].at <= now; head++) {
			got += come(flight[head % FLIGHT_MAX].seq, flight[head % FLIGHT_MAX].flags,
				       flight[head % FLIGHT_MAX].stamp, now) == PEN_STREAM_NEW;
		}
		uint32_t missing = got < path->packets ? (uint32_t)(path->packets - got) : 0;
		struct pen_stream_want want = {missing, PACKET, UINT64_MAX, INT64_MAX};
		pen_stream_tick(&stream, &want, now);
		if (missing && pull_at == INT64_MAX && pen_stream_due(&stream, &want, now)) {
			cr_assert_leq(pen_stream_due_ns(&stream, &want), now);
			said = pull(&want, now);
			pull_at = now + path->one_way;
			pulls++;
		}
	}
	*pulls_a_packet = (double)pulls / path->packets;
	double ideal = (double)path->packets * PACKET / (double)path->rate * 1e9 +
		2 * (double)path->one_way;
	return (double)now / ideal;
}

Test(fetch_stream, transfers)
{
	static const struct {
		const char *name;
		struct path path;
		double slower, pulls; /* at most */
	} rows[] = {
		{"LAN, 1 Gb/s", {100 * US, 125000000, 0, 50000}, 1.05, 1 / 64.},
		{"LAN, 1 % lost", {100 * US, 125000000, 10, 50000}, 1.07, 1 / 64.},
		{"100 Mb/s, 1 ms", {500 * US, 12500000, 0, 20000}, 1.05, 1 / 60.},
		{"20 ms", {10 * MS, 125000000, 0, 50000}, 1.1, 1 / 64.},
		{"20 ms, 1 % lost", {10 * MS, 125000000, 10, 50000}, 1.15, 1 / 64.},
		{"a few packets", {5 * MS, 12500000, 0, 20}, 1.3, 3 / 20.},
		{"one", {5 * MS, 12500000, 0, 1}, 1.3, 1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		double pulls, slower = transfer(&rows[i].path, &pulls);
		cr_expect_leq(
			slower, rows[i].slower, "%s: %.3f times the ideal", rows[i].name, slower);
		cr_expect_leq(pulls, rows[i].pulls, "%s: one PULL in %.0f packets", rows[i].name,
			1 / pulls);
	}
}
