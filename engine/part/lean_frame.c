#include "part/lean_frame.h"

#include <errno.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/check.h"

/* A zstd frame begins so; a skippable one does not. */
#define ZSTD_MAGIC UINT32_C(0xfd2fb528)

/* Where the columns lie, or PEN_EFRAME. */
static int split(struct pen_bytes raw, struct pen_bytes columns[3])
{
	if (raw.len < PEN_LEAN_COLUMNS_BYTES)
		return PEN_EFRAME;
	uint64_t numbers = pen_le32(raw.at), keys = pen_le32(raw.at + 4);
	size_t rest = raw.len - PEN_LEAN_COLUMNS_BYTES;
	if (numbers + keys > rest)
		return PEN_EFRAME;
	columns[0] = (struct pen_bytes){raw.at + PEN_LEAN_COLUMNS_BYTES, (size_t)numbers};
	columns[1] = (struct pen_bytes){columns[0].at + numbers, (size_t)keys};
	columns[2] = (struct pen_bytes){columns[1].at + keys, rest - (size_t)(numbers + keys)};
	return 0;
}

/* Compress up to `end` of the raw bytes, and end a block there, or the frame. */
static int compress_to(
	struct pen_zstd *zstd, ZSTD_inBuffer *in, size_t end, ZSTD_outBuffer *out, bool last)
{
	size_t left = 1;
	in->size = end;
	while (left) {
		left = ZSTD_compressStream2(
			zstd->encoder, out, in, last ? ZSTD_e_end : ZSTD_e_flush);
		if (ZSTD_isError(left) || (left && out->pos == out->size))
			return -ENOMEM;
	}
	return 0;
}

static int compress(
	struct pen_zstd *zstd, struct pen_bytes raw, struct pen_bytes *columns, ZSTD_outBuffer *out)
{
	ZSTD_inBuffer in = {raw.at, 0, 0};
	int err = 0;
	/* Literals of one kind want a table of their own: a block may hold no two columns. */
	for (unsigned i = 1; i < 3 && !err; i++)
		err = compress_to(zstd, &in, (size_t)(columns[i].at - raw.at), out, false);
	return err ? err : compress_to(zstd, &in, raw.len, out, true);
}

/* A block that was ended early has a head of 3 bytes more than zstd's own bound counts. */
static size_t room_of(size_t raw)
{
	return ZSTD_compressBound(raw) + 16;
}

