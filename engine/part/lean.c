#include "part/lean.h"

#include <errno.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/check.h"
#include "part/borsh.h"

#define SUM_BYTES 8u
#define END_NONE UINT32_MAX

static int fail_head(struct pen_why *why, const char *what)
{
	return pen_fail(why, PEN_EHEAD, "BadHead: %s", what);
}

int64_t pen_lean_head_bytes(struct pen_bytes bytes, struct pen_why *why)
{
	if (bytes.len < PEN_LEAN_FIXED_BYTES ||
		memcmp(bytes.at, PEN_LEAN_MAGIC, PEN_LEAN_MAGIC_BYTES))
		return fail_head(why, "this is no lean part");
	if (bytes.at[PEN_LEAN_MAGIC_BYTES] != PEN_LEAN_VERSION)
		return pen_fail(why, PEN_EHEAD,
			"BadHead: lean version %u, this program knows version %d",
			bytes.at[PEN_LEAN_MAGIC_BYTES], PEN_LEAN_VERSION);
	uint32_t len = pen_le32(bytes.at + 8);
	if (len > PEN_LEAN_HEAD_BYTES_MAX || len < PEN_LEAN_FIXED_BYTES + SUM_BYTES)
		return pen_fail(why, PEN_EHEAD, "BadHead: it says that it has %u bytes", len);
	return len;
}

/* Read the fixed fields; *lens are those of end key and proof nodes. */
static void read_fixed(struct pen_borsh *reader, struct pen_lean_head *out, uint32_t lens[2])
{
	pen_borsh_take(reader, PEN_LEAN_MAGIC_BYTES + 1);
	out->bytes = pen_borsh_u32(reader);
	out->id.k = pen_borsh_u32(reader);
	out->id.n = pen_borsh_u32(reader);
	out->pairs = pen_borsh_u32(reader);
	out->proof_nodes = pen_borsh_u32(reader);
	lens[1] = pen_borsh_u32(reader);
	out->frames = pen_borsh_u32(reader);
	lens[0] = pen_borsh_u32(reader);
	out->memory_usage = pen_borsh_u64(reader);
	out->raw_bytes = pen_borsh_u64(reader);
	out->scratch_bytes = pen_borsh_u64(reader);
	const uint8_t *root = pen_borsh_take(reader, PEN_HASH_BYTES);
	PEN_CHECK(root != NULL);
	memcpy(out->id.root.bytes, root, PEN_HASH_BYTES);
}

/* Do the three sections fill the head? */
static int read_sections(
	struct pen_borsh *reader, struct pen_lean_head *out, const uint32_t lens[2])
{
	out->endless = lens[0] == END_NONE;
	out->end.len = out->endless ? 0 : lens[0];
	out->proof.len = lens[1];
	out->rows.len = (size_t)out->frames * PEN_LEAN_ROW_BYTES;
	if (out->end.len > PEN_KEY_BYTES_MAX)
		return PEN_EHEAD;
	out->end.at = pen_borsh_take(reader, out->end.len);
	out->proof.at = pen_borsh_take(reader, out->proof.len);
	out->rows.at = pen_borsh_take(reader, out->rows.len);
	return pen_borsh_done(reader) ? 0 : PEN_EHEAD;
}

static int check_counts(const struct pen_lean_head *head, struct pen_why *why)
{
	bool empty = pen_hash_is_zero(&head->id.root);
	if (head->id.k >= head->id.n)
		return fail_head(why, "there is no such part");
	if (empty != (head->memory_usage == 0) || empty != (head->proof_nodes == 0))
		return fail_head(why, "only the empty state has no nodes");
	if (empty && !head->endless)
		return fail_head(why, "the empty state has no end key");
	if (head->pairs > head->memory_usage / PEN_LEAN_PAIR_MEMORY_MIN)
		return pen_fail(why, PEN_EHEAD,
			"BadHead: %u pairs, more than a memory_usage of %llu can hold", head->pairs,
			(unsigned long long)head->memory_usage);
	if (head->raw_bytes > PEN_PART_BYTES_MAX || head->scratch_bytes > head->raw_bytes)
		return pen_fail(why, PEN_EHEAD,
			"BadHead: %llu raw bytes and %llu of scratch, at most %zu are allowed",
			(unsigned long long)head->raw_bytes,
			(unsigned long long)head->scratch_bytes, PEN_PART_BYTES_MAX);
	return 0;
}

