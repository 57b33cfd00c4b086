/* Names of files; where pieces lie in them is tests/unit/serve_reach.c. */
#include "serve_util.h"

Test(serve_locate, names_files)
{
	struct house house;
	struct pen_located place;
	house_open(&house, 1, 0);
	char raw[PEN_HASH_TEXT_BYTES], name[200];
	pen_base58(&house.raw, raw);
	static const char dir[] = "chain_id=testnet/epoch_height=7/"
				  "epoch_id=11111111111111111111111111111111/";
	const struct {
		uint8_t form, kind;
		const char *before, *after;
		struct pen_disk *disk;
		bool by_head;
	} rows[] = {
		{PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, dir,
			"shard_id=2/state_part_000001_of_000020", &house.disk.disk, false},
		{PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, dir,
			"shard_id=2/lean_part_000001_of_000020", &house.disk.disk, true},
		{PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_HEADER, dir, "headers/shard_id=2/header",
			&house.disk.disk, false},
		{PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE, "raw/", raw, &house.disk.disk, false},
		{PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_TABLE, "s/pages/", raw, &house.side.disk, false},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		bool part = rows[i].kind == PEN_WIRE_KIND_PIECE &&
			rows[i].form != PEN_WIRE_FORM_RAW;
		struct pen_wire_object object = house_object(
			&house, rows[i].form, rows[i].kind, part, 0, 0);
		cr_assert(pen_locate(&house.reacher.room, &object, &place), "row %zu", i);
		snprintf(name, sizeof name, "%s%s", rows[i].before, rows[i].after);
		cr_expect_str_eq(place.name, name);
		cr_expect_eq(place.disk, rows[i].disk);
		cr_expect_eq(place.by_head, rows[i].by_head);
	}
	house_close(&house);
}

/* A header beyond 64 blocks cannot be asked for; an empty one has nothing. */
Test(serve_locate, bounds_of_a_file_of_any_length)
{
	static const struct {
		uint64_t bytes;
		uint8_t block;
		bool there;
		uint32_t piece, blocks;
	} rows[] = {{0, 0, false, 0, 0}, {1, 0, true, 1, 1}, {1, 1, false, 0, 0},
		{64ull << 20, 63, true, 1 << 20, 64}, {(64ull << 20) + 1, 0, false, 0, 0},
		{UINT64_MAX / 2, 0, false, 0, 0}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_located place = {.bytes = 0};
		struct pen_wire_object object = {
			.kind = PEN_WIRE_KIND_HEADER, .block = rows[i].block};
		cr_expect_eq(
			pen_locate_rest(&object, rows[i].bytes, &place), rows[i].there, "%zu", i);
		if (rows[i].there) {
			cr_expect_eq(place.bytes, rows[i].piece);
			cr_expect_eq(place.blocks, rows[i].blocks);
		}
	}
}

/* Nothing is sent beyond the file, whatever its head says. */
Test(serve_locate, a_head_longer_than_the_file)
{
	struct house house;
	house_open(&house, 1, 0);
	struct pen_wire_object object = house_object(
		&house, PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, 1, 1, 0);
	struct pen_located place = {.by_head = true};
	struct pen_bytes head = pen_buf_bytes(&house.lean);
	cr_expect(pen_locate_frame(&object, head, head.len, &place));
	cr_expect(!pen_locate_frame(&object, head, head.len - 1, &place));
	head.len = 50;
	cr_expect(!pen_locate_frame(&object, head, house.lean.len, &place));
	house_close(&house);
}
