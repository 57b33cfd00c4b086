#include "make/feed.h"

#include <errno.h>

#include "base/check.h"
#include "base/text.h"
#include "make/hex.h"
#include "make/kv.h"
#include "store/file.h"

/* What has to be visible behind a stretch, so that the next key is: in kv, and in hex digits. */
static size_t next_bytes(const struct pen_feed *feed)
{
	return feed->from.format == PEN_PAIRS_KV ? PEN_KV_HEAD_BYTES + (size_t)PEN_KEY_BYTES_MAX
						 : 2 * (size_t)PEN_KEY_BYTES_MAX + 1;
}

int pen_feed_open(struct pen_feed *feed, const struct pen_pairs_from *from, struct pen_why *why)
{
	struct pen_pairs pairs;
	*feed = (struct pen_feed){.from = *from, .file = -1, .stretch_bytes = PEN_STRETCH_BYTES};
	/* A compressed file is refused where a stream is opened; here its handle is kept. */
	int err = pen_pairs_open(&pairs, from, why);
	if (err)
		return err;
	pen_pairs_close(&pairs);
	feed->file = from->disk->ops->open(from->disk, from->name, PEN_DISK_RDONLY, &feed->stat);
	if (feed->file < 0)
		return pen_fail(why, feed->file, "%s: cannot open it: %s", from->label,
			pen_err_text(feed->file));
	return 0;
}

void pen_feed_close(struct pen_feed *feed)
{
	if (!feed || !feed->from.disk)
		return;
	feed->from.disk->ops->close(feed->from.disk, feed->file);
	*feed = (struct pen_feed){0};
}

void pen_feed_seek(struct pen_feed *feed, uint64_t offset, uint64_t record)
{
	feed->offset = offset;
	feed->record = record;
	feed->any = false;
}

/* Read up to `need` bytes at the feed's offset; *ended if the file has no more. */
static int read_bytes(
	struct pen_feed *feed, struct pen_buf *into, size_t need, bool *ended, struct pen_why *why)
{
	struct pen_disk *disk = feed->from.disk;
	struct pen_disk_op op = {.kind = PEN_DISK_READ,
		.file = feed->file,
		.offset = feed->offset,
		.bytes = (uint32_t)need};
	if (pen_buf_reserve(into, need))
		return pen_fail(
			why, -ENOMEM, "%s: no memory for %zu bytes of it", feed->from.label, need);
	op.at = into->at;
	int64_t result = pen_file_op(disk, &op);
	if (result < 0)
		return pen_fail(why, (int)result, "%s: cannot read it at byte offset %llu: %s",
			feed->from.label, (unsigned long long)feed->offset,
			pen_err_text((int)result));
	PEN_CHECK((uint64_t)result <= need);
	into->len = (size_t)result;
	*ended = into->len < need;
	return 0;
}

static int blame(
	const struct pen_feed *feed, uint64_t record, uint64_t offset, int err, struct pen_why *why)
{
	if (err != PEN_EINPUT)
		return pen_fail_prefix(why, err, "%s", feed->from.label);
	if (feed->from.format == PEN_PAIRS_HEX)
		return pen_fail_prefix(why, err, "%s: record %llu (line %llu)", feed->from.label,
			(unsigned long long)record + 1, (unsigned long long)record + 1);
	return pen_fail_prefix(why, err, "%s: record %llu (byte offset %llu)", feed->from.label,
		(unsigned long long)record + 1, (unsigned long long)offset);
}

/* The record at the start of `bytes`: 1 and its length; 0 and what is needed to know; an error. */
static int measure(const struct pen_feed *feed, struct pen_bytes bytes, bool ended, size_t *used,
	struct pen_why *why)
{
	if (feed->from.format == PEN_PAIRS_KV) {
		struct pen_pair pair;
		return pen_kv_decode(bytes, &pair, used, why);
	}
	const uint8_t *feed_at = memchr(bytes.at, '\n', bytes.len);
	*used = feed_at ? (size_t)(feed_at - bytes.at) + 1 : 2 * bytes.len + 1;
	if (!feed_at && ended) {
		*used = bytes.len;
		return 1;
	}
	if (bytes.len > PEN_HEX_LINE_MAX + 1 && !feed_at)
		return pen_fail(why, PEN_EINPUT,
			"the line is longer than any record, %zu characters", PEN_HEX_LINE_MAX);
	return feed_at != NULL;
}

