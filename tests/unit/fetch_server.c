/* One server as its client sees it: questions, places in order, black holes. */
#include "fetch/server.h"

#include <criterion/criterion.h>
#include <limits.h>

#include "base/check.h"

#define MS INT64_C(1000000)

static struct pen_server server;
static struct pen_place places[16];

static void begin(void)
{
	static const struct pen_rate_config rate;
	memset(&server, 0, sizeof server);
	memset(places, 0, sizeof places);
	server.visit.rtt_ns = 2 * MS;
	pen_server_opened(&server, &rate, PEN_WIRE_SIZE_8192, 0);
}

static void open_place(unsigned i, enum pen_wire_size size, int64_t now)
{
	struct pen_recv_view view = pen_stream_view(&server.stream, now);
	places[i] = (struct pen_place){
		.state = PEN_PLACE_OPENED, .size = size, .slot = i, .bytes = 1 << 20};
	pen_recv_init(&places[i].recv, pen_wire_packets(1 << 20, size), &view);
	pen_server_place(&server, i);
}

Test(fetch_server, questions_are_repeated)
{
	struct pen_server_question question = {0};
	cr_expect(!pen_server_ask(&question, MS, 0), "not open");
	pen_server_begin(&question, 5);
	cr_expect(!pen_server_ask(&question, MS, 4));
	int64_t now = 5, wait = MS;
	for (unsigned i = 0; i < 14; i++) {
		cr_assert(pen_server_ask(&question, MS, now), "%u", i);
		pen_server_begin(&question, now);
		cr_assert(!pen_server_ask(&question, MS, now + wait - 1), "%u", i);
		now += wait;
		wait = wait * 2 < PEN_RTT_TIMEOUT_NS_MAX ? wait * 2 : PEN_RTT_TIMEOUT_NS_MAX;
	}
}

Test(fetch_server, wants_what_is_missing)
{
	begin();
	struct pen_stream_want want = pen_server_want(&server, places, 0);
	cr_expect_eq(want.packets, 0);
	cr_expect_eq(want.packet_bytes, 1232);
	open_place(0, PEN_WIRE_SIZE_1200, 0);
	open_place(1, PEN_WIRE_SIZE_8192, 0);
	want = pen_server_want(&server, places, 0);
	cr_expect_eq(want.packets, 874 + 128);
	cr_expect_eq(want.packet_bytes, 8224);
	cr_expect_eq(want.repair_ns, INT64_MAX, "no losses: nothing to repair");
}

/* A trial that is all of a small piece ends a timeout after its turn, though all of it is lost. */
Test(fetch_server, a_trial_of_all_ends)
{
	begin();
	open_place(0, PEN_WIRE_SIZE_1200, 0);
	open_place(1, PEN_WIRE_SIZE_1200, 0);
	server.sizes.trying = true;
	struct pen_recv_view view = pen_stream_view(&server.stream, 0);
	places[1].bytes = 5000;
	places[1].trial = (struct pen_place_trial){
		.size = PEN_WIRE_SIZE_1408, .packets = 4, .due_ns = INT64_MAX};
	pen_recv_init(&places[1].recv, 5, &view);
	pen_recv_hold(&places[1].recv, 4);
	pen_server_turn(&server, places, 0);
	cr_expect_eq(pen_server_tried_ns(&server, places), INT64_MAX, "not its turn");
	pen_server_displace(&server, places, 0, 10 * MS);
	cr_expect_eq(pen_server_tried_ns(&server, places), INT64_MAX, "more follows");
	places[1].recv.held = 5;
	places[1].state = PEN_PLACE_ASKED;
	pen_server_turn(&server, places, 10 * MS);
	cr_expect_eq(pen_server_tried_ns(&server, places), INT64_MAX, "not opened");
	places[1].state = PEN_PLACE_OPENED;
	int64_t due = 10 * MS + pen_rtt_timeout_ns(&server.stream.rtt);
	pen_server_turn(&server, places, 10 * MS);
	cr_expect_eq(pen_server_tried_ns(&server, places), due);
	pen_server_turn(&server, places, 20 * MS);
	cr_expect_eq(pen_server_tried_ns(&server, places), due, "once");
	cr_expect_eq(pen_server_tried(&server, places, due - 1), UINT_MAX);
	cr_expect_eq(pen_server_tried(&server, places, due), 1);
}

/* One that becomes the oldest has its turn then. */
Test(fetch_server, a_trial_waits_for_its_turn)
{
	begin();
	open_place(0, PEN_WIRE_SIZE_1200, 0);
	open_place(1, PEN_WIRE_SIZE_1200, 0);
	server.sizes.trying = true;
	places[1].trial = (struct pen_place_trial){
		.size = PEN_WIRE_SIZE_1408, .packets = 4, .due_ns = INT64_MAX};
	places[1].recv.held = places[1].recv.packets;
	pen_server_displace(&server, places, 0, 10 * MS);
	cr_expect_eq(pen_server_tried_ns(&server, places),
		10 * MS + pen_rtt_timeout_ns(&server.stream.rtt));
}