int pen_lean_frame_seal(struct pen_zstd *zstd, struct pen_bytes raw, int level, struct pen_buf *out,
	struct pen_lean_row *row, struct pen_why *why)
{
	struct pen_bytes columns[3];
	PEN_CHECK(level >= PEN_LEAN_LEVEL_MIN);
	PEN_CHECK(level <= PEN_LEAN_LEVEL_MAX);
	PEN_CHECK(raw.len <= PEN_LEAN_FRAME_RAW_MAX && split(raw, columns) == 0);
	if (!zstd->encoder)
		zstd->encoder = ZSTD_createCCtx();
	if (!zstd->encoder || pen_buf_grow(out, room_of(raw.len)))
		return pen_fail(why, -ENOMEM, "no memory to compress a frame");
	ZSTD_CCtx_reset(zstd->encoder, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(zstd->encoder, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setPledgedSrcSize(zstd->encoder, raw.len);
	ZSTD_outBuffer to = {out->at + out->len, room_of(raw.len), 0};
	if (compress(zstd, raw, columns, &to))
		return pen_fail(why, -ENOMEM, "no memory to compress a frame");
	out->len += to.pos;
	row->raw_bytes = (uint32_t)raw.len;
	row->stored_bytes = (uint32_t)to.pos;
	row->sum = XXH3_64bits(raw.at, raw.len);
	return 0;
}

struct pen_lean_frame_place pen_lean_frame_place(const struct pen_lean_head *head, uint32_t i)
{
	struct pen_lean_frame_place place = {.i = i, .row = pen_lean_row(head, i)};
	for (uint32_t at = 0; at < i; at++)
		place.first += pen_lean_row(head, at).pairs;
	place.short_before = i && pen_lean_row(head, i - 1).raw_bytes < PEN_LEAN_CUT_BYTES;
	return place;
}

static int fail_frame(
	const struct pen_lean_frame_place *place, const char *what, struct pen_why *why)
{
	return pen_fail(why, PEN_EFRAME, "BadFrame %u: %s", place->i, what);
}

int pen_lean_frame_open(struct pen_zstd *zstd, const struct pen_lean_frame_place *place,
	struct pen_bytes stored, uint8_t *raw, struct pen_why *why)
{
	const struct pen_lean_row *row = &place->row;
	if (stored.len != row->stored_bytes || stored.len < 4 ||
		pen_le32(stored.at) != ZSTD_MAGIC ||
		ZSTD_findFrameCompressedSize(stored.at, stored.len) != stored.len)
		return fail_frame(place, "not one zstd frame of its length", why);
	if (!zstd->decoder)
		zstd->decoder = ZSTD_createDCtx();
	if (!zstd->decoder)
		return pen_fail(why, -ENOMEM, "no memory for a decompressor");
	size_t got = ZSTD_decompressDCtx(zstd->decoder, raw, row->raw_bytes, stored.at, stored.len);
	if (ZSTD_isError(got))
		return fail_frame(place, ZSTD_getErrorName(got), why);
	if (got != row->raw_bytes)
		return fail_frame(place, "it has fewer raw bytes than its row says", why);
	if (XXH3_64bits(raw, got) != row->sum)
		return fail_frame(place, "the checksum of its raw bytes is wrong", why);
	return 0;
}

int pen_lean_frame_begin(
	struct pen_lean_frame_reader *reader, struct pen_bytes raw, struct pen_why *why)
{
	struct pen_bytes columns[3] = {{0}};
	int err = split(raw, columns) ? PEN_EFRAME : 0;
	reader->numbers = columns[0];
	reader->keys = columns[1];
	reader->values = columns[2];
	reader->begun = false;
	reader->key_len = 0;
	return err ? pen_fail(why, err, "its columns do not fit") : 0;
}

static size_t left_of(const struct pen_lean_frame_reader *reader)
{
	return reader->numbers.len + reader->keys.len + reader->values.len;
}

/* Cut `len` bytes off the front of a column that has them. */
static struct pen_bytes cut(struct pen_bytes *column, size_t len)
{
	struct pen_bytes front = {column->at, len};
	PEN_DCHECK(len <= column->len);
	*column = (struct pen_bytes){column->at + len, column->len - len};
	return front;
}

/* A varint of at most 5 bytes in its shortest form: 1, or 0 if there is none. */
static int take_number(struct pen_lean_frame_reader *reader, uint64_t *out)
{
	const struct pen_bytes *numbers = &reader->numbers;
	*out = 0;
	for (unsigned i = 0; i < numbers->len && i < 5; i++) {
		uint8_t byte = numbers->at[i];
		*out |= (uint64_t)(byte & 127) << 7 * i;
		if (byte < 128) {
			cut(&reader->numbers, i + 1);
			return byte || i == 0;
		}
	}
	return 0;
}

static int fail_record(uint32_t index, const char *what, struct pen_why *why)
{
	return pen_fail(why, PEN_EFRAME, "pair %u: %s", index, what);
}

/* Does the rest make a larger key, and is as much shared as there is? */
static bool key_follows(const struct pen_lean_frame_reader *reader, uint32_t shared, uint64_t rest)
{
	if (!reader->begun)
		return shared == 0;
	if (rest == 0)
		return false;
	return shared == reader->key_len || reader->keys.at[0] > reader->key[shared];
}

static int take_key(struct pen_lean_frame_reader *reader, uint32_t index, uint64_t shared,
	uint64_t rest, struct pen_why *why)
{
	if (shared > reader->key_len || shared + rest > PEN_KEY_BYTES_MAX)
		return fail_record(index, "a key too long, or sharing too much", why);
	if (rest > reader->keys.len)
		return fail_record(index, "the keys end inside its key", why);
	if (!key_follows(reader, (uint32_t)shared, rest))
		return fail_record(index, "its key does not follow the one before", why);
	if (rest)
		memcpy(reader->key + shared, reader->keys.at, rest);
	reader->key_len = (uint32_t)(shared + rest);
	reader->begun = true;
	return 0;
}

static int take_value(struct pen_lean_frame_reader *reader, uint32_t index, uint64_t tag,
	struct pen_record *record, struct pen_why *why)
{
	record->named = tag & 1;
	record->name = 0;
	record->value = (struct pen_bytes){0};
	if (record->named) {
		if (tag >> 1 >= index)
			return fail_record(index, "it names a pair that is not before it", why);
		record->name = (uint32_t)(tag >> 1);
		return 0;
	}
	if (tag >> 1 > PEN_VALUE_BYTES_MAX || tag >> 1 > reader->values.len)
		return fail_record(index, "its value is too long", why);
	record->value = cut(&reader->values, (size_t)(tag >> 1));
	return 0;
}

int pen_lean_frame_next(struct pen_lean_frame_reader *reader, uint32_t index,
	struct pen_record *record, struct pen_why *why)
{
	uint64_t shared, rest, tag;
	if (reader->numbers.len == 0)
		return left_of(reader) == 0 ? 0 : fail_record(index, "bytes are left over", why);
	if (!take_number(reader, &shared) || !take_number(reader, &rest) ||
		!take_number(reader, &tag))
		return fail_record(index, "a number is cut off or not in its shortest form", why);
	int err = take_key(reader, index, shared, rest, why);
	if (err)
		return err;
	record->shared = (uint32_t)shared;
	record->rest = cut(&reader->keys, (size_t)rest);
	err = take_value(reader, index, tag, record, why);
	return err ? err : 1;
}

static bool is_alone(const struct pen_record *record)
{
	return !record->named && record->value.len >= PEN_LEAN_CUT_BYTES;
}

/* May record `count` of the frame stand behind so many raw bytes of it? */
static bool may_stand(const struct pen_lean_frame_place *place, uint32_t count, size_t before,
	const struct pen_record *record)
{
	if (count == 0)
		return is_alone(record) || !place->short_before;
	return !is_alone(record) && before < PEN_LEAN_CUT_BYTES;
}

int pen_lean_frame_decode(struct pen_bytes raw, const struct pen_lean_frame_place *place,
	struct pen_buf *records, struct pen_why *why)
{
	struct pen_lean_frame_reader reader;
	struct pen_record record;
	size_t before = PEN_LEAN_COLUMNS_BYTES; /* raw bytes before the record */
	uint32_t count = 0;
	PEN_CHECK(raw.len == place->row.raw_bytes);
	records->len = 0;
	int got = pen_lean_frame_begin(&reader, raw, why);
	while (!got &&
		(got = pen_lean_frame_next(&reader, place->first + count, &record, why)) > 0) {
		if (!may_stand(place, count, before, &record))
			return fail_frame(place, "it is cut elsewhere", why);
		if (++count > place->row.pairs)
			break;
		if (pen_buf_append(records, &record, sizeof record))
			return pen_fail(why, -ENOMEM, "no memory for the records of a frame");
		before = raw.len - left_of(&reader);
		got = 0;
	}
	if (got < 0)
		return pen_fail_prefix(why, got, "BadFrame %u", place->i);
	if (count != place->row.pairs)
		return fail_frame(place, "it has not as many pairs as its row says", why);
	return 0;
}
