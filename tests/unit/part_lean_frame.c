/* Frames of lean parts: sealed and opened, read record by record, and refused. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <zstd.h>

#include "part/lean_frame.h"

/* Append text with a length, for bytes that hold zeros. */
#define PUT(buf, text) pen_buf_append(buf, text, sizeof text - 1)

static struct pen_lean_frame_place place_of(const struct pen_buf *raw, uint32_t pairs)
{
	return (struct pen_lean_frame_place){
		.i = 4, .first = 10, .row = {(uint32_t)raw->len, 0, pairs, 0}};
}

/* A raw frame out of its columns. */
static void put_frame(struct pen_buf *raw, struct pen_bytes numbers, struct pen_bytes keys,
	struct pen_bytes values)
{
	uint8_t lens[PEN_LEAN_COLUMNS_BYTES];
	pen_put_le32(lens, (uint32_t)numbers.len);
	pen_put_le32(lens + 4, (uint32_t)keys.len);
	pen_buf_append(raw, lens, sizeof lens);
	pen_buf_append(raw, numbers.at, numbers.len);
	pen_buf_append(raw, keys.at, keys.len);
	pen_buf_append(raw, values.at, values.len);
}

/* Text as bytes, for such that holds zeros. */
#define BYTES(text) ((struct pen_bytes){(const uint8_t *)(text), sizeof(text) - 1})

static void put_number(struct pen_buf *out, uint32_t number)
{
	for (; number > 127; number >>= 7) {
		uint8_t byte = (uint8_t)(number | 128);
		pen_buf_append(out, &byte, 1);
	}
	uint8_t byte = (uint8_t)number;
	pen_buf_append(out, &byte, 1);
}

Test(part_lean_frame, sealed_frames_open)
{
	struct pen_zstd zstd = {0};
	struct pen_why why = {0};
	for (int level = PEN_LEAN_LEVEL_MIN; level <= PEN_LEAN_LEVEL_MAX; level += 4) {
		struct pen_buf raw = {0}, stored = {0};
		uint8_t opened[64];
		PUT(&stored, "before");
		put_frame(&raw, BYTES("numbers"), BYTES("keys, keys, keys"), BYTES("values"));
		struct pen_lean_frame_place place = place_of(&raw, 1);
		cr_assert_eq(pen_lean_frame_seal(
				     &zstd, pen_buf_bytes(&raw), level, &stored, &place.row, &why),
			0, "%s", why.text);
		cr_expect_eq(place.row.raw_bytes, raw.len);
		cr_expect_eq(place.row.stored_bytes, stored.len - 6);
		struct pen_bytes frame = {stored.at + 6, stored.len - 6};
		cr_expect_eq(
			pen_lean_frame_open(&zstd, &place, frame, opened, &why), 0, "%s", why.text);
		cr_expect_arr_eq(opened, raw.at, raw.len);
		pen_buf_fini(&raw);
		pen_buf_fini(&stored);
	}
	pen_zstd_fini(&zstd);
}

static int open_frame(struct pen_zstd *zstd, struct pen_lean_frame_place place,
	struct pen_bytes stored, const char *says)
{
	struct pen_why why = {0};
	uint8_t *raw = malloc(place.row.raw_bytes);
	int err = pen_lean_frame_open(zstd, &place, stored, raw, &why);
	cr_expect_not_null(strstr(why.text, says), "'%s' is not '%s'", why.text, says);
	cr_expect_not_null(strstr(why.text, "BadFrame 4"));
	free(raw);
	return err;
}

Test(part_lean_frame, what_is_no_frame_is_refused)
{
	struct pen_zstd zstd = {0};
	struct pen_buf raw = {0}, stored = {0}, lie = {0};
	put_frame(&raw, BYTES("numbers"), BYTES("keys, keys, keys"), BYTES("values"));
	struct pen_lean_frame_place place = place_of(&raw, 1), other;
	pen_lean_frame_seal(&zstd, pen_buf_bytes(&raw), 1, &stored, &place.row, NULL);
	struct pen_bytes frame = pen_buf_bytes(&stored);
	other = place;
	other.row.sum++;
	cr_expect_eq(open_frame(&zstd, other, frame, "checksum"), PEN_EFRAME);
	other = place;
	other.row.raw_bytes++;
	cr_expect_eq(open_frame(&zstd, other, frame, "fewer raw bytes"), PEN_EFRAME);
	other.row.raw_bytes -= 2;
	cr_expect_eq(open_frame(&zstd, other, frame, "too small"), PEN_EFRAME);
	frame.len--;
	cr_expect_eq(open_frame(&zstd, place, frame, "of its length"), PEN_EFRAME);
	other = place;
	other.row.stored_bytes--;
	cr_expect_eq(open_frame(&zstd, other, frame, "of its length"), PEN_EFRAME);
	/* Two frames, and a skippable one before it. */
	pen_buf_append(&lie, stored.at, stored.len);
	pen_buf_append(&lie, stored.at, stored.len);
	other = place;
	other.row.stored_bytes = (uint32_t)lie.len;
	cr_expect_eq(open_frame(&zstd, other, pen_buf_bytes(&lie), "not one zstd"), PEN_EFRAME);
	lie.len = 0;
	PUT(&lie, "\x50\x2a\x4d\x18\0\0\0\0");
	pen_buf_append(&lie, stored.at, stored.len);
	other.row.stored_bytes = (uint32_t)lie.len;
	cr_expect_eq(open_frame(&zstd, other, pen_buf_bytes(&lie), "not one zstd"), PEN_EFRAME);
	pen_buf_fini(&raw);
	pen_buf_fini(&stored);
	pen_buf_fini(&lie);
	pen_zstd_fini(&zstd);
}

