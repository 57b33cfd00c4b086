#include "sim/golden.h"

#include <string.h>

#include "base/check.h"
#include "make/profile.h"
#include "part/collect.h"
#include "part/column.h"
#include "part/judge.h"
#include "store/catalog.h"

/* Any state does. */
#define GOLDEN_SEED 7u
/* An inlined value of FlatState stands behind a tag and its length. */
#define INLINE_HEAD_BYTES 5u

/* A pair, which is borrowed for the call; they come one by one. */
static int pair_keep(void *context, const struct pen_pair *pair)
{
	struct fake_state *state = context;
	const struct pen_pair kept = {
		fake_copy(&state->memory, pair->key), fake_copy(&state->memory, pair->value)};
	fake_append(&state->pairs, &kept, sizeof kept);
	return 0;
}

static void state_make(struct fake_state *state, uint64_t keys)
{
	const struct pen_profile_want want = {.keys = keys, .seed = GOLDEN_SEED};
	struct fake_state pairs = {.sum = {.keys = 0}};
	PEN_CHECK(!pen_profile_make(&want, pair_keep, &pairs, NULL));
	fake_state_of(state, fake_pairs(&pairs.pairs), fake_pairs_count(&pairs.pairs));
	fake_state_fini(&pairs);
}

/* The part in nearcore's form; and with a bit of its last entry changed, so that only a proof can
 * tell. */
static void stored_make(struct golden *golden, struct pen_collect *collect, unsigned k)
{
	const struct pen_part_id id = {golden->state.sum.root, k, golden->n};
	struct pen_buf content = {0};
	struct pen_zstd zstd = {0};
	PEN_CHECK(!pen_collect_part(collect, &golden->state.entries, &id, &content, NULL));
	PEN_CHECK(content.len > 0);
	PEN_CHECK(!pen_envelope_seal(
		&zstd, pen_buf_bytes(&content), PEN_LEVEL_DEFAULT, &golden->stored[k], NULL));
	content.at[content.len - 1] ^= 1;
	PEN_CHECK(!pen_envelope_seal(
		&zstd, pen_buf_bytes(&content), PEN_LEVEL_DEFAULT, &golden->forged[k], NULL));
	pen_zstd_fini(&zstd);
	pen_buf_fini(&content);
}

static void golden_make(struct golden *golden, const struct plan_shape *shape)
{
	struct pen_collect collect = {.list = {0}};
	struct pen_rng rng = {GOLDEN_SEED};
	state_make(&golden->state, shape->keys);
	golden->n = shape->parts;
	for (unsigned k = 0; k < golden->n; k++) {
		stored_make(golden, &collect, k);
		object_make_part(&golden->parts[k], &golden->state, k, golden->n, &rng);
	}
	pen_collect_fini(&collect);
}

const struct golden *golden_get(unsigned shape)
{
	static struct golden made[PLAN_SHAPES];
	PEN_CHECK(shape < PLAN_SHAPES);
	if (!made[shape].n)
		golden_make(&made[shape], &plan_shapes[shape]);
	return &made[shape];
}

static void copy(struct pen_buf *to, const struct pen_buf *from)
{
	to->len = 0;
	fake_append(to, from->at, from->len);
}

void golden_lend(const struct golden *golden, struct object *object)
{
	PEN_CHECK(object->n == golden->n);
	object->golden = golden;
	object->root = golden->state.sum.root;
	object->bytes = (struct pen_bytes){NULL, golden->state.sum.memory_usage};
	for (unsigned k = 0; k < object->n; k++) {
		const struct object_part *lean = &golden->parts[k];
		struct object_part *part = &object->parts[k];
		copy(&part->forged, object->lean ? &lean->forged : &golden->forged[k]);
		part->bytes = pen_buf_bytes(object->lean ? &lean->raw : &golden->stored[k]);
		memcpy(part->blob, lean->blob, sizeof part->blob);
		if (!object->lean)
			pen_blob_id(part->bytes, part->blob);
		for (unsigned i = 0; object->lean && i < OBJECT_MAKERS; i++)
			copy(&part->made[i], &lean->made[i]);
	}
}

bool golden_proves(const struct golden *golden, unsigned k, struct pen_bytes stored)
{
	static struct pen_judge judge; /* memory of all proofs, one at a time */
	const struct pen_part_id id = {golden->state.sum.root, k, golden->n};
	return !pen_judge_part(&judge, &id, stored, NULL);
}

static bool same(struct pen_bytes a, struct pen_bytes b)
{
	return !pen_bytes_compare(a, b);
}

static bool entry_has(const struct golden *golden, const uint8_t *hash, struct pen_bytes bytes)
{
	const struct pen_entries *entries = &golden->state.entries;
	struct pen_hash key;
	memcpy(key.bytes, hash, sizeof key.bytes);
	uint32_t i = pen_entries_find(entries, &key);
	if (i == PEN_ENTRY_NONE)
		return false;
	const struct pen_entry *entry = pen_entries_at(entries, i);
	return same((struct pen_bytes){entry->at, entry->len}, bytes);
}

static const struct pen_pair *pair_find(const struct golden *golden, struct pen_bytes key)
{
	const struct pen_pair *pairs = fake_pairs(&golden->state.pairs);
	size_t low = 0, high = fake_pairs_count(&golden->state.pairs);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = pen_bytes_compare(pairs[middle].key, key);
		if (order == 0)
			return &pairs[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool flat_has(const struct golden *golden, const struct pen_row *row)
{
	const struct pen_pair *pair = pair_find(golden, row->key);
	const uint8_t *head = row->head.at;
	if (!pair || row->head.len < INLINE_HEAD_BYTES || pen_le32(head + 1) != pair->value.len)
		return false;
	if (head[0] == 1)
		return row->head.len == INLINE_HEAD_BYTES && same(row->value, pair->value);
	return row->head.len == INLINE_HEAD_BYTES + PEN_HASH_BYTES && row->value.len == 0 &&
		entry_has(golden, head + INLINE_HEAD_BYTES, pair->value);
}

bool golden_has(const struct golden *golden, const struct pen_row *row)
{
	if (row->column == PEN_COLUMN_FLAT)
		return flat_has(golden, row);
	return row->key.len == PEN_HASH_BYTES && entry_has(golden, row->key.at, row->value);
}
