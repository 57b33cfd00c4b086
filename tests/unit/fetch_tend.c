/* Servers that fall silent, die, come back, forget, and move less than they promised. */
#include "fetch/tend.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "fakes/lab.h"

/* Run until so many packets came. */
static void run_to(uint64_t packets)
{
	while (lab->client->counters.packets < packets) {
		cr_assert_lt(lab->now, 60 * LAB_S);
		cr_assert(lab_turn());
	}
}

/* The server restarts: its sessions are forgotten. */
static void restart(unsigned t)
{
	lab->toy[t].manners.mute = false;
	toy_init(&lab->toy[t], (uint8_t)(t + 1), lab->now);
}

/* Run until server 0 has said in the middle of it all that it leaves, and is called again. */
static const struct pen_server *run_to_leave(void)
{
	const struct pen_server *server = &lab->client->server[0];
	run_to(5000);
	lab->toy[0].manners.leaves = true;
	while (server->state != PEN_SERVER_CALLING) {
		cr_assert_lt(lab->now, 60 * LAB_S, "it is given up");
		cr_assert(lab_turn());
	}
	return server;
}

/* Run until server 0 has another session than the first, in 2 s at most. */
static void run_to_session(void)
{
	int64_t at = lab->now;
	while (lab->client->server[0].visit.sessions < 2) {
		cr_assert_lt(lab->now, at + 2 * LAB_S, "no new session");
		cr_assert(lab_turn());
	}
}

/* A restart in the middle: RESET, a new session, and what came stays. */
Test(fetch_tend, a_server_that_forgets)
{
	lab_open(20 << 20, 1);
	lab_start();
	run_to(5000);
	int64_t at = lab->now;
	restart(0);
	run_to_session();
	cr_expect_leq(lab->now - at, LAB_S + 2 * 2 * lab->one_way, "2 round trips and 1 s");
	cr_expect(lab_run(60 * LAB_S));
	const struct pen_client_counters *c = &lab->client->counters;
	cr_expect_leq(c->packets, 17500 + 900 * 8, "pieces that were whole were not asked again");
	lab_close();
}

/* One that says that it leaves: a restart in good order costs no more than a sudden one. */
Test(fetch_tend, a_server_that_leaves_and_comes_back)
{
	lab_open(20 << 20, 1);
	lab_start();
	const struct pen_server *server = run_to_leave();
	cr_expect_eq(server->places, 0, "others may give what was asked of it");
	lab->toy[0].manners.leaves = false;
	restart(0);
	run_to_session();
	cr_expect(lab_run(60 * LAB_S));
	cr_expect_leq(lab->client->counters.packets, 17500 + 900 * 8, "what was whole stays");
	lab_close();
}

/* And does not come back: another one gives what it had been asked for. */
Test(fetch_tend, a_server_that_leaves_for_good)
{
	lab_open(20 << 20, 2);
	lab->toy[1].manners.rate = LAB_MB;
	lab_start();
	const struct pen_server *server = run_to_leave();
	lab->toy[0].manners.mute = true;
	int64_t at = lab->now;
	while (server->state != PEN_SERVER_GONE && lab_turn())
		cr_assert_lt(lab->now, at + 60 * LAB_S);
	cr_expect_eq(server->state, PEN_SERVER_GONE);
	cr_expect_leq(lab->now - at, 12 * LAB_S, "eight waits");
	cr_expect(strstr(server->visit.why.text, "it was shutting down, and is not back"), "%s",
		server->visit.why.text);
	cr_expect(lab_run(120 * LAB_S));
	lab_close();
}

/* What was said from a new address before its challenge was answered was not taken: it is said
 * again at once, and not when it is due again, which on such a path is a second later. */
