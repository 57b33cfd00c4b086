/*
 * A raw frame that decodes is the one that its records encode to, byte for byte; sealed and opened
 * it is itself. The first bytes say where in its part it stands, the rest is the frame; as stored
 * bytes they open or do not.
 */
#include "fuzz.h"

#include <xxhash.h>

#include "part/lean_frame.h"

static struct pen_zstd zstd;

static void put_number(struct pen_buf *out, uint64_t number)
{
	uint8_t byte;
	do {
		byte = (uint8_t)((number & 127) | (number > 127 ? 128 : 0));
		PEN_CHECK(pen_buf_append(out, &byte, 1) == 0);
		number >>= 7;
	} while (number);
}

static void put_bytes(struct pen_buf *out, struct pen_bytes bytes)
{
	PEN_CHECK(pen_buf_append(out, bytes.at, bytes.len) == 0);
}

static void check_encoded(const struct pen_buf *records, struct pen_bytes raw)
{
	const struct pen_record *list = (const struct pen_record *)(const void *)records->at;
	struct pen_buf columns[3] = {0}, again = {0};
	uint8_t lens[PEN_LEAN_COLUMNS_BYTES];
	for (size_t i = 0; i < records->len / sizeof *list; i++) {
		const struct pen_record *record = &list[i];
		put_number(&columns[0], record->shared);
		put_number(&columns[0], record->rest.len);
		put_number(&columns[0],
			record->named ? 2 * (uint64_t)record->name + 1 : 2 * record->value.len);
		put_bytes(&columns[1], record->rest);
		put_bytes(&columns[2], record->value);
	}
	pen_put_le32(lens, (uint32_t)columns[0].len);
	pen_put_le32(lens + 4, (uint32_t)columns[1].len);
	put_bytes(&again, (struct pen_bytes){lens, sizeof lens});
	for (int i = 0; i < 3; i++) {
		put_bytes(&again, pen_buf_bytes(&columns[i]));
		pen_buf_fini(&columns[i]);
	}
	PEN_CHECK(fuzz_same(pen_buf_bytes(&again), raw));
	pen_buf_fini(&again);
}

static void check_sealed(struct pen_bytes raw, struct pen_lean_frame_place place)
{
	struct pen_buf stored = {0}, opened = {0};
	PEN_CHECK(pen_lean_frame_seal(&zstd, raw, 1, &stored, &place.row, NULL) == 0);
	PEN_CHECK(pen_buf_reserve(&opened, raw.len) == 0);
	PEN_CHECK(pen_lean_frame_open(&zstd, &place, pen_buf_bytes(&stored), opened.at, NULL) == 0);
	opened.len = raw.len;
	PEN_CHECK(fuzz_same(pen_buf_bytes(&opened), raw));
	pen_buf_fini(&stored);
	pen_buf_fini(&opened);
}

/* The number of pairs that are there, so that it is not what every input fails for. */
static uint32_t count_pairs(struct pen_bytes raw, uint32_t first)
{
	struct pen_lean_frame_reader reader;
	struct pen_record record;
	uint32_t count = 0;
	if (pen_lean_frame_begin(&reader, raw, NULL))
		return 0;
	while (pen_lean_frame_next(&reader, first + count, &record, NULL) > 0)
		count++;
	return count;
}

static void read_raw(struct pen_bytes raw, struct pen_lean_frame_place place)
{
	struct pen_buf records = {0};
	place.row.raw_bytes = (uint32_t)raw.len;
	place.row.pairs = count_pairs(raw, place.first);
	if (pen_lean_frame_decode(raw, &place, &records, NULL) == 0) {
		check_encoded(&records, raw);
		check_sealed(raw, place);
		place.row.pairs++;
		PEN_CHECK(pen_lean_frame_decode(raw, &place, &records, NULL) == PEN_EFRAME);
	}
	pen_buf_fini(&records);
}

/* Into room of exactly the length that the row says. */
static void open_stored(struct pen_bytes stored, struct pen_lean_frame_place place)
{
	struct pen_buf raw = {0};
	place.row.stored_bytes = (uint32_t)stored.len;
	place.row.raw_bytes = place.first & 0xffff;
	PEN_CHECK(pen_buf_reserve(&raw, place.row.raw_bytes) == 0);
	if (pen_lean_frame_open(&zstd, &place, stored, raw.at, NULL) == 0)
		PEN_CHECK(XXH3_64bits(raw.at, place.row.raw_bytes) == place.row.sum);
	pen_buf_fini(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 14 || len > PEN_LEAN_FRAME_RAW_MAX)
		return 0;
	struct pen_lean_frame_place place = {.first = pen_le32(data),
		.row.sum = pen_le64(data + 4),
		.short_before = data[12] & 1};
	struct pen_bytes rest = {data + 13, len - 13};
	read_raw(rest, place);
	open_stored(rest, place);
	return 0;
}
