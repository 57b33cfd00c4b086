#include "part/collect.h"

#include <errno.h>

#include "base/check.h"
#include "part/partial.h"

void pen_collect_fini(struct pen_collect *collect)
{
	if (!collect)
		return;
	pen_buf_fini(&collect->list);
	pen_buf_fini(&collect->fetched);
	pen_walk_fini(&collect->walk);
	*collect = (struct pen_collect){0};
}

/* What a fetch needs: the state and where to note what was fetched. */
struct gather {
	struct pen_collect *collect;
	struct pen_entries *state;
};

static int note(struct gather *gather, struct pen_entry *entry, uint32_t index)
{
	struct pen_bytes bytes = {entry->at, entry->len};
	int err = pen_buf_append(&gather->collect->fetched, &index, sizeof index);
	if (!err)
		err = pen_buf_append(&gather->collect->list, &bytes, sizeof bytes);
	if (!err)
		entry->visited = true;
	return err;
}

static int state_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct gather *gather = context;
	uint32_t index = pen_entries_find(gather->state, hash);
	if (index == PEN_ENTRY_NONE)
		return PEN_EMISSING;
	struct pen_entry *entry = pen_entries_at(gather->state, index);
	int err = entry->visited ? 0 : note(gather, entry, index);
	*out = (struct pen_fetched){{entry->at, entry->len}, index};
	return err;
}

/* The marks of the next part start clear. */
static void forget(struct pen_collect *collect, struct pen_entries *state)
{
	const uint32_t *fetched = (const uint32_t *)(void *)collect->fetched.at;
	for (size_t i = 0; i < collect->fetched.len / sizeof *fetched; i++)
		pen_entries_at(state, fetched[i])->visited = false;
}

static int run(struct gather *gather, const struct pen_part_id *id, struct pen_why *why)
{
	struct pen_collect *collect = gather->collect;
	struct pen_reader reader = {state_fetch, gather};
	int err = pen_trie_bound(&reader, &id->root, id->k, id->n, &collect->begin, why);
	if (err)
		return err;
	err = pen_trie_bound(&reader, &id->root, id->k + 1, id->n, &collect->end, why);
	if (err)
		return err;
	return pen_trie_walk(&collect->walk, &reader, &id->root, &collect->begin, &collect->end,
		NULL, NULL, why);
}

int pen_collect_part(struct pen_collect *collect, struct pen_entries *state,
	const struct pen_part_id *id, struct pen_buf *out, struct pen_why *why)
{
	struct gather gather = {collect, state};
	collect->list.len = 0;
	collect->fetched.len = 0;
	int err = run(&gather, id, why);
	forget(collect, state);
	if (err)
		return err;
	PEN_CHECK(collect->list.len / sizeof(struct pen_bytes) ==
		collect->fetched.len / sizeof(uint32_t));
	return pen_partial_encode((struct pen_bytes *)(void *)collect->list.at,
		(uint32_t)(collect->list.len / sizeof(struct pen_bytes)), out, why);
}