Test(fetch_tend, a_client_that_moves)
{
	lab_open(20 << 20, 1);
	lab->one_way = 250 * LAB_MS;
	lab->toy[0].manners.rate = 4 * LAB_MB;
	lab_start();
	run_to(5000);
	const struct pen_server *server = &lab->client->server[0];
	uint64_t pulls = 0;
	int64_t at = lab->now;
	lab->moves++;
	while (!server->moved_ns) {
		pulls = lab->client->counters.pulls;
		cr_assert_lt(lab->now, at + 3 * LAB_S, "it is not challenged");
		cr_assert(lab_turn());
	}
	cr_expect_gt(lab->client->counters.pulls, pulls, "behind the answer");
	cr_expect(lab_run(120 * LAB_S));
	lab_close();
}

/* After a restart a far path is not tried out again from the usual start, which would take two
 * round trips more. */
Test(fetch_tend, a_server_that_forgets_is_soon_as_fast_as_before)
{
	lab_open(100 << 20, 1);
	lab->one_way = 50 * LAB_MS;
	lab->toy[0].manners.rate = 60 * LAB_MB;
	lab_start();
	const struct pen_server *server = &lab->client->server[0];
	run_to(50000);
	restart(0);
	uint64_t before = 0;
	while (server->visit.sessions < 2) {
		before = server->stream.rate.measured;
		cr_assert(lab_turn());
	}
	cr_expect_eq(server->past.rate, before);
	cr_expect_eq(server->stream.rate.pace, before / 2);
	cr_expect_gt(before / 2, PEN_RATE_START);
	int64_t at = lab->now;
	uint64_t left = lab->bytes - lab->client->counters.placed_bytes;
	cr_expect(lab_run(at + 60 * LAB_S));
	int64_t ideal = (int64_t)(left * 1000 / 60) + 2 * lab->one_way;
	cr_expect_leq(lab->now - at, ideal + 360 * LAB_MS, "%.0f ms, ideal %.0f",
		(double)(lab->now - at) / 1e6, (double)ideal / 1e6);
	lab_close();
}

/* Dead for a while, and then back with or without its sessions. */
Test(fetch_tend, a_server_that_comes_back)
{
	for (int forgets = 0; forgets < 2; forgets++) {
		lab_open(10 << 20, 1);
		lab_start();
		run_to(3000);
		int64_t at = lab->now;
		lab->toy[0].manners.mute = true;
		cr_assert(!lab_run(at + 5 * LAB_S));
		cr_expect_eq(lab->client->server[0].state, PEN_SERVER_SILENT);
		if (forgets)
			restart(0);
		lab->toy[0].manners.mute = false;
		at = lab->now;
		cr_expect(lab_run(at + 5 * LAB_S), "forgets %d", forgets);
		cr_expect_leq(lab->now - at, 3 * LAB_S);
		lab_close();
	}
}

/* It comes back without its sessions and with another key, so that it can prove no RESET: it is
 * greeted as the stranger that it is, and what came stays. */
Test(fetch_tend, server_back_with_a_new_key)
{
	lab_open(20 << 20, 1);
	lab_start();
	run_to(5000);
	int64_t at = lab->now;
	toy_init(&lab->toy[0], 77, lab->now);
	const struct pen_server *server = &lab->client->server[0];
	const uint8_t *key = lab->toy[0].greeter.config.identity.key;
	cr_assert_neq(memcmp(server->visit.key, key, 32), 0);
	cr_expect(lab_run(at + 20 * LAB_S));
	cr_expect_eq(memcmp(server->visit.key, key, 32), 0);
	cr_expect_eq(server->visit.sessions, 2);
	cr_expect_eq(server->fault, PEN_SERVER_NO_FAULT);
	cr_expect_leq(lab->now - at, 5 * LAB_S, "%.0f ms", (double)(lab->now - at) / 1e6);
	cr_expect_leq(lab->client->counters.packets, 17500 + 900 * 8, "what was whole stays");
	lab_close();
}

/* It is asked what it holds, forgets the session, and dies: without one nothing can be asked, and
 * nobody turns in circles until it is back. */
