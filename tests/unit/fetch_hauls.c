/* Hauls: units that are missing, fly and land, and who may send them. */
#include "fetch/hauls.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "base/check.h"
#include "base/rng.h"

#define MIB (1u << 20)

static struct pen_hauls hauls;

static void begin(uint32_t units_max, uint32_t blocks)
{
	struct pen_hauls_config config = {.hauls_max = 4, .units_max = units_max, .blocks = blocks};
	pen_hauls_close(&hauls);
	cr_assert_eq(pen_hauls_open(&hauls, &config), 0);
}

static struct pen_haul_name name_of(uint8_t id, uint64_t bytes, uint32_t units)
{
	return (struct pen_haul_name){.id = {id}, .bytes = bytes, .units = units};
}

Test(fetch_hauls, who_can_serve)
{
	static const struct {
		const char *name;
		enum pen_wire_form form;
		uint8_t id[2];
		uint64_t bytes[2];
		uint32_t units[2];
		bool can[2];
	} rows[] = {
		{"alike", PEN_WIRE_FORM_NEARCORE, {1, 1}, {5, 5}, {1, 1}, {true, true}},
		{"another blob", PEN_WIRE_FORM_NEARCORE, {1, 2}, {5, 5}, {1, 1}, {true, false}},
		{"another length", PEN_WIRE_FORM_NEARCORE, {1, 1}, {5, 6}, {1, 1}, {true, false}},
		{"lean of any length", PEN_WIRE_FORM_LEAN, {1, 1}, {5, 6}, {3, 3}, {true, true}},
		{"another lean part", PEN_WIRE_FORM_LEAN, {1, 2}, {5, 5}, {3, 3}, {true, false}},
		{"by frames", PEN_WIRE_FORM_LEAN, {1, 1}, {5, 5}, {3, 4}, {true, false}},
		{"raw", PEN_WIRE_FORM_RAW, {1, 1}, {5, 5}, {1, 1}, {true, true}},
		{"too many units", PEN_WIRE_FORM_RAW, {1, 1}, {9, 5}, {101, 1}, {false, true}},
		{"none", PEN_WIRE_FORM_RAW, {1, 1}, {9, 5}, {0, 1}, {false, true}},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		begin(100, 0);
		struct pen_haul *haul = pen_hauls_begin(
			&hauls, rows[i].form, PEN_WIRE_KIND_PIECE, 7);
		for (unsigned p = 0; p < 2; p++) {
			struct pen_haul_name name = name_of(
				rows[i].id[p], rows[i].bytes[p], rows[i].units[p]);
			cr_expect_eq(pen_haul_offer(&hauls, haul, p ? 63 : 0, &name),
				rows[i].can[p], "%s: %u", rows[i].name, p);
			cr_expect_eq(haul->can >> (p ? 63 : 0) & 1, rows[i].can[p]);
			cr_expect_eq(haul->cannot >> (p ? 63 : 0) & 1, !rows[i].can[p]);
		}
		pen_haul_refuse(haul, 63);
		cr_expect_eq(haul->can >> 63, 0);
		pen_haul_rename(haul);
		cr_expect(!haul->named);
		cr_expect_eq(haul->can | haul->cannot, 0, "all may be asked again");
	}
	pen_hauls_close(&hauls);
}

/* A liar names a part first, and is found out; those who have other bytes get their chance. */
Test(fetch_hauls, orphans)
{
	begin(100, 0);
	struct pen_haul *haul = pen_hauls_begin(
		&hauls, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 7);
	struct pen_haul_name liar = name_of(1, 2 * MIB, 2), honest = name_of(2, 2 * MIB, 2);
	cr_expect(!pen_haul_orphaned(haul), "not named yet");
	cr_expect(pen_haul_offer(&hauls, haul, 3, &liar));
	cr_expect(!pen_haul_offer(&hauls, haul, 4, &honest));
	cr_expect(!pen_haul_orphaned(haul));
	pen_haul_fly(haul, 1);
	pen_haul_refuse(haul, 3);
	cr_expect(!pen_haul_orphaned(haul), "something may still land");
	pen_haul_fail(haul, 1);
	cr_assert(pen_haul_orphaned(haul));
	pen_haul_adopt(haul);
	cr_expect(!haul->named);
	cr_expect(pen_haul_offer(&hauls, haul, 4, &honest));
	for (unsigned unit = 0; unit < 2; unit++) {
		pen_haul_fly(haul, unit);
		pen_haul_land(haul, unit, 4);
	}
	pen_haul_refuse(haul, 4);
	cr_expect(!pen_haul_orphaned(haul), "all of it is here");
}

