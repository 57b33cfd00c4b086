#include <criterion/criterion.h>

#include "base/check.h"
#include "base/text.h"
#include "part/column.h"

static size_t unhex(const char *hex, uint8_t *out)
{
	cr_assert_eq(pen_hex_decode(hex, strlen(hex), out), 0, "%s", hex);
	return strlen(hex) / 2;
}

/* The stored bytes of a value, as the sink would put them together. */
static size_t flat_encode(struct pen_bytes value, uint8_t *out)
{
	struct pen_hash hash;
	size_t len;
	pen_sha256(value, &hash);
	if (!pen_flat_head(value, &hash, out, &len))
		return len;
	memcpy(out + len, value.at, value.len);
	return len + value.len;
}

Test(part_column, shard_prefixes_the_key)
{
	uint8_t want[PEN_SHARD_KEY_BYTES], key[PEN_SHARD_KEY_BYTES];
	unhex("0300000007000000", want);
	pen_shard_key((struct pen_shard){.version = 3, .id = 7}, key);
	cr_assert_eq(memcmp(key, want, sizeof key), 0);
}

Test(part_column, flat_values_round_trip)
{
	static const struct {
		size_t len;
		const char *hex; /* of the stored value, or of its beginning */
		size_t stored;
	} rows[] = {
		{3, "0103000000616263", 8},
		{0, "0100000000", 5},
		{4000, "01a00f0000", 4005},
		{4001, "00a10f0000", 37},
		{5000,
			"0088130000c59d3c0480cc2d71d8f646e735e92da65450311eec46e81a5db8c7e6e8a920"
			"54",
			37},
	};
	static uint8_t value[5000], stored[5000], want[64];
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		memset(value, 'x', sizeof value);
		if (rows[i].len == 3)
			memcpy(value, "abc", 3);
		struct pen_bytes bytes = {value, rows[i].len};
		size_t len = flat_encode(bytes, stored), prefix = unhex(rows[i].hex, want);
		cr_assert_eq(len, rows[i].stored, "row %zu", i);
		cr_assert_eq(memcmp(stored, want, prefix), 0, "row %zu", i);
		struct pen_flat flat;
		struct pen_hash hash;
		pen_sha256(bytes, &hash);
		cr_assert_eq(pen_flat_decode((struct pen_bytes){stored, len}, &flat), 0);
		cr_assert_eq(flat.value_len, rows[i].len);
		cr_assert_eq(flat.inlined, rows[i].len <= PEN_INLINE_BYTES_MAX);
		if (flat.inlined)
			cr_assert_eq(pen_bytes_compare(flat.value, bytes), 0);
		else
			cr_assert(pen_hash_equal(&flat.hash, &hash));
	}
}

Test(part_column, flat_values_refused)
{
	static const char *const rows[] = {"", "00", "01", "0101000000", "010100000061ff",
		"0200000000", "0088130000c59d", "ff",
		"0088130000c59d3c0480cc2d71d8f646e735e92da65450311eec46e81a5db8c7e6e8a9205400",
		"01ffffffff61"};
	uint8_t bytes[64];
	struct pen_flat flat;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		size_t len = unhex(rows[i], bytes);
		cr_assert_eq(pen_flat_decode((struct pen_bytes){bytes, len}, &flat), PEN_EVERIFY,
			"%s", rows[i]);
	}
}

Test(part_column, counts)
{
	static const struct {
		const char *hex;
		int err;
		size_t payload;
		int64_t refs;
	} rows[] = {
		{"6162630200000000000000", 0, 3, 2},
		{"0100000000000000", 0, 0, 1},
		{"ffffffffffffffff", 0, 0, -1},
		{"610000000000000080", 0, 1, INT64_MIN},
		{"01000000000000", PEN_EVERIFY, 0, 0},
		{"", PEN_EVERIFY, 0, 0},
	};
	uint8_t bytes[64];
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_bytes payload = {0};
		int64_t refs = 0;
		size_t len = unhex(rows[i].hex, bytes);
		int err = pen_refs_decode((struct pen_bytes){bytes, len}, &payload, &refs);
		cr_assert_eq(err, rows[i].err, "row %zu", i);
		cr_assert_eq(payload.len, rows[i].payload);
		cr_assert_eq(refs, rows[i].refs);
	}
}