static int check_nodes(const struct pen_lean_head *head, struct pen_why *why)
{
	struct pen_bytes left = head->proof;
	for (uint32_t i = 0; i < head->proof_nodes; i++) {
		if (left.len < 2 || pen_le16(left.at) > left.len - 2 || pen_le16(left.at) == 0)
			return fail_head(why, "the proof nodes do not fill their room");
		pen_lean_node(&left);
	}
	return left.len ? fail_head(why, "the proof nodes do not fill their room") : 0;
}

static bool row_holds(const struct pen_lean_row *row)
{
	uint64_t most = row->pairs == 1 ? PEN_LEAN_FRAME_RAW_MAX : PEN_LEAN_FRAME_OPEN_MAX;
	return row->pairs > 0 && row->raw_bytes <= most &&
		row->raw_bytes >=
		PEN_LEAN_COLUMNS_BYTES + (uint64_t)row->pairs * PEN_LEAN_RECORD_BYTES_MIN &&
		row->stored_bytes > 0 && row->stored_bytes <= ZSTD_compressBound(row->raw_bytes);
}

/* A frame short of the cut closed for a pair alone. This bounds the rows by the raw bytes. */
static bool row_follows(const struct pen_lean_row *row, uint64_t raw_before)
{
	return raw_before >= PEN_LEAN_CUT_BYTES ||
		(row->pairs == 1 && row->raw_bytes >= PEN_LEAN_CUT_BYTES);
}

/* Each row by itself, behind the one before it, and all together. */
static int check_rows(struct pen_lean_head *head, struct pen_why *why)
{
	uint64_t raw = 0, pairs = 0, raw_before = PEN_LEAN_CUT_BYTES;
	head->stored_bytes = 0;
	for (uint32_t i = 0; i < head->frames; i++) {
		const struct pen_lean_row row = pen_lean_row(head, i);
		if (!row_holds(&row))
			return pen_fail(why, PEN_EHEAD,
				"BadHead: frame %u of %u pairs, %u bytes, stored in %u", i,
				row.pairs, row.raw_bytes, row.stored_bytes);
		if (!row_follows(&row, raw_before))
			return pen_fail(why, PEN_EHEAD, "BadHead: frame %u is cut elsewhere", i);
		raw_before = row.raw_bytes;
		raw += row.raw_bytes;
		pairs += row.pairs;
		head->stored_bytes += row.stored_bytes;
	}
	if (raw != head->raw_bytes || pairs != head->pairs)
		return pen_fail(why, PEN_EHEAD,
			"BadHead: its frames have %llu pairs in %llu bytes, it says %u in %llu",
			(unsigned long long)pairs, (unsigned long long)raw, head->pairs,
			(unsigned long long)head->raw_bytes);
	return 0;
}

int pen_lean_decode(struct pen_bytes bytes, struct pen_lean_head *out, struct pen_why *why)
{
	uint32_t lens[2];
	*out = (struct pen_lean_head){0};
	int64_t len = pen_lean_head_bytes(bytes, why);
	if (len < 0)
		return (int)len;
	if ((uint64_t)len > bytes.len)
		return fail_head(why, "it ends too early");
	size_t body = (size_t)len - SUM_BYTES;
	if (XXH3_64bits(bytes.at, body) != pen_le64(bytes.at + body))
		return fail_head(why, "its checksum is wrong");
	struct pen_borsh reader = pen_borsh_reader((struct pen_bytes){bytes.at, body});
	read_fixed(&reader, out, lens);
	if (read_sections(&reader, out, lens))
		return fail_head(why, "its sections do not fill it");
	int err = check_counts(out, why);
	if (!err)
		err = check_nodes(out, why);
	return err ? err : check_rows(out, why);
}