/* A raw object has the same bytes everywhere: what is here stays. */
Test(fetch_hauls, raw_orphans)
{
	begin(100, 0);
	struct pen_haul *haul = pen_hauls_begin(&hauls, PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE, 0);
	struct pen_haul_name name = name_of(1, 2 * MIB, 2);
	cr_expect(pen_haul_offer(&hauls, haul, 3, &name));
	pen_haul_refuse(haul, 4);
	pen_haul_fly(haul, 0);
	pen_haul_land(haul, 0, 3);
	pen_haul_adopt(haul);
	cr_expect_eq(haul->cannot, 16, "somebody can");
	pen_haul_refuse(haul, 3);
	pen_haul_adopt(haul);
	cr_expect_eq(haul->cannot, 0);
	cr_expect(haul->named);
	cr_expect(pen_haul_has(haul, 0));
}

Test(fetch_hauls, pieces)
{
	static const struct {
		const char *name;
		enum pen_wire_form form;
		enum pen_wire_kind kind;
		struct pen_haul_name as;
		uint32_t unit, piece;
		uint8_t block;
		uint32_t bytes;
	} rows[] = {
		{"first", PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE,
			{.bytes = 3 * MIB + 1, .units = 4}, 0, 0, 0, MIB},
		{"last", PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE, {.bytes = 3 * MIB + 1, .units = 4},
			3, 3, 0, 1},
		{"last, full", PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE,
			{.bytes = 4 * MIB, .units = 4}, 3, 3, 0, MIB},
		{"lean head", PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE,
			{.bytes = 99, .units = 4, .head_bytes = 33}, 0, 0, 0, 33},
		{"lean frame", PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE,
			{.bytes = 99, .units = 4, .head_bytes = 33}, 2, 2, 0, 0},
		{"table", PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_TABLE, {.units = 4}, 2, 0, 2, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		begin(100, 0);
		struct pen_haul *haul = pen_hauls_begin(&hauls, rows[i].form, rows[i].kind, 7);
		cr_assert(pen_haul_offer(&hauls, haul, 0, &rows[i].as));
		struct pen_piece piece = pen_haul_piece(haul, rows[i].unit);
		cr_expect_eq(piece.part, 7);
		cr_expect_eq(piece.kind, rows[i].kind);
		cr_expect_eq(piece.piece, rows[i].piece, "%s", rows[i].name);
		cr_expect_eq(piece.block, rows[i].block, "%s", rows[i].name);
		cr_expect_eq(
			pen_haul_unit_bytes(haul, rows[i].unit), rows[i].bytes, "%s", rows[i].name);
	}
	struct pen_haul *table = pen_hauls_find(&hauls, PEN_WIRE_KIND_TABLE, 7);
	cr_assert_not_null(table);
	cr_expect(pen_haul_grow(&hauls, table, 100));
	cr_expect(!pen_haul_grow(&hauls, table, 101));
	cr_expect(!pen_haul_grow(&hauls, table, 99), "it does not become less");
	pen_hauls_close(&hauls);
}

/* Random moves against a model of flags. */
Test(fetch_hauls, units_agree_with_flags)
{
	enum { UNITS = 150 };
	struct pen_rng rng = {4};
	char state[UNITS]; /* m, f, h */
	begin(UNITS, 0);
	struct pen_haul *haul = pen_hauls_begin(&hauls, PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE, 0);
	struct pen_haul_name name = name_of(1, (uint64_t)UNITS * MIB, UNITS);
	cr_assert(pen_haul_offer(&hauls, haul, 5, &name));
	memset(state, 'm', sizeof state);
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t unit = (uint32_t)pen_rng_below(&rng, UNITS), first = 0, here = 0;
		switch (state[unit]) {
		case 'm':
			pen_haul_fly(haul, unit);
			state[unit] = 'f';
			break;
		case 'f':
			state[unit] = pen_rng_below(&rng, 4) ? 'h' : 'm';
			if (state[unit] == 'h')
				pen_haul_land(haul, unit, 5);
			else
				pen_haul_fail(haul, unit);
			break;
		default:
			if (pen_rng_below(&rng, 3))
				break;
			pen_haul_drop(haul, unit);
			state[unit] = 'm';
		}
		while (first < UNITS && state[first] != 'm')
			first++;
		for (unsigned u = 0; u < UNITS; u++)
			here += state[u] == 'h';
		cr_assert_eq(pen_haul_missing(haul), first < UNITS ? first : PEN_HAUL_NONE);
		cr_assert_eq(haul->done, here);
		cr_assert_eq(pen_haul_has(haul, unit), state[unit] == 'h');
		cr_assert_eq(haul->from[unit], state[unit] == 'h' ? 5 : PEN_PEER_NONE);
		cr_assert_eq(pen_haul_whole(haul), here == UNITS);
	}
	pen_hauls_close(&hauls);
}

