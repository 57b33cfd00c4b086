/* Every kind of piece, from its name to its bytes. */
#include "serve_util.h"

#include <errno.h>

enum { RAW = PEN_WIRE_FORM_RAW, NEAR = PEN_WIRE_FORM_NEARCORE, LEAN = PEN_WIRE_FORM_LEAN };
enum {
	PIECE = PEN_WIRE_KIND_PIECE,
	ROOT = PEN_WIRE_KIND_ROOT,
	HEADER = PEN_WIRE_KIND_HEADER,
	TABLE = PEN_WIRE_KIND_TABLE
};

/* Reaches a piece, waiting for its head if need be. */
static enum pen_reach_state reach_all(struct house *house, const struct pen_wire_object *object,
	bool cached, struct pen_reach *reach)
{
	enum pen_reach_state state = pen_reach_begin(&house->reacher, object, cached, reach);
	while (state == PEN_REACH_LATER) {
		pen_cache_poll(&house->cache);
		state = pen_reach_head(&house->reacher, object, reach);
	}
	return state;
}

static void expect_bytes(struct house *house, const struct pen_reach *reach, const uint8_t *want)
{
	struct pen_cache_ask ask = {reach->handle, reach->offset, reach->bytes};
	int entry = pen_cache_get(&house->cache, &ask);
	cr_assert_geq(entry, 0);
	pen_cache_poll(&house->cache);
	cr_expect_eq(
		memcmp(pen_cache_at(&house->cache, (uint32_t)entry, reach->offset, reach->bytes),
			want, reach->bytes),
		0);
	pen_cache_put(&house->cache, (uint32_t)entry);
}

Test(serve_reach, finds_every_kind_of_piece)
{
	struct house house;
	house_open(&house, 8, 0);
	const uint8_t *bytes = house.bytes, *lean = house.lean.at;
	uint32_t head = house.head.bytes, mib = HOUSE_MIB;
	const struct {
		uint8_t form, kind;
		uint32_t part, piece;
		uint8_t block;
		uint32_t bytes, blocks; /* 0: not held */
		const uint8_t *at;
	} rows[] = {
		{NEAR, PIECE, 0, 0, 0, 100, 1, bytes},
		{NEAR, PIECE, 19, 0, 0, 119, 1, bytes + 19},
		{NEAR, PIECE, 3, 0, 0, mib, 1, bytes + 3},
		{NEAR, PIECE, 3, 2, 0, mib / 2, 1, bytes + 3 + 2 * mib},
		{NEAR, PIECE, 3, 3, 0, 0, 0, NULL},
		{NEAR, PIECE, 3, 0, 1, 0, 0, NULL},
		{NEAR, PIECE, 3, UINT32_MAX, 0, 0, 0, NULL},
		{NEAR, PIECE, HOUSE_MISSING, 0, 0, 0, 0, NULL},
		{NEAR, PIECE, HOUSE_PARTS, 0, 0, 0, 0, NULL},
		{NEAR, ROOT, 0, 0, 0, HOUSE_NODE_BYTES, 1, bytes + 9},
		{LEAN, ROOT, 0, 0, 0, HOUSE_NODE_BYTES, 1, bytes + 9},
		{NEAR, ROOT, 0, 0, 1, 0, 0, NULL},
		{RAW, ROOT, 0, 0, 0, 0, 0, NULL},
		{NEAR, HEADER, 0, 0, 0, mib, 2, bytes + 5},
		{NEAR, HEADER, 0, 0, 1, 10, 2, bytes + 5 + mib},
		{NEAR, HEADER, 0, 0, 2, 0, 0, NULL},
		{NEAR, HEADER, 1, 0, 0, 0, 0, NULL},
		{RAW, HEADER, 0, 0, 0, 0, 0, NULL},
		{RAW, PIECE, 0, 0, 0, mib, 1, bytes},
		{RAW, PIECE, 0, 3, 0, 77, 1, bytes + 3 * mib},
		{RAW, PIECE, 0, 4, 0, 0, 0, NULL},
		{RAW, TABLE, 0, 0, 0, 4 * 32, 1, house.pages.at},
		{RAW, TABLE, 0, 0, 1, 0, 0, NULL},
		{RAW, TABLE, 0, 1, 0, 0, 0, NULL},
		{LEAN, PIECE, 1, 0, 0, head, 1, lean},
		{LEAN, PIECE, 1, 1, 0, 100, 1, lean + head},
		{LEAN, PIECE, 1, 2, 0, mib, 2, lean + head + 100},
		{LEAN, PIECE, 1, 2, 1, 1500000 - mib, 2, lean + head + 100 + mib},
		{LEAN, PIECE, 1, 2, 2, 0, 0, NULL},
		{LEAN, PIECE, 1, 3, 0, 300, 1, lean + head + 1500100},
		{LEAN, PIECE, 1, 4, 0, 0, 0, NULL},
		{LEAN, PIECE, 2, 0, 0, 0, 0, NULL},
		{LEAN, TABLE, 1, 0, 0, HOUSE_FRAMES * PEN_LEAN_ROW_BYTES, 1, house.head.rows.at},
		{LEAN, TABLE, 1, 1, 0, 0, 0, NULL},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_reach reach;
		struct pen_wire_object object = house_object(&house, rows[i].form, rows[i].kind,
			rows[i].part, rows[i].piece, rows[i].block);
		enum pen_reach_state state = reach_all(&house, &object, false, &reach);
		cr_expect_eq(state, rows[i].bytes ? PEN_REACH_FOUND : PEN_REACH_NOT_HELD,
			"row %zu: %d", i, state);
		if (state == PEN_REACH_FOUND) {
			cr_expect_eq(reach.bytes, rows[i].bytes, "row %zu", i);
			cr_expect_eq(reach.blocks, rows[i].blocks, "row %zu", i);
			expect_bytes(&house, &reach, rows[i].at);
			pen_reach_end(&house.reacher, &reach);
		}
		cr_expect_eq(reach.handle, PEN_REACH_NONE);
		cr_expect_eq(reach.head, PEN_REACH_NONE);
		pen_reach_end(&house.reacher, &reach);
	}
	house_close(&house);
}