Test(fetch_tend, a_question_waits_for_a_session)
{
	static const uint8_t byte;
	const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE};
	lab_open(20 << 20, 1);
	lab->toy[0].manners.no_attest = true;
	lab_start();
	run_to(100);
	const struct pen_server *server = &lab->client->server[0];
	pen_client_blame(lab->client, 0, &piece, (struct pen_bytes){&byte, 1}, lab->now);
	restart(0);
	while (server->visit.state == PEN_VISIT_OPEN)
		cr_assert(lab_turn());
	cr_assert(server->inquiry.open);
	lab->toy[0].manners.mute = true;
	int64_t at = lab->now;
	unsigned turns = 0;
	for (; lab->now < at + 3 * LAB_S; turns++)
		cr_assert(lab_turn());
	cr_expect_lt(turns, 100, "%u turns in 3 s", turns);
	lab_close();
}

/* One of two dies: its pieces go to the other at once, and so does its credit. */
Test(fetch_tend, credit_given_to_a_peer_that_died)
{
	lab_open(30 << 20, 2);
	lab->toy[0].manners.rate = 50 * LAB_MB;
	lab_start();
	run_to(4000);
	lab->toy[1].manners.mute = true;
	cr_expect(lab_run(60 * LAB_S));
	cr_expect_lt(lab->now, LAB_S, "%.1f ms", (double)lab->now / 1e6);
	cr_expect_neq(lab->client->server[1].state, PEN_SERVER_READY);
	cr_expect_gt(lab->client->credit.lapses + lab->client->server[1].stream.silences, 0);
	lab_close();
}

/* One talks, but sends nothing: what it was asked for comes from the other. */
Test(fetch_tend, one_that_only_talks)
{
	lab_open(20 << 20, 3);
	lab->toy[0].manners.no_data = true;
	lab->toy[2].manners.no_data = true;
	lab_start();
	cr_expect(lab_run(10 * LAB_S));
	cr_expect_leq(lab->now, 600 * LAB_MS, "%.0f ms", (double)lab->now / 1e6);
	cr_expect_eq(lab->client->server[1].pieces, 20);
	lab_close();
}

/* Nobody answers at first; and for good. */
Test(fetch_tend, nobody_is_there)
{
	lab_open(1 << 20, 2);
	lab->toy[0].manners.mute = true;
	lab->toy[1].manners.mute = true;
	lab_start();
	cr_expect(!lab_run(3 * LAB_S));
	cr_expect_eq(lab->client->server[0].state, PEN_SERVER_CALLING);
	lab->toy[1].manners.mute = false;
	cr_expect(lab_run(10 * LAB_S));
	cr_expect_leq(lab->now, 6 * LAB_S);
	lab_close();

	lab_open(1 << 20, 1);
	lab->toy[0].manners.mute = true;
	lab_start();
	while (lab->client->server[0].state == PEN_SERVER_CALLING && lab->now < 60 * LAB_S) {
		pen_client_turn(lab->client, lab->now);
		lab->now += 100 * LAB_MS;
	}
	pen_post_flush(&lab->client->post, &lab->net, 0, lab->now);
	cr_expect_eq(lab->client->server[0].state, PEN_SERVER_GONE);
	cr_expect_eq(pen_client_due_ns(lab->client, lab->now), INT64_MAX, "nothing is due");
	lab_close();
}

/* The path carries small packets only, and nobody says so: trying larger ones costs these packets,
 * and no time. */
Test(fetch_tend, a_black_hole)
{
	int64_t calm = 0;
	for (enum pen_wire_size size = 0; size < PEN_WIRE_SIZES; size++) {
		lab_open(20 << 20, 1);
		lab->config.size_max = size;
		lab->toy[0].manners.payload_max = 1200;
		lab_start();
		cr_expect(lab_run(60 * LAB_S), "size %d", size);
		if (size == PEN_WIRE_SIZE_1200)
			calm = lab->now;
		cr_expect_leq(lab->now - calm, 20 * LAB_MS, "size %d: %.1f ms, %.1f", size,
			(double)lab->now / 1e6, (double)calm / 1e6);
		cr_expect_eq(lab->client->counters.stuck, 0);
		cr_expect_eq(lab->client->server[0].sizes.proven, PEN_WIRE_SIZE_1200);
		cr_expect(lab->client->server[0].sizes.failures > 0 || size == 0);
		lab_close();
	}
}