Test(fetch_hauls, the_oldest_always_fits)
{
	struct pen_haul *haul[3];
	begin(100, 50);
	for (uint32_t k = 0; k < 3; k++) {
		struct pen_haul_name name = name_of(1, 30 * MIB, 30);
		haul[k] = pen_hauls_begin(&hauls, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, k);
		pen_haul_offer(&hauls, haul[k], 0, &name);
		cr_expect_eq(pen_hauls_nth(&hauls, k), haul[k]);
	}
	cr_expect(pen_hauls_fits(&hauls, haul[0]));
	cr_expect(!pen_hauls_fits(&hauls, haul[1]), "60 of 50 blocks");
	pen_hauls_end(&hauls, haul[0]);
	cr_expect(pen_hauls_fits(&hauls, haul[1]));
	cr_expect_eq(pen_hauls_nth(&hauls, 0), haul[1]);
	struct pen_haul_name large = name_of(1, 99 * MIB, 99);
	struct pen_haul *again = pen_hauls_begin(
		&hauls, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 0);
	pen_haul_offer(&hauls, again, 0, &large);
	pen_hauls_end(&hauls, haul[1]);
	pen_hauls_end(&hauls, haul[2]);
	cr_expect(pen_hauls_fits(&hauls, again), "alone it goes, whatever it takes");
	/* Units of lean parts are no blocks: their bytes count, as far as they are told. */
	struct pen_haul_name lean = name_of(1, 20 * MIB, 99);
	begin(100, 50);
	for (uint32_t k = 0; k < 3; k++) {
		haul[k] = pen_hauls_begin(&hauls, PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, k);
		cr_expect(pen_hauls_fits(&hauls, haul[k]) || k == 2);
		lean.bytes = k == 2 ? UINT64_MAX : lean.bytes;
		pen_haul_offer(&hauls, haul[k], 0, &lean);
		cr_expect_eq(pen_hauls_fits(&hauls, haul[k]), k < 2, "part %u", k);
	}
	pen_hauls_close(&hauls);
	pen_hauls_close(&hauls);
	pen_hauls_close(NULL);
}

/* Whose part failed in vain is asked again after a while that doubles; others at once. */
Test(fetch_hauls, waits_longer_each_time)
{
	static const int64_t seconds[] = {2, 4, 8, 16, 32, 64, 64};
	const struct pen_hauls_config config = {.hauls_max = 1, .units_max = 4};
	const struct pen_haul_name name = {.bytes = 5, .units = 1};
	int64_t now = 0;
	cr_assert_eq(pen_hauls_open(&hauls, &config), 0);
	struct pen_haul *haul = pen_hauls_begin(
		&hauls, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 0);
	for (size_t i = 0; i < PEN_COUNT(seconds); i++) {
		cr_assert(pen_haul_offer(&hauls, haul, 3, &name));
		pen_haul_vain(haul, now);
		haul->cannot |= 1;
		pen_haul_forgive(haul, 0, now);
		cr_expect_eq(haul->cannot, 8, "another may");
		now += seconds[i] * 1000000000;
		pen_haul_forgive(haul, 3, now - 1);
		cr_expect_eq(haul->cannot, 8, "row %zu: too soon", i);
		pen_haul_forgive(haul, 3, now);
		cr_expect_eq(haul->cannot, 0, "row %zu: not yet", i);
	}
	pen_hauls_close(&hauls);
}