/* What cutting found out beside the stretch itself. */
struct cut {
	size_t need; /* bytes that must be read before it can be cut */
	size_t final; /* where the last record begins */
};

/*
 * Cut whole records off what was read. 0, with to->need larger than what there is if more must be
 * read first; or an error of the first record, whose number and place are then the stretch's own.
 */
static int cut(const struct pen_feed *feed, struct pen_stretch *out, bool ended, struct cut *to,
	struct pen_why *why)
{
	size_t used = 0;
	out->len = 0;
	out->count = 0;
	while (out->len < out->bytes.len && out->len < feed->stretch_bytes) {
		struct pen_bytes rest = {out->bytes.at + out->len, out->bytes.len - out->len};
		int got = measure(feed, rest, ended, &used, why);
		if (got == 1) {
			to->final = out->len;
			out->len += used;
			out->count++;
			continue;
		}
		if (out->count)
			break;
		if (got == 0 && ended)
			got = pen_fail(why, PEN_EINPUT,
				"it is cut short: %zu bytes are left in the file, %zu are needed",
				rest.len, used);
		if (got < 0)
			return blame(feed, feed->record, feed->offset, got, why);
		to->need = used + next_bytes(feed);
		return 0;
	}
	if (!ended && out->bytes.len - out->len < next_bytes(feed))
		to->need = out->len + next_bytes(feed);
	return 0;
}

/* The key of the record that begins here, of which only the beginning need be there. Hex digits
 * are read into `plain`; kv keys are borrowed. */
static int peek_key(
	const struct pen_feed *feed, struct pen_bytes rest, uint8_t *plain, struct pen_bytes *out)
{
	*out = (struct pen_bytes){0};
	if (feed->from.format == PEN_PAIRS_KV) {
		uint32_t len = rest.len < PEN_KV_HEAD_BYTES ? UINT32_MAX : pen_le32(rest.at);
		if (len > PEN_KEY_BYTES_MAX || rest.len - PEN_KV_HEAD_BYTES < len)
			return PEN_EINPUT;
		*out = (struct pen_bytes){rest.at + PEN_KV_HEAD_BYTES, len};
		return 0;
	}
	const uint8_t *blank = memchr(rest.at, ' ', rest.len);
	size_t digits = blank ? (size_t)(blank - rest.at) : 0;
	if (!blank || digits > 2 * (size_t)PEN_KEY_BYTES_MAX)
		return PEN_EINPUT;
	if (digits == 1 && rest.at[0] == '-')
		digits = 0;
	if (pen_hex_decode((const char *)rest.at, digits, plain))
		return PEN_EINPUT;
	*out = (struct pen_bytes){plain, digits / 2};
	return 0;
}

/* Hand the key before this stretch on to it, and remember its last for the next. */
static void note_keys(struct pen_feed *feed, struct pen_stretch *out, size_t final)
{
	struct pen_bytes rest = {out->bytes.at + final, out->len - final}, key;
	uint8_t plain[PEN_KEY_BYTES_MAX];
	out->follows = feed->any;
	out->before_len = feed->any ? feed->last_len : 0;
	memcpy(out->before, feed->last, out->before_len);
	feed->any = out->count && peek_key(feed, rest, plain, &key) == 0;
	feed->last_len = feed->any ? key.len : 0;
	if (feed->last_len)
		memcpy(feed->last, key.at, key.len);
}

int pen_feed_next(struct pen_feed *feed, struct pen_stretch *out, struct pen_why *why)
{
	struct cut to = {.need = feed->stretch_bytes + next_bytes(feed)};
	size_t have = 0;
	bool ended = false;
	while (have < to.need && !ended) {
		have = to.need;
		int err = read_bytes(feed, &out->bytes, have, &ended, why);
		if (!err)
			err = cut(feed, out, ended, &to, why);
		if (err)
			return err;
	}
	out->offset = feed->offset;
	out->record = feed->record;
	out->last = out->len == out->bytes.len;
	note_keys(feed, out, to.final);
	feed->offset += out->len;
	feed->record += out->count;
	return out->count > 0;
}

