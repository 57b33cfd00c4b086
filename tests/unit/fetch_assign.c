/* Who gets how much: shares by rate, a cap that holds, the slow and the fast. */
#include "fetch/assign.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "fakes/lab.h"
#include "fetch/blame.h"

/* The sum of what servers send stays below the cap, and close to it. */
Test(fetch_assign, a_cap_holds)
{
	static const struct {
		uint64_t cap;
		unsigned toys;
	} rows[] = {{20 * LAB_MB, 1}, {20 * LAB_MB, 2}, {50 * LAB_MB, 4}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(20 << 20, rows[i].toys);
		lab->config.rate_max = rows[i].cap;
		lab_start();
		cr_expect(lab_run(60 * LAB_S), "row %zu", i);
		double rate = (double)lab->client->counters.packets * 1232 /
			((double)(lab->now - lab->first_ns) / 1e9);
		cr_expect_leq(rate, (double)rows[i].cap * 1.1, "row %zu: %.1f MB/s", i, rate / 1e6);
		cr_expect_geq(rate, (double)rows[i].cap * 0.6, "row %zu: %.1f MB/s", i, rate / 1e6);
		lab_close();
	}
}

/* Servers of very different rates together: nearly the sum of them, and the slow do not hold up the
 * end. */
Test(fetch_assign, adds_up)
{
	static const struct {
		const char *name;
		uint64_t rates[4]; /* MB/s */
		uint64_t mib;
		double slower; /* than the sum */
		double least; /* share of pieces that the first one sends */
	} rows[] = {
		{"alike", {125, 125, 125, 125}, 64, 1.4, .15},
		{"one is slow", {125, 125, 125, 2}, 64, 1.5, .2},
		{"one is fast", {125, 10, 10, 10}, 64, 1.5, .6},
		{"one is dead slow", {125, 1, 0, 0}, 32, 1.5, .9},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		unsigned toys = 0;
		while (toys < 4 && rows[i].rates[toys])
			toys++;
		lab_open(rows[i].mib << 20, toys);
		for (unsigned t = 0; t < toys; t++)
			lab->toy[t].manners.rate = rows[i].rates[t] * LAB_MB;
		lab_start();
		cr_expect(lab_run(60 * LAB_S), "%s", rows[i].name);
		cr_expect_leq(lab_slower(), rows[i].slower, "%s: %.2f", rows[i].name, lab_slower());
		double share = (double)lab->client->server[0].pieces / (double)rows[i].mib;
		cr_expect_geq(share, rows[i].least, "%s: %.2f", rows[i].name, share);
		cr_log_info("%s: %.3f of the sum, %.2f from the first, %llu twice", rows[i].name,
			lab_slower(), share, (unsigned long long)lab->client->counters.again);
		lab_close();
	}
}

/* What the caller cannot take is not asked for. */
Test(fetch_assign, a_backlog_closes_the_tap)
{
	lab_open(20 << 20, 1);
	lab_start();
	pen_client_backlog(lab->client, 0);
	cr_expect(!lab_run(LAB_S));
	cr_expect_eq(lab->client->counters.packets, 0);
	pen_client_backlog(lab->client, UINT64_MAX);
	cr_expect(lab_run(4 * LAB_S));
	lab_close();
}

/* Fewer slots than could be used, and fewer places than slots. */
Test(fetch_assign, small_tables)
{
	static const struct {
		uint32_t slots;
		unsigned places;
	} rows[] = {{1, 32}, {2, 1}, {16, 3}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(10 << 20, 2);
		lab->config.places = rows[i].places;
		lab->toy[0].manners.slots = rows[i].slots;
		lab_start();
		cr_expect(lab_run(60 * LAB_S), "row %zu", i);
		cr_expect_leq(lab_slower(), 4, "row %zu: %.2f", i, lab_slower());
		lab_close();
	}
}

/* Where there are few places, they are not left to the slow. */
Test(fetch_assign, the_fast_come_first)
{
	lab_open(100 << 20, 2);
	lab->config.places = 2;
	lab->toy[0].manners.rate = LAB_MB;
	lab_start();
	cr_expect(lab_run(60 * LAB_S));
	cr_expect_leq(lab_slower(), 2, "%.2f", lab_slower());
	lab_close();
}

/* A server that is far away has as many small pieces as fill the time, where large ones would be
 * two. */