/* Gaps of any place that got something; the end of the oldest alone, and after losses. */
Test(fetch_server, asks_again)
{
	static const struct {
		const char *name;
		uint32_t got[2]; /* packets of two places, from index 0 on */
		int gap[2]; /* an index that did not come, or -1 */
		uint64_t losses;
		unsigned doublings; /* silences so far, but the first */
		unsigned gaps; /* places that are named */
		uint32_t bits; /* of the first of them */
	} rows[] = {
		{"nothing is lost", {500, 100}, {-1, -1}, 0, 0, 0, 0},
		{"a gap", {500, 0}, {7, -1}, 0, 0, 1, 1},
		{"a gap in the younger", {500, 100}, {-1, 7}, 0, 0, 1, 1},
		{"both", {500, 100}, {7, 7}, 0, 0, 2, 1},
		{"the end of the oldest", {500, 100}, {-1, -1}, 3, 1, 1, 374},
		{"not yet: it may be slow", {500, 100}, {-1, -1}, 3, 0, 0, 0},
		{"a little at once", {850, 100}, {-1, -1}, 3, 0, 1, 24},
		{"all of it", {0, 100}, {-1, -1}, 3, 1, 1, 874},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_wire_gap gaps[4];
		uint64_t bits[4][PEN_RECV_WORDS];
		begin();
		for (unsigned k = 0; k < 2; k++) {
			open_place(k, PEN_WIRE_SIZE_1200, 0);
			for (uint32_t index = 0; index < rows[i].got[k]; index++) {
				if ((int)index != rows[i].gap[k])
					pen_recv_add(&places[k].recv, index, 1, 0);
			}
		}
		server.stream.losses = rows[i].losses;
		server.stream.rtt.doublings = rows[i].doublings;
		int64_t now = 20 * MS;
		unsigned count = pen_server_gaps(&server, places, now, gaps, bits, 4);
		cr_expect_eq(count, rows[i].gaps, "%s: %u", rows[i].name, count);
		uint32_t set = 0;
		for (unsigned w = 0; count && w < PEN_RECV_WORDS; w++)
			set += (uint32_t)__builtin_popcountll(bits[0][w]);
		cr_expect_eq(set, rows[i].bits, "%s: %u", rows[i].name, set);
		cr_expect_eq(pen_server_gaps(&server, places, now, gaps, bits, 4), 0,
			"%s: once in a timeout", rows[i].name);
	}
}

Test(fetch_server, places_in_order_and_black_holes)
{
	begin();
	open_place(3, PEN_WIRE_SIZE_8192, 0);
	open_place(5, PEN_WIRE_SIZE_8192, 0);
	open_place(4, PEN_WIRE_SIZE_1200, 0);
	cr_expect_eq(pen_server_stuck(&server, places, PEN_SERVER_STUCK_NS_MIN - 1), UINT_MAX);
	cr_expect_eq(pen_server_stuck(&server, places, PEN_SERVER_STUCK_NS_MIN), 3);
	pen_recv_add(&places[3].recv, 0, 1, PEN_SERVER_STUCK_NS_MIN);
	cr_expect_eq(pen_server_stuck(&server, places, PEN_SERVER_STUCK_NS_MIN), UINT_MAX,
		"it is not the turn of 5 yet");
	int64_t now = 3 * PEN_SERVER_STUCK_NS_MIN;
	pen_server_displace(&server, places, 3, now);
	cr_expect_eq(server.places, 2);
	cr_expect_eq(server.place[0], 5);
	cr_expect_eq(places[5].recv.last_ns, now, "waited for from now on");
	cr_expect_eq(pen_server_stuck(&server, places, now + MS), UINT_MAX);
	/* Its own silences double timeouts, and do not make it wait longer. */
	server.stream.rtt.doublings = 9;
	cr_expect_eq(pen_server_stuck(&server, places, now + PEN_SERVER_STUCK_NS_MIN), 5);
	pen_server_displace(&server, places, 5, now);
	cr_expect_eq(pen_server_stuck(&server, places, 9 * now), UINT_MAX, "1,200 is always good");
	server.state = PEN_SERVER_SILENT;
	pen_server_heard(&server, false, now);
	cr_expect_eq(server.state, PEN_SERVER_SILENT, "it talks, but sends nothing");
	pen_server_heard(&server, true, now);
	cr_expect_eq(server.state, PEN_SERVER_READY);
	server.state = PEN_SERVER_SILENT;
	pen_server_displace(&server, places, 4, now);
	pen_server_heard(&server, false, now);
	cr_expect_eq(server.state, PEN_SERVER_READY, "nothing was to be sent");
}

/* Two places of which nothing came, and a later one of which something did: both are asked for
 * together, and nothing follows for their size. */
Test(fetch_server, places_that_were_passed_by)
{
	struct pen_wire_gap gaps[4];
	uint64_t bits[4][PEN_RECV_WORDS];
	begin();
	open_place(3, PEN_WIRE_SIZE_1200, 0);
	open_place(5, PEN_WIRE_SIZE_8192, 0);
	open_place(4, PEN_WIRE_SIZE_1200, 0);
	open_place(6, PEN_WIRE_SIZE_1200, 0);
	int64_t now = 50 * MS, late = now + pen_stream_patience_ns(&server.stream);
	cr_expect_eq(pen_server_gaps(&server, places, late, gaps, bits, 4), 0, "not sent yet");
	pen_recv_add(&places[4].recv, 0, 1, now);
	pen_server_pass(&server, places, 4, now);
	cr_expect_eq(pen_server_want(&server, places, now).repair_ns, late);
	cr_expect_eq(pen_server_gaps(&server, places, late - 1, gaps, bits, 4), 0);
	cr_expect_eq(pen_server_gaps(&server, places, late, gaps, bits, 4), 2);
	cr_expect(gaps[0].slot == 3 && gaps[1].slot == 5);
	pen_recv_add(&places[3].recv, 0, 1, 9 * late);
	cr_expect_eq(pen_server_stuck(&server, places, 9 * late), UINT_MAX);
}
