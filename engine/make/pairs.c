#include "make/pairs.h"

#include <errno.h>

#include "base/check.h"
#include "make/hex.h"
#include "make/kv.h"

/* A file that begins so is compressed: a kv file would begin with a key of over 200 MB, a line
 * of hex has none of these bytes. */
static const struct magic {
	uint8_t bytes[4];
	size_t len;
	const char *name, *unpack;
} magics[] = {
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, "zstd", "zstd -d -o UNPACKED"},
	{{0x1f, 0x8b}, 2, "gzip", "gzip -dc > UNPACKED"},
	{{0xfd, '7', 'z', 'X'}, 4, "xz", "xz -dc > UNPACKED"},
};

static const char *file_of(const struct pen_pairs *pairs)
{
	const char *colon = strchr(pairs->label, ':');
	return colon ? colon + 1 : pairs->label;
}

static int refuse_compressed(
	const struct pen_pairs *pairs, const struct magic *magic, struct pen_why *why)
{
	return pen_fail(why, PEN_EINPUT, "%s is compressed with %s; unpack it first: %s %s",
		pairs->label, magic->name, magic->unpack, file_of(pairs));
}

static int look_for_magic(const struct pen_pairs *pairs, struct pen_why *why)
{
	struct pen_bytes bytes = pen_window_bytes(&pairs->window);
	for (size_t i = 0; i < PEN_COUNT(magics); i++) {
		const struct magic *magic = &magics[i];
		/* Two bytes are not enough in a kv file, where they may be a length. */
		size_t need = pairs->format == PEN_PAIRS_KV && magic->len < 4 ? 4 : magic->len;
		if (bytes.len < need || memcmp(bytes.at, magic->bytes, magic->len))
			continue;
		if (need == magic->len || pen_le32(bytes.at) > PEN_KEY_BYTES_MAX)
			return refuse_compressed(pairs, magic, why);
	}
	return 0;
}

int pen_pairs_open(struct pen_pairs *pairs, const struct pen_pairs_from *from, struct pen_why *why)
{
	*pairs = (struct pen_pairs){.format = from->format, .label = from->label};
	int err = pen_window_open(&pairs->window, from->disk, from->name, why);
	if (!err)
		err = pen_window_fill(&pairs->window, PEN_KV_HEAD_BYTES, why);
	if (err < 0)
		err = pen_fail_prefix(why, err, "%s", from->label);
	else
		err = look_for_magic(pairs, why);
	if (err < 0)
		pen_pairs_close(pairs);
	return err;
}

void pen_pairs_close(struct pen_pairs *pairs)
{
	if (!pairs)
		return;
	pen_window_close(&pairs->window);
	pen_buf_fini(&pairs->plain);
}

/* Say where the record stands that a failure is about. */
static int blame(const struct pen_pairs *pairs, int err, struct pen_why *why)
{
	unsigned long long number = pairs->order.count + 1, offset = pairs->window.offset;
	if (err != PEN_EINPUT)
		return pen_fail_prefix(why, err, "%s", pairs->label);
	/* Every line is a record, so the line's number is the record's. */
	if (pairs->format == PEN_PAIRS_HEX)
		return pen_fail_prefix(
			why, err, "%s: record %llu (line %llu)", pairs->label, number, number);
	return pen_fail_prefix(
		why, err, "%s: record %llu (byte offset %llu)", pairs->label, number, offset);
}

/* As pen_pairs_next; *used is the record's length in the file. */
static int next_kv(struct pen_pairs *pairs, struct pen_pair *out, size_t *used, struct pen_why *why)
{
	for (;;) {
		struct pen_bytes bytes = pen_window_bytes(&pairs->window);
		int got = pen_kv_decode(bytes, out, used, why);
		if (got)
			return got;
		size_t need = *used;
		got = pen_window_fill(&pairs->window, need, why);
		bytes = pen_window_bytes(&pairs->window);
		if (got < 0 || (got == 0 && !bytes.len))
			return got;
		if (bytes.len < need)
			return pen_fail(why, PEN_EINPUT,
				"it is cut short: %zu bytes are left in the file, %zu are needed",
				bytes.len, need);
	}
}

/* Find the line at the front of the window. 1, 0 at the end of the file, or an error. */
static int find_line(struct pen_pairs *pairs, struct pen_bytes *line, struct pen_why *why)
{
	size_t looked = 0;
	for (;;) {
		*line = pen_window_bytes(&pairs->window);
		const uint8_t *feed = line->len > looked
			? memchr(line->at + looked, '\n', line->len - looked)
			: NULL;
		if (feed)
			line->len = (size_t)(feed - line->at);
		if (line->len > PEN_HEX_LINE_MAX)
			return pen_fail(why, PEN_EINPUT,
				"the line is longer than any record, %zu characters",
				PEN_HEX_LINE_MAX);
		if (feed)
			return 1;
		looked = line->len;
		int got = pen_window_fill(&pairs->window, 2 * looked + 1, why);
		*line = pen_window_bytes(&pairs->window);
		if (got <= 0)
			return got < 0 ? got : line->len > 0;
	}
}

static int next_hex(
	struct pen_pairs *pairs, struct pen_pair *out, size_t *used, struct pen_why *why)
{
	struct pen_bytes line;
	int got = find_line(pairs, &line, why);
	if (got <= 0)
		return got;
	bool fed = line.len < pen_window_bytes(&pairs->window).len;
	*used = line.len + fed;
	int err = pen_buf_reserve(&pairs->plain, line.len / 2 + 1);
	if (err)
		return pen_fail(why, err, "no memory for a record of %zu bytes", line.len);
	err = pen_hex_decode_line(line, pairs->plain.at, out, why);
	return err ? err : 1;
}

int pen_pairs_next(struct pen_pairs *pairs, struct pen_pair *out, struct pen_why *why)
{
	size_t used = 0;
	int got = pairs->format == PEN_PAIRS_KV ? next_kv(pairs, out, &used, why)
						: next_hex(pairs, out, &used, why);
	if (got > 0) {
		int err = pen_pair_accept(&pairs->order, out, why);
		got = err ? err : got;
	}
	if (got < 0)
		return blame(pairs, got, why);
	pen_window_skip(&pairs->window, used);
	return got;
}
