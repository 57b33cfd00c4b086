#include <errno.h>

#include "base/check.h"
#include "part/partial.h"
#include "part/rebuild_inner.h"

void pen_rebuild_counts(const struct pen_rebuild *rebuild, struct pen_part_counts *out)
{
	PEN_CHECK(rebuild->proved);
	*out = (struct pen_part_counts){.nodes = rebuild->nodes, .values = rebuild->head.pairs};
	if (!rebuild->limits.keep)
		return;
	out->entries = rebuild->entries.count;
	for (uint32_t i = 0; i < rebuild->entries.count; i++) {
		const struct pen_entry *entry = pen_entries_at(&rebuild->entries, i);
		out->bytes += entry->len;
		out->proof_nodes += entry->refs == 0;
	}
}

int pen_rebuild_visit(
	struct pen_rebuild *rebuild, pen_item_fn fn, void *context, struct pen_why *why)
{
	struct pen_lean_frame_reader reader;
	struct pen_record record;
	struct pen_path path;
	struct pen_item item = {.value = true, .path = &path};
	uint32_t pair = 0;
	const uint8_t *raw = rebuild->raw.at;
	PEN_CHECK(rebuild->proved && rebuild->limits.keep);
	for (uint32_t i = 0; i < rebuild->head.frames; i++) {
		struct pen_bytes frame = {raw, pen_lean_row(&rebuild->head, i).raw_bytes};
		raw += frame.len;
		PEN_CHECK(pen_lean_frame_begin(&reader, frame, why) == 0);
		while (pen_lean_frame_next(&reader, pair, &record, why) > 0) {
			uint32_t use = ((const uint32_t *)(void *)rebuild->uses.at)[pair++];
			item.fetched.index = use & ~PEN_USE_NAMED;
			const struct pen_entry *entry = pen_entries_at(
				&rebuild->entries, item.fetched.index);
			item.fetched.bytes = (struct pen_bytes){entry->at, entry->len};
			pen_path_of_key(&path, (struct pen_bytes){reader.key, reader.key_len});
			int err = fn(context, &item);
			if (err)
				return err;
		}
	}
	return 0;
}

int pen_rebuild_content(struct pen_rebuild *rebuild, struct pen_buf *out, struct pen_why *why)
{
	uint32_t count = rebuild->entries.count;
	PEN_CHECK(rebuild->proved && rebuild->limits.keep);
	if (pen_buf_reserve(&rebuild->messages, count * sizeof(struct pen_bytes)))
		return pen_fail(why, -ENOMEM, "no memory to sort %u entries", count);
	struct pen_bytes *list = (struct pen_bytes *)(void *)rebuild->messages.at;
	for (uint32_t i = 0; i < count; i++) {
		const struct pen_entry *entry = pen_entries_at(&rebuild->entries, i);
		list[i] = (struct pen_bytes){entry->at, entry->len};
	}
	return pen_partial_encode(list, count, out, why);
}
