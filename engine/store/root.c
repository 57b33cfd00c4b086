#include "store/root.h"

#include <errno.h>

#include "part/node.h"
#include "part/partial.h"

void pen_root_fini(struct pen_root *finder)
{
	if (!finder)
		return;
	pen_buf_fini(&finder->list);
	pen_buf_fini(&finder->digests);
	pen_entries_fini(&finder->entries);
}

static void name_one(struct pen_entries *entries, const uint8_t *hash)
{
	uint32_t index = pen_entries_find(entries, (const struct pen_hash *)hash);
	if (index != PEN_ENTRY_NONE)
		pen_entries_at(entries, index)->visited = true;
}

/* Mark all that this entry names if it is a node. A value that looks like one does no harm: the
 * root's hash cannot be in it, as it stands below the root itself. */
static void name_children(struct pen_entries *entries, struct pen_bytes bytes)
{
	struct pen_node node;
	if (pen_node_decode(bytes, &node))
		return;
	if (node.value_hash)
		name_one(entries, node.value_hash);
	unsigned children = node.kind == PEN_EXTENSION ? 1
		: node.kind == PEN_LEAF                ? 0
						       : (unsigned)__builtin_popcount(node.mask);
	for (unsigned i = 0; i < children; i++)
		name_one(entries, node.children + (size_t)i * PEN_HASH_BYTES);
}

static int entries_load(struct pen_root *finder, struct pen_bytes content, struct pen_why *why)
{
	uint32_t count;
	int err = pen_partial_decode(content, &finder->list, &count, why);
	if (err)
		return err;
	pen_entries_reset(&finder->entries);
	if (pen_buf_reserve(&finder->digests, (size_t)count * PEN_HASH_BYTES) ||
		pen_entries_reserve(&finder->entries, count))
		return -ENOMEM;
	const struct pen_bytes *list = (const void *)finder->list.at;
	struct pen_hash *digests = (void *)finder->digests.at;
	pen_sha256_many(list, count, digests);
	for (uint32_t i = 0; i < count; i++) {
		err = pen_entries_add(&finder->entries, &digests[i], list[i]);
		if (err < 0)
			return err;
	}
	return 0;
}

int pen_root_find(struct pen_root *finder, struct pen_bytes content, struct pen_hash *root,
	struct pen_why *why)
{
	struct pen_entries *entries = &finder->entries;
	int err = entries_load(finder, content, why);
	if (err)
		return err;
	for (uint32_t i = 0; i < entries->count; i++) {
		const struct pen_entry *entry = pen_entries_at(entries, i);
		name_children(entries, (struct pen_bytes){entry->at, entry->len});
	}
	uint32_t unnamed = 0;
	for (uint32_t i = 0; i < entries->count; i++) {
		if (pen_entries_at(entries, i)->visited)
			continue;
		*root = *pen_entries_hash(entries, i);
		unnamed++;
	}
	if (unnamed == 1)
		return 0;
	return pen_fail(why, PEN_EVERIFY,
		"its root cannot be told: %u of its %u entries are named by no other", unnamed,
		entries->count);
}