/* The client's host stands still for 200 ms of each 250: what arrives meanwhile is seen then. */
static int64_t stands_still(const uint8_t *at, size_t bytes, int to)
{
	(void)at, (void)bytes;
	int64_t in = lab->now % (250 * LAB_MS);
	return to < 0 && in < 200 * LAB_MS ? 200 * LAB_MS - in : 0;
}

/* It narrows in the middle: what came stays, and the rest comes in small packets before long,
 * however far it is, or busy a host, and so long the timeouts. */
Test(fetch_tend, mtu_falls_below_a_slots_size)
{
	static const struct {
		int64_t one_way;
		bool busy;
	} rows[] = {{LAB_MS / 2, false}, {20 * LAB_MS, false}, {80 * LAB_MS, false},
		{LAB_MS / 2, true}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(60 << 20, 1);
		lab->config.size_max = PEN_WIRE_SIZE_8192;
		lab->one_way = rows[i].one_way;
		lab->later = rows[i].busy ? stands_still : NULL;
		lab_start();
		const struct pen_client_counters *count = &lab->client->counters;
		while (count->placed_bytes < 30000000)
			cr_assert(lab_turn());
		cr_expect_eq(lab->client->server[0].sizes.proven, PEN_WIRE_SIZE_8192);
		int64_t at = lab->now;
		lab->toy[0].manners.payload_max = 1408;
		while (!count->stuck)
			cr_assert(lab_turn());
		uint64_t before = count->placed_bytes;
		while (count->placed_bytes < before + 1000000)
			cr_assert(lab_turn());
		cr_expect_leq(
			lab->now - at, LAB_S, "row %zu: %.0f ms", i, (double)(lab->now - at) / 1e6);
		/* Where packets of one size end within one of another. */
		cr_expect_leq(count->placed_bytes, lab->bytes + 65536);
		cr_expect_gt(count->stuck, 0);
		lab_close();
	}
}

/* A session that begins anew uses what was proven before at once, for what it had begun and for
 * what comes. */
Test(fetch_tend, a_new_session_keeps_the_size)
{
	lab_open(40 << 20, 1);
	lab->config.size_max = PEN_WIRE_SIZE_8192;
	lab_start();
	run_to(6000);
	const struct pen_server *server = &lab->client->server[0];
	cr_assert_eq(server->sizes.proven, PEN_WIRE_SIZE_8192);
	uint64_t placed = lab->client->counters.placed;
	uint64_t bytes = lab->client->counters.placed_bytes;
	restart(0);
	cr_expect(lab_run(60 * LAB_S));
	cr_expect_eq(server->visit.sessions, 2);
	cr_expect_eq(server->sizes.proven, PEN_WIRE_SIZE_8192);
	placed = lab->client->counters.placed - placed;
	bytes = lab->client->counters.placed_bytes - bytes;
	cr_expect_geq(bytes / placed, 8000, "%lu bytes in %lu packets", bytes, placed);
	lab_close();
}

/* Nothing to do for longer than the session would last: it is kept. */
Test(fetch_tend, an_idle_session_is_kept)
{
	lab_open(1 << 20, 1);
	lab->toy[0].manners.lacks = true;
	lab_start();
	cr_expect(!lab_run(100 * LAB_S));
	cr_expect_eq(lab->client->server[0].visit.sessions, 1);
	cr_expect_geq(lab->toy[0].guest[0].pulls, 5);
	cr_expect_leq(lab->toy[0].guest[0].pulls, 10);
	/* It has got it now, and is asked again in time. */
	lab->toy[0].manners.lacks = false;
	int64_t at = lab->now;
	cr_expect(lab_run(at + 10 * LAB_S));
	cr_expect_leq(lab->now - at, PEN_SERVER_NEWS_NS + LAB_S);
	lab_close();
}