Test(serve_reach, other_states_are_not_held)
{
	struct house house;
	struct pen_reach reach;
	house_open(&house, 2, 0);
	struct pen_wire_object object = house_object(&house, NEAR, PIECE, 0, 0, 0);
	object.n++;
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_NOT_HELD);
	object.n--;
	object.root[31] ^= 1;
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_NOT_HELD);
	house.reacher.room.side = NULL;
	object = house_object(&house, RAW, TABLE, 0, 0, 0);
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_NOT_HELD);
	house_close(&house);
}

/* What the catalog says and the disk denies. */
Test(serve_reach, files_that_changed_or_fail)
{
	struct house house;
	struct pen_reach reach;
	house_open(&house, 2, 0);
	struct pen_wire_object object = house_object(&house, NEAR, PIECE, 0, 0, 0);
	house.disk.files[0].bytes++;
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_NOT_HELD);
	house.disk.files[0].bytes--;
	house.disk.files[0].name = NULL;
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_NOT_HELD);
	object = house_object(&house, LEAN, PIECE, 1, 0, 0);
	house.disk.err = -EIO;
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_FAILED);
	house.disk.err = 0;
	house.lean.at[100] ^= 1;
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_NOT_HELD);
	house_close(&house);
}

Test(serve_reach, only_what_is_in_memory)
{
	struct house house;
	struct pen_reach reach, held;
	uint8_t bits[3] = {0};
	house_open(&house, 8, 0);
	const struct {
		uint8_t form;
		uint32_t part, piece;
	} rows[] = {{NEAR, 3, 0}, {RAW, 0, 0}, {LEAN, 1, 0}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_wire_object object = house_object(
			&house, rows[i].form, PIECE, rows[i].part, rows[i].piece, 0);
		unsigned opened = house.disk.opened;
		cr_expect_eq(reach_all(&house, &object, true, &reach), PEN_REACH_NOT_CACHED);
		cr_expect_eq(house.disk.opened, opened, "nothing is opened for it");
		cr_assert_eq(reach_all(&house, &object, false, &held), PEN_REACH_FOUND);
		struct pen_cache_ask ask = {held.handle, held.offset, held.bytes};
		int entry = pen_cache_get(&house.cache, &ask);
		pen_cache_poll(&house.cache);
		pen_cache_put(&house.cache, (uint32_t)entry);
		pen_reach_end(&house.reacher, &held);
		cr_expect_eq(reach_all(&house, &object, true, &reach), PEN_REACH_FOUND);
		pen_reach_end(&house.reacher, &reach);
		object.piece = 9;
		cr_expect_neq(reach_all(&house, &object, true, &reach), PEN_REACH_FOUND);
	}
	pen_reach_cached(&house.reacher,
		pen_catalog_set(&house.catalog, &house.root, HOUSE_PARTS, PEN_FORM_NEARCORE), 2,
		HOUSE_PARTS - 2, bits);
	cr_expect_eq(bits[0], 1 << (3 - 2));
	cr_expect_eq(bits[1] | bits[2], 0);
	pen_reach_cached(&house.reacher,
		pen_catalog_set(&house.catalog, &house.raw, 1, PEN_FORM_RAW), 0, 1, bits + 1);
	cr_expect_eq(bits[1], 1);
	pen_reach_cached(&house.reacher,
		pen_catalog_set(&house.catalog, &house.root, HOUSE_PARTS, PEN_FORM_LEAN), 0,
		HOUSE_PARTS, bits);
	cr_expect_eq(bits[0], 1 << 1);
	house_close(&house);
}

Test(serve_reach, busy_when_all_is_in_use)
{
	struct house house;
	struct pen_reach held[8], reach;
	house_open(&house, 1, 0);
	struct pen_wire_object object;
	for (uint32_t i = 0; i < 8; i++) {
		object = house_object(&house, NEAR, PIECE, i + 5, 0, 0);
		cr_assert_eq(reach_all(&house, &object, false, &held[i]), PEN_REACH_FOUND);
	}
	object = house_object(&house, NEAR, PIECE, 1, 0, 0);
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_BUSY);
	struct pen_cache_ask ask = {held[0].handle, 0, 10};
	int entry = pen_cache_get(&house.cache, &ask);
	pen_reach_end(&house.reacher, &held[1]);
	object = house_object(&house, LEAN, PIECE, 1, 0, 0);
	cr_expect_eq(reach_all(&house, &object, false, &reach), PEN_REACH_BUSY);
	pen_cache_put(&house.cache, (uint32_t)entry);
	for (uint32_t i = 0; i < 8; i++)
		pen_reach_end(&house.reacher, &held[i]);
	house_close(&house);
}