static void put_fixed(const struct pen_lean_head *head, uint8_t at[PEN_LEAN_FIXED_BYTES])
{
	memcpy(at, PEN_LEAN_MAGIC, PEN_LEAN_MAGIC_BYTES);
	at[PEN_LEAN_MAGIC_BYTES] = PEN_LEAN_VERSION;
	pen_put_le32(at + 8, head->bytes);
	pen_put_le32(at + 12, (uint32_t)head->id.k);
	pen_put_le32(at + 16, (uint32_t)head->id.n);
	pen_put_le32(at + 20, head->pairs);
	pen_put_le32(at + 24, head->proof_nodes);
	pen_put_le32(at + 28, (uint32_t)head->proof.len);
	pen_put_le32(at + 32, head->frames);
	pen_put_le32(at + 36, head->endless ? END_NONE : (uint32_t)head->end.len);
	pen_put_le64(at + 40, head->memory_usage);
	pen_put_le64(at + 48, head->raw_bytes);
	pen_put_le64(at + 56, head->scratch_bytes);
	memcpy(at + 64, head->id.root.bytes, PEN_HASH_BYTES);
}

static uint8_t *put_section(uint8_t *at, struct pen_bytes section)
{
	if (section.len)
		memcpy(at, section.at, section.len);
	return at + section.len;
}

int pen_lean_encode(struct pen_lean_head *head, struct pen_buf *out, struct pen_why *why)
{
	size_t len = PEN_LEAN_FIXED_BYTES + head->end.len + head->proof.len + head->rows.len +
		SUM_BYTES;
	PEN_CHECK(head->rows.len == (size_t)head->frames * PEN_LEAN_ROW_BYTES);
	if (len > PEN_LEAN_HEAD_BYTES_MAX)
		return pen_fail(why, PEN_EREFUSED,
			"no lean form: a head of %zu bytes, at most %zu are allowed", len,
			PEN_LEAN_HEAD_BYTES_MAX);
	if (pen_buf_grow(out, len))
		return pen_fail(why, -ENOMEM, "no memory for a head of %zu bytes", len);
	head->bytes = (uint32_t)len;
	head->stored_bytes = 0;
	for (uint32_t i = 0; i < head->frames; i++)
		head->stored_bytes += pen_lean_row(head, i).stored_bytes;
	uint8_t *begin = out->at + out->len;
	put_fixed(head, begin);
	uint8_t *at = put_section(begin + PEN_LEAN_FIXED_BYTES, head->end);
	at = put_section(put_section(at, head->proof), head->rows);
	pen_put_le64(at, XXH3_64bits(begin, len - SUM_BYTES));
	out->len += len;
	return 0;
}

struct pen_lean_row pen_lean_row(const struct pen_lean_head *head, uint32_t i)
{
	PEN_CHECK(i < head->frames);
	const uint8_t *at = head->rows.at + (size_t)i * PEN_LEAN_ROW_BYTES;
	return (struct pen_lean_row){
		pen_le32(at), pen_le32(at + 4), pen_le32(at + 8), pen_le64(at + 12)};
}

void pen_lean_row_encode(const struct pen_lean_row *row, uint8_t out[PEN_LEAN_ROW_BYTES])
{
	pen_put_le32(out, row->raw_bytes);
	pen_put_le32(out + 4, row->stored_bytes);
	pen_put_le32(out + 8, row->pairs);
	pen_put_le64(out + 12, row->sum);
}

struct pen_bytes pen_lean_node(struct pen_bytes *left)
{
	if (left->len == 0)
		return (struct pen_bytes){0};
	PEN_CHECK(left->len >= 2);
	size_t len = pen_le16(left->at);
	PEN_CHECK(len <= left->len - 2);
	struct pen_bytes node = {left->at + 2, len};
	*left = (struct pen_bytes){left->at + 2 + len, left->len - 2 - len};
	return node;
}

int pen_lean_name(const struct pen_lean_head *head, struct pen_bytes bytes, struct pen_buf *scratch,
	struct pen_hash *out)
{
	PEN_CHECK(bytes.len >= head->bytes);
	scratch->len = 0;
	/* A maker's own fields are taken out of a copy: the head itself is borrowed. */
	if (pen_buf_append(scratch, bytes.at, head->bytes))
		return -ENOMEM;
	uint8_t *sum = scratch->at + head->bytes - SUM_BYTES;
	memset(sum, 0, SUM_BYTES);
	uint8_t *rows = sum - head->rows.len;
	for (uint32_t i = 0; i < head->frames; i++)
		memset(rows + (size_t)i * PEN_LEAN_ROW_BYTES + 4, 0, 4);
	pen_sha256(pen_buf_bytes(scratch), out);
	return 0;
}
