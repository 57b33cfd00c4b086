#include "part/prove.h"

#include <errno.h>

#include "base/check.h"
#include "base/text.h"
#include "part/partial.h"

void pen_proof_fini(struct pen_proof *proof)
{
	if (!proof)
		return;
	pen_buf_fini(&proof->list);
	pen_buf_fini(&proof->digests);
	pen_entries_fini(&proof->entries);
	pen_walk_fini(&proof->walk);
	*proof = (struct pen_proof){0};
}

static int entry_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct pen_proof *proof = context;
	uint32_t index = pen_entries_find(&proof->entries, hash);
	if (index == PEN_ENTRY_NONE)
		return PEN_EMISSING;
	struct pen_entry *entry = pen_entries_at(&proof->entries, index);
	entry->visited = true;
	*out = (struct pen_fetched){{entry->at, entry->len}, index};
	return 0;
}

static int entry_use(void *context, const struct pen_item *item)
{
	struct pen_proof *proof = context;
	/* PEN_WALK_ITEMS_MAX keeps this far below its range. */
	pen_entries_at(&proof->entries, item->fetched.index)->refs++;
	return 0;
}

/* Hash all entries and enter them; *count is how many there are, repeated ones included. */
static int load(
	struct pen_proof *proof, struct pen_bytes content, uint32_t *count, struct pen_why *why)
{
	int err = pen_partial_decode(content, &proof->list, count, why);
	if (err)
		return err;
	const struct pen_bytes *list = (const struct pen_bytes *)(void *)proof->list.at;
	if (pen_buf_reserve(&proof->digests, *count * sizeof(struct pen_hash)) ||
		pen_entries_reserve(&proof->entries, *count))
		return pen_fail(why, -ENOMEM, "no memory to prove %u entries", *count);
	struct pen_hash *digests = (struct pen_hash *)proof->digests.at;
	pen_sha256_many(list, *count, digests);
	for (uint32_t i = 0; i < *count; i++) {
		err = pen_entries_add(&proof->entries, &digests[i], list[i]);
		if (err < 0)
			return pen_fail(why, err, "no memory to prove %u entries", *count);
	}
	return 0;
}

/* Every entry must have been needed, and none twice. */
static int check_all_used(const struct pen_proof *proof, uint32_t count, struct pen_why *why)
{
	char text[PEN_HASH_TEXT_BYTES];
	for (uint32_t i = 0; i < proof->entries.count; i++) {
		if (!pen_entries_at(&proof->entries, i)->visited)
			return pen_fail(why, PEN_EUNEXPECTED,
				"UnexpectedTrieValue: entry %s does not belong to this part",
				pen_base58(pen_entries_hash(&proof->entries, i), text));
	}
	if (proof->entries.count != count)
		return pen_fail(why, PEN_EUNEXPECTED,
			"UnexpectedTrieValue: %u of %u entries stand there twice",
			count - proof->entries.count, count);
	return 0;
}

int pen_proof_check(struct pen_proof *proof, const struct pen_part_id *id, struct pen_bytes content,
	struct pen_why *why)
{
	uint32_t count = 0;
	struct pen_reader reader = {entry_fetch, proof};
	proof->proved = false;
	proof->id = *id;
	pen_entries_reset(&proof->entries);
	int err = load(proof, content, &count, why);
	if (err)
		return err;
	err = pen_trie_bound(&reader, &id->root, id->k, id->n, &proof->begin, why);
	if (err)
		return err;
	err = pen_trie_bound(&reader, &id->root, id->k + 1, id->n, &proof->end, why);
	if (err)
		return err;
	err = pen_trie_walk(&proof->walk, &reader, &id->root, &proof->begin, &proof->end, entry_use,
		proof, why);
	if (err)
		return err;
	err = check_all_used(proof, count, why);
	proof->proved = err == 0;
	return err;
}

static int count_item(void *context, const struct pen_item *item)
{
	(void)item;
	++*(uint64_t *)context;
	return 0;
}

void pen_proof_counts(struct pen_proof *proof, struct pen_part_counts *out)
{
	PEN_CHECK(proof->proved);
	*out = (struct pen_part_counts){.entries = proof->entries.count};
	uint64_t items = 0;
	for (uint32_t i = 0; i < proof->entries.count; i++) {
		const struct pen_entry *entry = pen_entries_at(&proof->entries, i);
		out->bytes += entry->len;
		out->proof_nodes += entry->refs == 0;
		items += entry->refs;
	}
	PEN_CHECK(pen_proof_visit(proof, count_item, &out->values, NULL) == 0);
	out->nodes = items - out->values;
}

/* Passes the values of a walk on to who asked for them. */
struct values {
	pen_item_fn fn;
	void *context;
};

static int value_pass(void *context, const struct pen_item *item)
{
	const struct values *values = context;
	return item->value ? values->fn(values->context, item) : 0;
}

int pen_proof_visit(struct pen_proof *proof, pen_item_fn fn, void *context, struct pen_why *why)
{
	PEN_CHECK(proof->proved);
	struct pen_reader reader = {entry_fetch, proof};
	struct values values = {fn, context};
	return pen_trie_walk(&proof->walk, &reader, &proof->id.root, &proof->begin, &proof->end,
		value_pass, &values, why);
}
