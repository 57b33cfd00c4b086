/* Who gets which piece next. */
#include "fetch/sched.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"

#define MB UINT64_C(1000000)

static struct pen_hauls hauls;
static struct pen_bonds bonds;

/* Hauls 0 and 1, of three units each; server 0 and 1 can serve both, server 2 only the second. */
static struct pen_haul *haul[2];

static void begin(void)
{
	struct pen_hauls_config config = {.hauls_max = 4, .units_max = 100};
	struct pen_haul_name name = {.bytes = 3u << 20, .units = 3};
	cr_assert_eq(pen_hauls_open(&hauls, &config), 0);
	for (uint32_t k = 0; k < 2; k++) {
		haul[k] = pen_hauls_begin(&hauls, PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE, k);
		for (unsigned s = 0; s < 3; s++) {
			if (k == 1 || s < 2)
				pen_haul_offer(&hauls, haul[k], s, &name);
		}
	}
}

Test(fetch_sched, picks)
{
	static const struct {
		const char *name;
		const char *units[2]; /* m missing, h here, or the server that it flies at */
		uint64_t left[3]; /* bytes of each flight of a server */
		uint32_t misses; /* of flights */
		uint64_t rates[3];
		unsigned peer;
		int haul; /* -1: nothing */
		uint32_t unit;
		bool again;
	} rows[] = {
		{"the first", {"mmm", "mmm"}, {0}, 0, {MB, MB, MB}, 0, 0, 0, false},
		{"the next", {"h1m", "mmm"}, {0}, 0, {MB, MB, MB}, 0, 0, 2, false},
		{"the next haul", {"h11", "hmm"}, {0}, 0, {MB, MB, MB}, 0, 1, 1, false},
		{"what it can serve", {"mmm", "hhm"}, {0}, 0, {MB, MB, MB}, 2, 1, 2, false},
		{"nothing is left", {"hhh", "hhh"}, {0}, 0, {MB, MB, MB}, 0, -1, 0, false},
		{"its own flies", {"h0h", "hhh"}, {MB, 0, 0}, 9, {MB, MB, MB}, 0, -1, 0, false},
		{"as slow as itself", {"h1h", "hhh"}, {0, MB, 0}, 0, {MB, MB, MB}, 0, -1, 0, false},
		{"steals from the slow", {"h1h", "hhh"}, {0, MB, 0}, 0, {10 * MB, MB, MB}, 0, 0, 1,
			true},
		{"not when it is nearly here", {"h1h", "hhh"}, {0, MB / 50, 0}, 0,
			{10 * MB, MB, MB}, 0, -1, 0, false},
		{"the slower does not", {"0hh", "hhh"}, {MB, 0, 0}, 0, {10 * MB, MB, MB}, 1, -1, 0,
			false},
		{"a second miss", {"0hh", "hhh"}, {MB, 0, 0}, 2, {10 * MB, MB, MB}, 1, 0, 0, true},
		{"flies twice already", {"hhh", "hh2"}, {0, 0, MB}, 2, {MB, MB, 1}, 0, 1, 2, true},
		{"a dead one's", {"1hh", "hhh"}, {0, MB, 0}, 0, {MB, 0, 0}, 0, 0, 0, true},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_sched_flight flights[8];
		uint64_t rates[PEN_HAUL_PEERS] = {
			rows[i].rates[0], rows[i].rates[1], rows[i].rates[2]};
		struct pen_sched_view view = {
			.hauls = &hauls, .bonds = &bonds, .flights = flights, .rates = rates};
		begin();
		for (uint32_t k = 0; k < 6; k++) {
			char c = rows[i].units[k / 3][k % 3];
			if (c == 'm')
				continue;
			pen_haul_fly(haul[k / 3], k % 3);
			if (c == 'h') {
				pen_haul_land(haul[k / 3], k % 3, 0);
				continue;
			}
			flights[view.count++] = (struct pen_sched_flight){.haul = haul[k / 3],
				.unit = k % 3,
				.peer = (unsigned)(c - '0'),
				.left_bytes = rows[i].left[c - '0'],
				.bytes = PEN_WIRE_PIECE_BYTES_MAX,
				.misses = rows[i].misses};
		}
		struct pen_sched_pick pick = pen_sched_next(&view, rows[i].peer);
		int got = pick.haul ? (pick.haul == haul[1]) : -1;
		cr_expect_eq(got, rows[i].haul, "%s: haul %d", rows[i].name, got);
		cr_expect(!pick.haul || pick.unit == rows[i].unit, "%s: unit %u", rows[i].name,
			pick.unit);
		cr_expect_eq(pick.again, rows[i].again, "%s", rows[i].name);
		if (pick.again) {
			flights[view.count++] = (struct pen_sched_flight){
				.haul = pick.haul, .unit = pick.unit, .peer = rows[i].peer};
			for (unsigned s = 0; s < 3; s++)
				cr_expect_null(pen_sched_next(&view, s).haul, "%s: a third time",
					rows[i].name);
		}
		pen_hauls_close(&hauls);
	}
}