/* A gigabyte of zeros in a few bytes: no more comes out than the row has room for. */
Test(part_lean_frame, a_bomb_fills_no_more_than_its_row)
{
	struct pen_zstd zstd = {0};
	size_t bytes = (size_t)256 << 20;
	uint8_t *zeros = calloc(1, bytes);
	struct pen_buf bomb = {0};
	cr_assert_eq(pen_buf_reserve(&bomb, ZSTD_compressBound(bytes)), 0);
	bomb.len = ZSTD_compress(bomb.at, bomb.cap, zeros, bytes, 1);
	free(zeros);
	struct pen_lean_frame_place place = {.i = 4, .row = {1000, (uint32_t)bomb.len, 1, 0}};
	cr_expect_eq(open_frame(&zstd, place, pen_buf_bytes(&bomb), "too small"), PEN_EFRAME);
	pen_buf_fini(&bomb);
	pen_zstd_fini(&zstd);
}

Test(part_lean_frame, records_are_read)
{
	struct pen_lean_frame_reader reader;
	struct pen_record record;
	struct pen_buf raw = {0};
	put_frame(&raw, BYTES("\0\0\6\0\3\0\2\1\x08\3\1\x13"), BYTES("aabcx"), BYTES("onefour"));
	cr_assert_eq(pen_lean_frame_begin(&reader, pen_buf_bytes(&raw), NULL), 0);
	cr_expect_eq(pen_lean_frame_next(&reader, 10, &record, NULL), 1);
	cr_expect_eq(reader.key_len, 0);
	cr_expect_eq(record.value.len, 3);
	cr_expect_eq(pen_lean_frame_next(&reader, 11, &record, NULL), 1);
	cr_expect_arr_eq(reader.key, "aab", 3);
	cr_expect_eq(record.value.len, 0);
	cr_expect_eq(pen_lean_frame_next(&reader, 12, &record, NULL), 1);
	cr_expect_eq(record.shared, 2);
	cr_assert_eq(record.value.len, 4);
	cr_expect_arr_eq(record.value.at, "four", 4);
	cr_expect_arr_eq(reader.key, "aac", 3);
	cr_expect_eq(pen_lean_frame_next(&reader, 13, &record, NULL), 1);
	cr_expect(record.named);
	cr_expect_eq(record.name, 9);
	cr_expect_arr_eq(reader.key, "aacx", 4);
	cr_expect_eq(pen_lean_frame_next(&reader, 14, &record, NULL), 0);
	pen_buf_fini(&raw);
}

/* Frames of pair 10 and on that cannot be read, and what is said. */
#define ROW(numbers, keys, values, says) \
	{ \
		{(const uint8_t *)numbers, sizeof numbers - 1}, \
			{(const uint8_t *)keys, sizeof keys - 1}, \
			{(const uint8_t *)values, sizeof values - 1}, says \
	}
static const struct {
	struct pen_bytes numbers, keys, values;
	const char *says;
} bad[] = {
	ROW("\0", "", "", "number"),
	ROW("\0\0", "", "", "number"),
	ROW("\x80\x00\0\0", "", "", "number"),
	ROW("\0\1\x80\x80\x80\x80\x80\x01", "x", "", "number"),
	ROW("\0\1\x80", "x", "", "number"),
	ROW("\0\2\0", "x", "", "keys end inside"),
	ROW("\0\x81\x10\0", "", "", "a key too long"),
	ROW("\1\1\0", "x", "", "sharing too much"),
	ROW("\0\1\0\0\1\0", "ba", "", "does not follow"),
	ROW("\0\1\0\0\1\0", "bb", "", "does not follow"),
	ROW("\0\2\0\1\0\0", "bc", "", "does not follow"),
	ROW("\0\2\0\0\3\0", "bcbdd", "", "does not follow"),
	ROW("\0\1\0\1\0\0", "b", "", "does not follow"),
	ROW("\0\1\4", "b", "v", "too long"),
	ROW("\0\0\x82\x80\x80\x04", "", "", "value is too long"),
	ROW("\0\1\x15", "z", "", "names a pair"),
	ROW("\0\1\xff\xff\xff\xff\x1f", "z", "", "names a pair"),
	ROW("\0\1\0\1\1\0", "zzz", "", "left over"),
	ROW("\0\1\0\1\1\0", "zz", "z", "left over"),
	ROW("", "z", "", "left over"),
};