int pen_feed_unchanged(struct pen_feed *feed, struct pen_why *why)
{
	struct pen_disk *disk = feed->from.disk;
	struct pen_disk_stat now;
	int file = disk->ops->open(disk, feed->from.name, PEN_DISK_RDONLY, &now);
	if (file < 0)
		return pen_fail(why, file, "%s: it was there and cannot be opened now: %s",
			feed->from.label, pen_err_text(file));
	disk->ops->close(disk, file);
	if (now.bytes != feed->stat.bytes || now.mtime_ns != feed->stat.mtime_ns)
		return pen_fail(why, PEN_EINPUT,
			"%s: it changed while it was read; run again when nothing writes to it",
			feed->from.label);
	return 0;
}

void pen_stretch_fini(struct pen_stretch *stretch)
{
	if (!stretch)
		return;
	pen_buf_fini(&stretch->bytes);
	pen_buf_fini(&stretch->pairs);
	pen_buf_fini(&stretch->plain);
	*stretch = (struct pen_stretch){0};
}

/* The record at *at of the stretch; moves *at behind it. */
static int decode_one(const struct pen_feed *feed, struct pen_stretch *stretch, size_t *at,
	struct pen_pair *out, struct pen_why *why)
{
	struct pen_bytes rest = {stretch->bytes.at + *at, stretch->bytes.len - *at};
	size_t used = 0;
	if (feed->from.format == PEN_PAIRS_KV) {
		int got = pen_kv_decode(rest, out, &used, why);
		PEN_CHECK(got == 1);
		*at += used;
		return 0;
	}
	const uint8_t *end = memchr(rest.at, '\n', rest.len);
	struct pen_bytes line = {rest.at, end ? (size_t)(end - rest.at) : rest.len};
	uint8_t *plain = stretch->plain.at + stretch->plain.len;
	int err = pen_hex_decode_line(line, plain, out, why);
	stretch->plain.len += line.len / 2;
	*at += line.len + (end != NULL);
	return err;
}

/* Keys ascend from this pair to the next; the sentence is the stream's own. */
static int check_order(struct pen_bytes before, const struct pen_pair *pair, struct pen_why *why)
{
	if (pair->key.len <= PEN_KEY_BYTES_MAX && pair->value.len <= PEN_VALUE_BYTES_MAX &&
		pen_bytes_compare(before, pair->key) < 0)
		return 0;
	struct pen_pair_order order = {.count = 1, .last_len = before.len};
	if (before.len)
		memcpy(order.last, before.at, before.len);
	return pen_pair_accept(&order, pair, why);
}

/* The key that follows, if it can be one: if not, that is an error of its own stretch. */
static int decode_next(const struct pen_feed *feed, struct pen_stretch *stretch)
{
	struct pen_bytes rest = {
		stretch->bytes.at + stretch->len, stretch->bytes.len - stretch->len};
	/* Only hex digits are read into memory of ours. */
	uint8_t *plain = stretch->plain.at ? stretch->plain.at + stretch->plain.len : NULL;
	return peek_key(feed, rest, plain, &stretch->next);
}

int pen_stretch_decode(
	const struct pen_feed *feed, struct pen_stretch *stretch, struct pen_why *why)
{
	struct pen_pair first = {0};
	stretch->pairs.len = stretch->plain.len = 0;
	if (pen_buf_reserve(&stretch->pairs, (stretch->count + 1) * sizeof first) ||
		(feed->from.format == PEN_PAIRS_HEX &&
			pen_buf_reserve(&stretch->plain, stretch->bytes.len / 2 + 1)))
		return pen_fail(why, -ENOMEM, "%s: no memory for %u records", feed->from.label,
			stretch->count);
	struct pen_pair *pairs = (struct pen_pair *)(void *)stretch->pairs.at;
	size_t at = 0;
	for (uint32_t i = 0; i < stretch->count; i++) {
		size_t begin = at;
		int err = decode_one(feed, stretch, &at, &pairs[i], why);
		if (!err && (i || pairs[i].key.len > PEN_KEY_BYTES_MAX))
			err = check_order(i ? pairs[i - 1].key : first.key, &pairs[i], why);
		if (err)
			return blame(feed, stretch->record + i, stretch->offset + begin, err, why);
	}
	stretch->pairs.len = stretch->count * sizeof *pairs;
	if (stretch->last)
		return 0;
	if (decode_next(feed, stretch)) {
		stretch->last = true;
		return 0;
	}
	struct pen_pair next = {stretch->next, {0}};
	int err = check_order(pairs[stretch->count - 1].key, &next, why);
	return err ? blame(feed, stretch->record + stretch->count, stretch->offset + stretch->len,
			     err, why)
		   : 0;
}