/* Two that send nothing have it; that is as good as nobody. */
Test(fetch_sched, flights_at_the_dead_do_not_count)
{
	begin();
	struct pen_sched_flight flights[] = {
		{.haul = haul[1], .unit = 0, .peer = 1, .left_bytes = 5, .misses = 9},
		{.haul = haul[1], .unit = 0, .peer = 2, .left_bytes = 5, .misses = 9},
	};
	uint64_t rates[PEN_HAUL_PEERS] = {MB};
	struct pen_sched_view view = {
		.hauls = &hauls, .bonds = &bonds, .flights = flights, .count = 2, .rates = rates};
	for (uint32_t k = 0; k < 6; k++)
		pen_haul_fly(haul[k / 3], k % 3);
	struct pen_sched_pick pick = pen_sched_next(&view, 0);
	cr_expect_eq(pick.haul, haul[1]);
	cr_expect(pick.again);
	cr_expect_null(pen_sched_next(&view, 1).haul, "its own");
	rates[1] = rates[2] = 1;
	cr_expect_null(pen_sched_next(&view, 0).haul, "twice is enough");
	pen_hauls_close(&hauls);
}

/* Whoever is held gets what nobody else can send, and nothing that flies elsewhere. */
Test(fetch_sched, gives_the_held_what_nobody_else_has)
{
	static const struct {
		const char *name;
		uint64_t rates[3]; /* server 2 has only the second haul */
		uint64_t held;
		bool bound; /* a piece of the first haul, to server 0 */
		bool flies; /* all does, at server 1 */
		unsigned peer;
		int haul; /* -1: nothing */
	} rows[] = {
		{"not held", {MB, MB, MB}, 0, false, false, 0, 0},
		{"another has all", {MB, MB, MB}, 1, false, false, 0, -1},
		{"the other is silent", {MB, 0, 0}, 1, false, false, 0, 0},
		{"another has the second", {MB, 0, MB}, 1, false, false, 0, 0},
		{"not this one's, but another's", {MB, MB, MB}, 1, false, false, 1, 0},
		{"both are held", {MB, MB, 0}, 3, false, false, 0, 0},
		{"bound, and another has it", {MB, MB, 0}, 1, true, false, 0, -1},
		{"bound, and alone", {MB, 0, 0}, 1, true, false, 0, 0},
		{"takes nothing over", {MB, 1, 0}, 1, false, true, 0, -1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		begin();
		struct pen_sched_flight flights[6];
		uint64_t rates[PEN_HAUL_PEERS] = {
			rows[i].rates[0], rows[i].rates[1], rows[i].rates[2]};
		struct pen_sched_view view = {.hauls = &hauls,
			.bonds = &bonds,
			.flights = flights,
			.rates = rates,
			.held = rows[i].held};
		for (uint32_t k = 0; rows[i].flies && k < 6; k++) {
			pen_haul_fly(haul[k / 3], k % 3);
			flights[view.count++] = (struct pen_sched_flight){.haul = haul[k / 3],
				.unit = k % 3,
				.peer = 1,
				.left_bytes = MB,
				.bytes = MB};
		}
		struct pen_bond *bond = NULL;
		if (rows[i].bound) {
			bond = pen_bonds_make(&bonds, haul[0], 0, 0, 2);
			pen_haul_fly(haul[0], 0);
		}
		struct pen_sched_pick pick = pen_sched_next(&view, rows[i].peer);
		int got = pick.haul ? (pick.haul == haul[1]) : -1;
		cr_expect_eq(got, rows[i].haul, "%s: haul %d", rows[i].name, got);
		if (bond)
			pen_bonds_end(&bonds, bond);
		pen_hauls_close(&hauls);
	}
}

/* One unit is left, at a slow server: who takes it over depends on who else has it, and on what
 * would have to come again. */
Test(fetch_sched, takes_over_what_others_have_not)
{
	static const struct {
		const char *name;
		uint64_t left, bytes;
		uint64_t rates[5]; /* 0 and 1 have it; 3 and 4 have nothing */
		bool again;
	} rows[] = {
		{"the fastest that has it", MB, MB, {8 * MB, MB, 0, 0, 0}, true},
		{"the faster have it not", MB, MB, {8 * MB, MB, 0, 9 * MB, 9 * MB}, true},
		{"all of it is little", MB / 10, MB / 10, {4 * MB, MB, 0, 0, 0}, true},
		{"all of it is much", MB / 10, MB, {4 * MB, MB, 0, 0, 0}, false},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		begin();
		struct pen_sched_flight flights[] = {{.haul = haul[0],
			.unit = 2,
			.peer = 1,
			.left_bytes = rows[i].left,
			.bytes = rows[i].bytes}};
		uint64_t rates[PEN_HAUL_PEERS];
		memset(rates, 0, sizeof rates);
		memcpy(rates, rows[i].rates, sizeof rows[i].rates);
		struct pen_sched_view view = {.hauls = &hauls,
			.bonds = &bonds,
			.flights = flights,
			.count = 1,
			.rates = rates};
		for (uint32_t k = 0; k < 6; k++)
			pen_haul_fly(haul[k / 3], k % 3);
		struct pen_sched_pick pick = pen_sched_next(&view, 0);
		cr_expect_eq(pick.again, rows[i].again, "%s", rows[i].name);
		pen_hauls_close(&hauls);
	}
}

/* Two that are faster do not have a bound piece: it is freed from the slow all the same. */
Test(fetch_sched, frees_what_others_have_not)
{
	begin();
	struct pen_sched_flight flights[] = {{.haul = haul[1],
		.unit = 0,
		.peer = 1,
		.left_bytes = MB,
		.bytes = MB,
		.bound = true}};
	uint64_t rates[PEN_HAUL_PEERS] = {10 * MB, MB / 8, 0, 11 * MB, 11 * MB};
	uint64_t shown[PEN_HAUL_PEERS] = {MB / 2};
	struct pen_sched_view view = {.hauls = &hauls,
		.bonds = &bonds,
		.flights = flights,
		.count = 1,
		.rates = rates,
		.shown = shown};
	struct pen_bond *bond = pen_bonds_make(&bonds, haul[1], 0, 1, 2);
	for (uint32_t k = 0; k < 6; k++)
		pen_haul_fly(haul[k / 3], k % 3);
	pen_bond_ask(bond, 1);
	/* What came is lost, so it takes more than a hope. */
	cr_expect(!pen_sched_next(&view, 0).haul, "it has not shown that it is so fast");
	shown[0] = 10 * MB;
	struct pen_sched_pick pick = pen_sched_next(&view, 0);
	cr_expect(pick.haul == haul[1] && pick.unit == 0 && pick.again);
	pen_bonds_end(&bonds, bond);
	pen_hauls_close(&hauls);
}

/* A piece of several blocks: its server goes on with it before all else, nobody else has it. */
Test(fetch_sched, what_is_bound)
{
	begin();
	struct pen_sched_flight flights[] = {
		{.haul = haul[1],
			.unit = 0,
			.peer = 1,
			.left_bytes = MB,
			.misses = 9,
			.bound = true},
	};
	uint64_t rates[PEN_HAUL_PEERS] = {10 * MB, 8 * MB, 0};
	struct pen_sched_view view = {.hauls = &hauls,
		.bonds = &bonds,
		.flights = flights,
		.count = 1,
		.rates = rates,
		.shown = rates};
	struct pen_bond *bond = pen_bonds_make(&bonds, haul[1], 0, 1, 2);
	pen_haul_fly(haul[1], 0);
	struct pen_sched_pick pick = pen_sched_next(&view, 1);
	cr_expect_eq(pick.haul, haul[1], "before the older haul");
	cr_expect_eq(pick.unit, 0);
	pen_bond_ask(bond, 1);
	cr_expect_eq(pen_sched_next(&view, 1).haul, haul[0]);
	for (uint32_t k = 0; k < 6; k++)
		pen_haul_fly(haul[k / 3], k % 3);
	cr_expect_null(pen_sched_next(&view, 0).haul, "not stolen");
	rates[1] = MB / 8;
	pick = pen_sched_next(&view, 0);
	cr_expect(pick.haul == haul[1] && pick.unit == 0 && pick.again, "but from the slow");
	pen_haul_lack(haul[1], 0);
	pen_haul_forgive(haul[1], 0, 0);
	const struct pen_haul_name name = haul[1]->name;
	cr_assert(pen_haul_offer(&hauls, haul[1], 0, &name));
	cr_expect_null(pen_sched_next(&view, 0).haul, "not by who promised it before, in vain");
	pen_bonds_end(&bonds, bond);
	pen_hauls_close(&hauls);
}

Test(fetch_sched, what_waits_follows_the_rate)
{
	static const struct {
		uint64_t rate;
		int64_t rtt;
		uint64_t bytes;
	} rows[] = {
		{0, 1, 0},
		{MB, 1000000, MB * 52 / 1000},
		{125 * MB, 1000000, 125 * MB * 52 / 1000},
		{MB, 100000000, MB / 4},
		{UINT64_C(50000000000), 1000000000, UINT64_C(102500000000)},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		cr_expect(pen_sched_room(rows[i].rate, rows[i].rtt, rows[i].bytes), "row %zu", i);
		cr_expect(!pen_sched_room(rows[i].rate, rows[i].rtt, rows[i].bytes + 1), "row %zu",
			i);
	}
	cr_expect(pen_sched_room(UINT64_MAX, 1000000000, UINT64_MAX));
}