/* Decoded from memory of exactly its length, so that a sanitizer sees who reads on. */
static void expect_bad(const struct pen_buf *raw, const char *says, size_t row)
{
	struct pen_why why = {0};
	struct pen_buf records = {0};
	uint8_t *exact = malloc(raw->len ? raw->len : 1);
	memcpy(exact, raw->at, raw->len);
	struct pen_lean_frame_place place = place_of(raw, 2);
	int err = pen_lean_frame_decode(
		(struct pen_bytes){exact, raw->len}, &place, &records, &why);
	cr_expect_eq(err, PEN_EFRAME, "row %zu", row);
	cr_expect_not_null(strstr(why.text, says), "row %zu: '%s'", row, why.text);
	cr_expect_not_null(strstr(why.text, "BadFrame 4: "), "row %zu", row);
	free(exact);
	pen_buf_fini(&records);
}

Test(part_lean_frame, records_that_cannot_be_are_refused)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct pen_buf raw = {0};
		put_frame(&raw, bad[i].numbers, bad[i].keys, bad[i].values);
		expect_bad(&raw, bad[i].says, i);
		pen_buf_fini(&raw);
	}
}

Test(part_lean_frame, columns_that_do_not_fit_are_refused)
{
	static const uint32_t lens[][2] = {
		{5, 0}, {0, 5}, {3, 2}, {UINT32_MAX, 0}, {UINT32_MAX, UINT32_MAX}, {1, UINT32_MAX}};
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		uint8_t bytes[12] = {0};
		struct pen_buf raw = {0};
		pen_put_le32(bytes, lens[i][0]);
		pen_put_le32(bytes + 4, lens[i][1]);
		pen_buf_append(&raw, bytes, sizeof bytes);
		expect_bad(&raw, "columns do not fit", i);
		raw.len = i;
		expect_bad(&raw, "columns do not fit", i);
		pen_buf_fini(&raw);
	}
}

/* Pairs of these value lengths in one frame: may they stand together? */
static const struct {
	uint32_t lens[4]; /* ended by 0 */
	uint32_t pairs; /* that the row says */
	bool short_before, fine;
} cuts[] = {
	{{5, 6}, 2, false, true},
	{{5, 6}, 1, false, false},
	{{5, 6}, 3, false, false},
	{{5, 6}, 2, true, false},
	{{5}, 1, true, false},
	{{PEN_LEAN_CUT_BYTES}, 1, false, true},
	{{PEN_LEAN_CUT_BYTES}, 1, true, true},
	{{PEN_LEAN_CUT_BYTES - 1}, 1, true, false},
	{{PEN_LEAN_CUT_BYTES, 1}, 2, false, false},
	{{1, PEN_LEAN_CUT_BYTES}, 2, false, false},
	{{PEN_LEAN_CUT_BYTES - 1}, 1, false, true},
	{{PEN_LEAN_CUT_BYTES - 1, 1}, 2, false, false},
	/* A record has 1 + 1 + 3 + 1 bytes beside its value, a frame 8: just short of the cut, and
	 * at it. */
	{{PEN_LEAN_CUT_BYTES - 15, PEN_LEAN_CUT_BYTES - 1}, 2, false, true},
	{{PEN_LEAN_CUT_BYTES - 14, 1}, 2, false, false},
	{{100000, PEN_LEAN_CUT_BYTES - 1}, 2, false, true},
	{{100000, 100000, 1}, 3, false, false},
};

/* A frame of pairs a, b, c with values of these lengths. */
static void put_pairs(struct pen_buf *raw, const uint32_t *lens)
{
	struct pen_buf numbers = {0};
	uint32_t values = 0, count = 0;
	for (; lens[count]; count++) {
		put_number(&numbers, 0);
		put_number(&numbers, 1);
		put_number(&numbers, 2 * lens[count]);
		values += lens[count];
	}
	uint8_t *zeros = calloc(1, values);
	put_frame(raw, pen_buf_bytes(&numbers), (struct pen_bytes){(const uint8_t *)"abc", count},
		(struct pen_bytes){zeros, values});
	free(zeros);
	pen_buf_fini(&numbers);
}

Test(part_lean_frame, only_the_one_cut)
{
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		struct pen_why why = {0};
		struct pen_buf raw = {0}, records = {0};
		put_pairs(&raw, cuts[i].lens);
		struct pen_lean_frame_place place = place_of(&raw, cuts[i].pairs);
		place.short_before = cuts[i].short_before;
		int err = pen_lean_frame_decode(pen_buf_bytes(&raw), &place, &records, &why);
		cr_expect_eq(err, cuts[i].fine ? 0 : PEN_EFRAME, "row %zu: %s", i, why.text);
		pen_buf_fini(&raw);
		pen_buf_fini(&records);
	}
}
