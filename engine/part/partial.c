#include "part/partial.h"

#include <errno.h>
#include <stdlib.h>

#include "part/borsh.h"

int pen_partial_head(
	const uint8_t head[PEN_PARTIAL_HEAD_BYTES], uint32_t *count, struct pen_why *why)
{
	if (head[0] != 0)
		return pen_fail(why, PEN_EENVELOPE, "unknown PartialState variant %u", head[0]);
	*count = pen_le32(head + 1);
	if (*count > PEN_PART_ENTRIES_MAX)
		return pen_fail(why, PEN_EENVELOPE,
			"state part entry limit exceeded: %u entries, at most %u are allowed",
			*count, PEN_PART_ENTRIES_MAX);
	return 0;
}

/* The checks that need only the head and the length. */
static int head_check(struct pen_bytes bytes, uint32_t *count, struct pen_why *why)
{
	if (bytes.len < PEN_PARTIAL_HEAD_BYTES)
		return pen_fail(why, PEN_EENVELOPE,
			"PartialState of %zu bytes: its head alone has %d", bytes.len,
			PEN_PARTIAL_HEAD_BYTES);
	if (bytes.len > PEN_PART_BYTES_MAX)
		return pen_fail(why, PEN_EENVELOPE,
			"PartialState of %zu bytes, at most %zu are allowed", bytes.len,
			PEN_PART_BYTES_MAX);
	int err = pen_partial_head(bytes.at, count, why);
	if (err)
		return err;
	if ((bytes.len - PEN_PARTIAL_HEAD_BYTES) / 4 < *count)
		return pen_fail(why, PEN_EENVELOPE,
			"PartialState says %u entries and has %zu bytes for them", *count,
			bytes.len - PEN_PARTIAL_HEAD_BYTES);
	return 0;
}

int pen_partial_decode(
	struct pen_bytes bytes, struct pen_buf *entries, uint32_t *count, struct pen_why *why)
{
	int err = head_check(bytes, count, why);
	if (err)
		return err;
	err = pen_buf_reserve(entries, *count * sizeof(struct pen_bytes));
	if (err)
		return pen_fail(why, err, "no memory for the list of %u entries", *count);
	struct pen_borsh reader = pen_borsh_reader(bytes);
	pen_borsh_take(&reader, PEN_PARTIAL_HEAD_BYTES);
	struct pen_bytes *list = (struct pen_bytes *)(void *)entries->at;
	for (uint32_t i = 0; i < *count; i++) {
		list[i] = pen_borsh_bytes(&reader);
		if (reader.failed)
			return pen_fail(why, PEN_EENVELOPE,
				"PartialState ends inside entry %u of %u", i, *count);
	}
	entries->len = *count * sizeof(struct pen_bytes);
	if (!pen_borsh_done(&reader))
		return pen_fail(why, PEN_EENVELOPE,
			"%zu bytes follow the last entry of PartialState", pen_borsh_left(&reader));
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	return pen_bytes_compare(*(const struct pen_bytes *)a, *(const struct pen_bytes *)b);
}

int pen_partial_encode(
	struct pen_bytes *entries, uint32_t count, struct pen_buf *out, struct pen_why *why)
{
	size_t bytes = PEN_PARTIAL_HEAD_BYTES;
	for (uint32_t i = 0; i < count; i++)
		bytes += 4 + entries[i].len;
	if (bytes > PEN_PART_BYTES_MAX || count > PEN_PART_ENTRIES_MAX)
		return pen_fail(why, PEN_EREFUSED,
			"a part of %u entries and %zu bytes, at most %u and %zu are allowed: "
			"ask for more parts with --of",
			count, bytes, PEN_PART_ENTRIES_MAX, PEN_PART_BYTES_MAX);
	int err = pen_buf_grow(out, bytes);
	if (err)
		return pen_fail(why, err, "no memory for a part of %zu bytes", bytes);
	if (count)
		qsort(entries, count, sizeof *entries, compare_entries);
	uint8_t *at = out->at + out->len;
	*at = 0;
	pen_put_le32(at + 1, count);
	at += PEN_PARTIAL_HEAD_BYTES;
	for (uint32_t i = 0; i < count; i++) {
		pen_put_le32(at, (uint32_t)entries[i].len);
		if (entries[i].len)
			memcpy(at + 4, entries[i].at, entries[i].len);
		at += 4 + entries[i].len;
	}
	out->len += bytes;
	return 0;
}
