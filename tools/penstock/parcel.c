#include "parcel.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "part/lean_frame.h"
#include "store/catalog.h"

_Static_assert(PARCEL_NAME_BYTES == PEN_BLOB_BYTES, "a name is a blob id");
_Static_assert(2 * (PEN_PART_BYTES_MAX / PEN_LEAN_CUT_BYTES) + 2 < PARCEL_UNITS_MAX,
	"every frame of a lean part, and its head");

int parcel_begin(struct parcel *parcel, const struct parcel_name *name)
{
	PEN_CHECK(name->units > 0);
	PEN_CHECK(name->units <= PARCEL_UNITS_MAX);
	PEN_CHECK(name->form != PEN_FORM_RAW);
	size_t units = name->units * sizeof(struct parcel_unit);
	parcel->is = *name;
	parcel->bytes.len = parcel->units.len = 0;
	uint64_t bytes = name->bytes < name->bytes_max ? name->bytes : name->bytes_max;
	if (pen_buf_reserve(&parcel->units, units) || pen_buf_reserve(&parcel->bytes, bytes))
		return -ENOMEM;
	memset(parcel->units.at, 0, units);
	parcel->units.len = units;
	if (name->form == PEN_FORM_NEARCORE)
		parcel->bytes.len = bytes;
	return 0;
}

void parcel_fini(struct parcel *parcel)
{
	pen_buf_fini(&parcel->bytes);
	pen_buf_fini(&parcel->units);
}

void parcel_drop(struct parcel *parcel, uint32_t unit)
{
	PEN_CHECK(unit < parcel->is.units);
	*parcel_unit(parcel, unit) = (struct parcel_unit){0};
}

struct pen_bytes parcel_piece(const struct parcel *parcel, uint32_t unit)
{
	PEN_CHECK(unit < parcel->is.units);
	const struct parcel_unit *at = parcel_unit(parcel, unit);
	return (struct pen_bytes){parcel->bytes.at + at->at, at->bytes};
}

/* Make room for a piece that begins; its place is known in nearcore form. 0, -ENOMEM, PEN_ELARGE.
 */
static int unit_begin(struct parcel *parcel, const struct parcel_block *block)
{
	struct parcel_unit *unit = parcel_unit(parcel, block->unit);
	size_t room = block->blocks > 1 ? block->blocks * PARCEL_BLOCK_BYTES : block->bytes.len;
	*unit = (struct parcel_unit){.start = block->start, .at = parcel->bytes.len};
	if (parcel->is.form == PEN_FORM_NEARCORE) {
		unit->at = block->unit * PARCEL_BLOCK_BYTES;
		return unit->at + room <= parcel->bytes.len ? 0 : PEN_ELARGE;
	}
	if (room > parcel->is.bytes_max - parcel->bytes.len)
		return PEN_ELARGE;
	if (pen_buf_grow(&parcel->bytes, room))
		return -ENOMEM;
	parcel->bytes.len += room;
	return 0;
}

int parcel_put(struct parcel *parcel, const struct parcel_block *block)
{
	PEN_CHECK(block->unit < parcel->is.units);
	PEN_CHECK(block->block < block->blocks);
	PEN_CHECK(block->bytes.len <= PARCEL_BLOCK_BYTES);
	struct parcel_unit *unit = parcel_unit(parcel, block->unit);
	size_t end = block->block * PARCEL_BLOCK_BYTES + block->bytes.len;
	bool more = block->start && block->start == unit->start;
	int err = more ? 0 : unit_begin(parcel, block);
	if (err)
		return err;
	/* The copy that frees the block for the next piece: a part waits for its proof in memory of
	 * its own size, however many blocks there are. */
	memcpy(parcel->bytes.at + unit->at + block->block * PARCEL_BLOCK_BYTES, block->bytes.at,
		block->bytes.len);
	if (end > unit->bytes)
		unit->bytes = (uint32_t)end;
	unit->server = block->server;
	unit->here = block->whole;
	return 0;
}

/* The head of a lean part, if it is the one that was offered. */
static int head_open(const struct parcel *parcel, struct pen_buf *scratch,
	struct pen_lean_head *head, struct pen_why *why)
{
	struct pen_bytes bytes = parcel_piece(parcel, 0);
	struct pen_hash name;
	int err = pen_lean_decode(bytes, head, why);
	if (err)
		return err;
	if (pen_lean_name(head, bytes, scratch, &name))
		return pen_fail(why, -ENOMEM, "no memory for the head of a part");
	if (memcmp(name.bytes, parcel->is.name, PARCEL_NAME_BYTES) || head->bytes != bytes.len ||
		head->frames + 1 != parcel->is.units)
		return pen_fail(why, PEN_EHEAD, "BadHead: it is not the one that was offered");
	return 0;
}

/* The rows of the table with the lengths of the frames that came. */
static int rows_make(
	const struct parcel *parcel, const struct pen_lean_head *head, struct pen_buf *rows)
{
	rows->len = 0;
	for (uint32_t i = 0; i < head->frames; i++) {
		struct pen_lean_row row = pen_lean_row(head, i);
		uint8_t bytes[PEN_LEAN_ROW_BYTES];
		row.stored_bytes = parcel_unit(parcel, i + 1)->bytes;
		pen_lean_row_encode(&row, bytes);
		if (pen_buf_append(rows, bytes, sizeof bytes))
			return -ENOMEM;
	}
	return 0;
}

