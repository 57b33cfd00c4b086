#include <criterion/criterion.h>

#include "base/check.h"
#include "base/text.h"
#include "drivers/rocks/keys.h"

static const struct pen_sink_state state = {
	.shard_version = 3, .shard_id = 7, .root = {{0xaa}}, .parts = 258, .done = true};

Test(rocks_keys, keys_to_the_byte)
{
	char hex[2 * PEN_ROCKS_KEY_BYTES + 1];
	struct pen_rocks_key key = pen_rocks_state_key(&state);
	pen_hex((struct pen_bytes){(uint8_t *)key.at, key.len}, hex);
	cr_assert_str_eq(hex, "70656e73746f636b2f73746174652f0300000007000000");
	key = pen_rocks_part_key(&state, 258);
	pen_hex((struct pen_bytes){(uint8_t *)key.at, key.len}, hex);
	cr_assert_str_eq(hex, "70656e73746f636b2f706172742f030000000700000000000102");
	uint32_t k = 0;
	cr_assert_eq(pen_rocks_part_decode((struct pen_bytes){(uint8_t *)key.at, key.len}, &k), 0);
	cr_assert_eq(k, 258);
	cr_assert_eq(pen_rocks_part_decode((struct pen_bytes){(uint8_t *)key.at, key.len - 1}, &k),
		PEN_EVERIFY);
}

Test(rocks_keys, records_round_trip_and_are_refused)
{
	char record[PEN_ROCKS_RECORD_BYTES + 1] = {0};
	struct pen_sink_state back = {.shard_version = 3, .shard_id = 7};
	pen_rocks_record_encode(&state, record);
	struct pen_bytes bytes = {(uint8_t *)record, PEN_ROCKS_RECORD_BYTES};
	cr_assert_eq(pen_rocks_record_decode(bytes, &back), 0);
	cr_assert(pen_hash_equal(&back.root, &state.root));
	cr_assert_eq(back.parts, 258);
	cr_assert(back.done);
	static const struct {
		size_t at;
		char byte;
	} rows[] = {{0, 2}, {0, 0}, {37, 2}, {35, 2}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		pen_rocks_record_encode(&state, record);
		record[rows[i].at] = rows[i].byte;
		cr_assert_eq(pen_rocks_record_decode(bytes, &back), PEN_EVERIFY, "row %zu", i);
	}
	pen_rocks_record_encode(&state, record);
	for (size_t len = 0; len <= sizeof record; len++) {
		bytes.len = len;
		cr_assert_eq(
			pen_rocks_record_decode(bytes, &back) == 0, len == PEN_ROCKS_RECORD_BYTES);
	}
}