Test(fetch_assign, room_is_for_bytes)
{
	static const struct {
		const char *name;
		uint64_t rate; /* bytes a second */
		int64_t rtt_ns;
		unsigned places;
		uint32_t bytes; /* of each; 0: not known */
		uint64_t mean; /* of the haul's */
		bool room;
		uint32_t left; /* packets of each that have not come; 0: all */
		uint64_t pace; /* it was held back, and told that; 0: the rate is what it can */
		unsigned timeouts; /* since DATA came */
	} rows[] = {
		{"none yet", 375000, 570 * LAB_MS, 0, 1 << 20, 1 << 20, true},
		{"one beside that it is at", 375000, 570 * LAB_MS, 1, 1 << 20, 1 << 20, true},
		{"large", 375000, 570 * LAB_MS, 2, 1 << 20, 1 << 20, false},
		{"large, and come but for losses", 375000, 570 * LAB_MS, 4, 1 << 20, 1 << 20, true,
			50},
		{"large, and too much of it", 375000, 570 * LAB_MS, 4, 1 << 20, 1 << 20, false,
			150},
		{"small", 375000, 570 * LAB_MS, 4, 100000, 1 << 20, true},
		{"too many of them", 375000, 570 * LAB_MS, 6, 100000, 1 << 20, false},
		{"likely small", 375000, 570 * LAB_MS, 4, 0, 100000, true},
		{"not known at all", 375000, 570 * LAB_MS, 2, 0, 0, false},
		{"near", 375000, LAB_MS, 2, 100000, 1 << 20, false},
		{"fast", 125 * LAB_MB, LAB_MS, 7, 1 << 20, 1 << 20, true},
		{"fast, and enough", 125 * LAB_MB, LAB_MS, 8, 1 << 20, 1 << 20, false},
		{"all slots", 125 * LAB_MB, LAB_MS, 8, 100, 1 << 20, false},
		{"slow", 500, 570 * LAB_MS, 4, 1000, 1 << 20, false},
		{"asked for little", 500, 570 * LAB_MS, 4, 1000, 1 << 20, true, 0, 375000},
		{"asked for little, and slow", 500, 570 * LAB_MS, 4, 1000, 1 << 20, false, 0, 1000},
		{"silent for a moment", 375000000, LAB_MS, 1, 1000, 1 << 20, true, 0, 0, 2},
		{"silent for longer", 375000000, LAB_MS, 1, 1000, 1 << 20, false, 0, 0, 3},
		{"it has one to show", 375000000, LAB_MS, 0, 1000, 1 << 20, true, 0, 0, 9},
		{"asked for little, and brought more", 375000, 570 * LAB_MS, 4, 1000, 1 << 20, true,
			0, 1000},
	};
	lab_open(30 << 20, 1);
	lab->toy[0].manners.slots = 8;
	lab_start();
	struct pen_server *server = &lab->client->server[0];
	while (server->places < 8)
		cr_assert(lab_turn());
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		server->stream.rate.measured = rows[i].rate;
		server->stream.rate.sure = !rows[i].pace;
		server->stream.rate.pace = rows[i].pace;
		server->stream.rtt.doublings = rows[i].timeouts;
		server->stream.rtt.srtt_ns = rows[i].rtt_ns;
		server->places = rows[i].places;
		for (unsigned p = 0; p < rows[i].places; p++) {
			unsigned seat = server->place[p];
			struct pen_haul *haul = lab->client->haul[seat];
			struct pen_place *place = &lab->client->place[seat];
			place->bytes = rows[i].bytes;
			place->recv.got = rows[i].left ? place->recv.packets - rows[i].left : 0;
			pen_place_pulled(place);
			haul->name.bytes = rows[i].mean * haul->name.units;
		}
		cr_expect_eq(pen_assign_room(lab->client, 0, lab->now), rows[i].room, "%s",
			rows[i].name);
	}
}

/* The only server sends on while it is asked about a piece; but nothing after a second wrong one.
 */
Test(fetch_assign, the_only_server_goes_on_until_a_second_is_wrong)
{
	static const struct {
		const char *name;
		unsigned spoil; /* pieces */
		unsigned toys;
		bool more;
	} rows[] = {
		{"one is wrong", 1, 1, true},
		{"two are", 2, 1, false},
		{"another has all", 1, 2, false},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(40 << 20, rows[i].toys);
		lab->toy[0].manners.spoil = rows[i].spoil;
		/* The question stays open. */
		lab->toy[0].manners.no_attest = true;
		if (rows[i].toys > 1)
			lab->toy[1].manners.rate = LAB_MB;
		lab_start();
		const struct pen_server *server = &lab->client->server[0];
		while (server->bad < rows[i].spoil)
			cr_assert(lab_turn(), "%s", rows[i].name);
		/* It is not even asked for other parts: here there is but one. */
		struct pen_haul *haul = pen_hauls_nth(&lab->client->hauls, 0);
		haul->can |= 1;
		haul->cannot &= ~UINT64_C(1);
		/* What it was asked for before comes in this time. */
		for (int64_t until = lab->now + 100 * LAB_MS; lab->now < until;)
			cr_assert(lab_turn(), "%s", rows[i].name);
		cr_expect(pen_blame_holds(server), "%s", rows[i].name);
		cr_expect_eq(server->places > 0, rows[i].more, "%s: %u places", rows[i].name,
			server->places);
		lab_close();
	}
}