static int lean_join(const struct parcel *parcel, struct pen_buf *out, struct pen_why *why)
{
	struct pen_lean_head head;
	struct pen_buf rows = {0};
	int err = head_open(parcel, out, &head, why);
	out->len = 0;
	if (!err)
		err = rows_make(parcel, &head, &rows);
	head.rows = pen_buf_bytes(&rows);
	if (!err)
		err = pen_lean_encode(&head, out, why);
	for (uint32_t u = 1; !err && u < parcel->is.units; u++) {
		struct pen_bytes frame = parcel_piece(parcel, u);
		err = pen_buf_append(out, frame.at, frame.len);
	}
	pen_buf_fini(&rows);
	return err;
}

int parcel_join(const struct parcel *parcel, struct pen_buf *out, struct pen_bytes *whole,
	struct pen_why *why)
{
	*whole = pen_buf_bytes(&parcel->bytes);
	if (parcel->is.form == PEN_FORM_NEARCORE)
		return 0;
	int err = lean_join(parcel, out, why);
	*whole = pen_buf_bytes(out);
	return err;
}

/* Open a frame as it came: whoever stored it knows its length, the head of another does not. */
static bool frame_open(const struct parcel *parcel, struct pen_zstd *zstd,
	const struct pen_lean_head *head, uint32_t u, uint8_t *raw)
{
	struct pen_lean_frame_place place = pen_lean_frame_place(head, u - 1);
	struct pen_bytes stored = parcel_piece(parcel, u);
	place.row.stored_bytes = (uint32_t)stored.len;
	return !pen_lean_frame_open(zstd, &place, stored, raw, NULL);
}

static void bit_set(uint64_t *bits, uint32_t unit)
{
	bits[unit / 64] |= UINT64_C(1) << unit % 64;
}

int parcel_wrong(
	const struct parcel *parcel, struct pen_zstd *zstd, struct pen_buf *scratch, uint64_t *bits)
{
	struct pen_lean_head head;
	int wrong = 0;
	memset(bits, 0, PARCEL_UNITS_MAX / 8);
	if (parcel->is.form == PEN_FORM_NEARCORE)
		return 0;
	int err = head_open(parcel, scratch, &head, NULL);
	if (err == -ENOMEM)
		return err;
	if (err) {
		bit_set(bits, 0);
		return 1;
	}
	if (pen_buf_reserve(scratch, PEN_LEAN_FRAME_RAW_MAX))
		return -ENOMEM;
	for (uint32_t u = 1; u < parcel->is.units; u++) {
		if (frame_open(parcel, zstd, &head, u, scratch->at))
			continue;
		bit_set(bits, u);
		wrong++;
	}
	return wrong;
}

/* Two frames of one place are the same raw bytes. `raw` has room for two. */
static bool frame_same(const struct parcel *first, const struct parcel *proved,
	struct pen_zstd *zstd, const struct pen_lean_head *head, uint32_t u, uint8_t *raw)
{
	uint8_t *other = raw + PEN_LEAN_FRAME_RAW_MAX;
	return u <= head->frames && frame_open(proved, zstd, head, u, raw) &&
		frame_open(first, zstd, head, u, other) &&
		!memcmp(raw, other, pen_lean_row(head, u - 1).raw_bytes);
}

static bool piece_same(const struct parcel *first, const struct parcel *proved, uint32_t u)
{
	if (u >= proved->is.units)
		return false;
	struct pen_bytes a = parcel_piece(first, u), b = parcel_piece(proved, u);
	return a.len == b.len && !memcmp(a.at, b.at, a.len);
}

static int frames_others(const struct parcel *first, const struct parcel *proved,
	struct pen_zstd *zstd, uint64_t *bits)
{
	struct pen_lean_head head;
	struct pen_buf raw = {0};
	int others = 0;
	if (pen_buf_reserve(&raw, 2 * PEN_LEAN_FRAME_RAW_MAX))
		return -ENOMEM;
	PEN_CHECK(!pen_lean_decode(parcel_piece(proved, 0), &head, NULL));
	for (uint32_t u = 1; u < first->is.units; u++) {
		if (frame_same(first, proved, zstd, &head, u, raw.at))
			continue;
		bit_set(bits, u);
		others++;
	}
	/* Heads of one name differ in what is each maker's own. */
	if (head_open(first, &raw, &head, NULL)) {
		bit_set(bits, 0);
		others++;
	}
	pen_buf_fini(&raw);
	return others;
}

bool parcel_as_named(const struct parcel *parcel)
{
	uint8_t blob[PEN_BLOB_BYTES];
	if (parcel->is.form != PEN_FORM_NEARCORE)
		return false;
	pen_blob_id(pen_buf_bytes(&parcel->bytes), blob);
	return !memcmp(blob, parcel->is.name, sizeof blob);
}

int parcel_others(const struct parcel *first, const struct parcel *proved, struct pen_zstd *zstd,
	uint64_t *bits)
{
	int others = 0;
	memset(bits, 0, PARCEL_UNITS_MAX / 8);
	if (first->is.form == PEN_FORM_LEAN)
		return frames_others(first, proved, zstd, bits);
	if (!parcel_as_named(proved))
		return 0;
	for (uint32_t u = 0; u < first->is.units; u++) {
		if (piece_same(first, proved, u))
			continue;
		bit_set(bits, u);
		others++;
	}
	return others;
}
