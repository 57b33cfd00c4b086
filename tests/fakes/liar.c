#include "fakes/liar.h"

#include "base/check.h"

const char *const liar_words[LIAR_LIES] = {
	[LIAR_PAIR_DROPPED] = "pair dropped",
	[LIAR_PAIR_DOUBLED] = "pair doubled",
	[LIAR_PAIRS_SWAPPED] = "pairs swapped",
	[LIAR_KEY_ALTERED] = "key altered",
	[LIAR_KEY_EXTENDED] = "key extended",
	[LIAR_KEY_CUT] = "key cut",
	[LIAR_VALUE_ALTERED] = "value altered",
	[LIAR_VALUE_CUT] = "value cut",
	[LIAR_VALUES_SWAPPED] = "values swapped",
	[LIAR_PAIR_FORGED] = "pair forged",
	[LIAR_PAIR_FOREIGN] = "pair foreign",
	[LIAR_PAIRS_TRUNCATED] = "pairs truncated",
	[LIAR_PAIRS_OF_ANOTHER] = "pairs of another part",
	[LIAR_NODE_DROPPED] = "node dropped",
	[LIAR_NODE_DOUBLED] = "node doubled",
	[LIAR_NODES_SWAPPED] = "nodes swapped",
	[LIAR_NODE_ALTERED] = "node altered",
	[LIAR_NODE_FOREIGN] = "node foreign",
	[LIAR_NODES_TRUNCATED] = "nodes truncated",
	[LIAR_NODES_OF_ANOTHER] = "nodes of another part",
	[LIAR_END_ALTERED] = "end altered",
	[LIAR_END_MOVED] = "end moved",
	[LIAR_ANOTHER_PART] = "another part",
	[LIAR_ANOTHER_NUMBER] = "another number of parts",
	[LIAR_MEMORY_ALTERED] = "memory altered",
	[LIAR_SCRATCH_ALTERED] = "scratch altered",
	[LIAR_VALUE_REPEATED] = "value repeated",
	[LIAR_NAME_ALTERED] = "name altered",
	[LIAR_CUT_ELSEWHERE] = "cut elsewhere",
};

/* A place among `count` > 0: the first, the last, or any. */
static size_t place(struct pen_rng *rng, size_t count)
{
	switch (pen_rng_below(rng, 4)) {
	case 0: return 0;
	case 1: return count - 1;
	default: return pen_rng_below(rng, count);
	}
}

/* Remove item i of `size` bytes. */
static void list_remove(struct pen_buf *list, size_t i, size_t size)
{
	memmove(list->at + i * size, list->at + (i + 1) * size, list->len - (i + 1) * size);
	list->len -= size;
}

static void list_insert(struct pen_buf *list, size_t i, const void *item, size_t size)
{
	fake_append(list, item, size);
	memmove(list->at + (i + 1) * size, list->at + i * size, list->len - (i + 1) * size);
	memcpy(list->at + i * size, item, size);
}

static void list_swap(struct pen_buf *list, size_t i, size_t j, size_t size)
{
	uint8_t hold[sizeof(struct pen_pair)];
	PEN_CHECK(size <= sizeof hold);
	memcpy(hold, list->at + i * size, size);
	memcpy(list->at + i * size, list->at + j * size, size);
	memcpy(list->at + j * size, hold, size);
}

/* Another byte in it, somewhere. */
static void alter(struct fake_part *part, struct pen_bytes *bytes, struct pen_rng *rng)
{
	*bytes = fake_copy(&part->memory, *bytes);
	((uint8_t *)(uintptr_t)bytes->at)[place(rng, bytes->len)] ^= (uint8_t)(1u
		<< pen_rng_below(rng, 8));
}

static void extend(struct fake_part *part, struct pen_bytes *key)
{
	uint8_t longer[16] = {0};
	PEN_CHECK(key->len < sizeof longer);
	if (key->len)
		memcpy(longer, key->at, key->len);
	*key = fake_copy(&part->memory, (struct pen_bytes){longer, key->len + 1});
}

/* Where among the part's pairs this key belongs. */
static size_t rank_of(const struct fake_part *part, struct pen_bytes key)
{
	size_t i = 0;
	while (i < fake_pairs_count(&part->pairs) &&
		pen_bytes_compare(fake_pairs(&part->pairs)[i].key, key) < 0)
		i++;
	return i;
}

static bool has_key(const struct pen_buf *pairs, struct pen_bytes key)
{
	for (size_t i = 0; i < fake_pairs_count(pairs); i++) {
		if (pen_bytes_compare(fake_pairs(pairs)[i].key, key) == 0)
			return true;
	}
	return false;
}

static bool forge_pair(struct fake_part *part, struct fake_state *state, struct pen_rng *rng)
{
	uint8_t key[8];
	struct pen_pair pair = {fake_key_random(rng, key), {(const uint8_t *)"forged", 6}};
	if (has_key(&state->pairs, pair.key))
		return false;
	pair.key = fake_copy(&part->memory, pair.key);
	list_insert(&part->pairs, rank_of(part, pair.key), &pair, sizeof pair);
	return true;
}

static bool insert_foreign(struct fake_part *part, struct fake_state *state, struct pen_rng *rng)
{
	size_t count = fake_pairs_count(&state->pairs);
	if (!count)
		return false;
	const struct pen_pair *pair = &fake_pairs(&state->pairs)[pen_rng_below(rng, count)];
	if (has_key(&part->pairs, pair->key))
		return false;
	list_insert(&part->pairs, rank_of(part, pair->key), pair, sizeof *pair);
	return true;
}

static bool lie_about_pairs(
	struct fake_part *part, struct fake_state *state, enum liar_lie lie, struct pen_rng *rng)
{
	size_t count = fake_pairs_count(&part->pairs), size = sizeof(struct pen_pair);
	if (lie == LIAR_PAIR_FORGED)
		return forge_pair(part, state, rng);
	if (lie == LIAR_PAIR_FOREIGN)
		return insert_foreign(part, state, rng);
	if (!count)
		return false;
	size_t i = place(rng, count), j = i + 1 < count ? i + 1 : place(rng, count);
	struct pen_pair *pair = &fake_pairs(&part->pairs)[i];
	struct pen_bytes value = pair->value;
	switch (lie) {
	case LIAR_PAIR_DROPPED: list_remove(&part->pairs, i, size); return true;
	case LIAR_PAIR_DOUBLED: {
		struct pen_pair twin = *pair;
		list_insert(&part->pairs, i, &twin, size);
		return true;
	}
	case LIAR_PAIRS_SWAPPED: list_swap(&part->pairs, i, j, size); return i != j;
	case LIAR_KEY_ALTERED:
		if (pair->key.len)
			alter(part, &pair->key, rng);
		return pair->key.len > 0;
	case LIAR_KEY_EXTENDED: extend(part, &pair->key); return true;
	case LIAR_KEY_CUT: pair->key.len -= pair->key.len > 0; return true;
	case LIAR_VALUE_ALTERED:
		if (pair->value.len)
			alter(part, &pair->value, rng);
		return pair->value.len > 0;
	case LIAR_VALUE_CUT: pair->value.len -= value.len > 0; return value.len > 0;
	case LIAR_VALUES_SWAPPED:
		pair->value = fake_pairs(&part->pairs)[j].value;
		fake_pairs(&part->pairs)[j].value = value;
		return pen_bytes_compare(pair->value, value) != 0;
	case LIAR_PAIRS_TRUNCATED: part->pairs.len = i * size; return true;
	default: return false;
	}
}

/* A node of the state that is not on the list, or one that nobody knows. */
static bool insert_node(struct fake_part *part, struct fake_state *state, struct pen_rng *rng)
{
	struct pen_bytes node = {(const uint8_t *)"hash me if you can", 18};
	struct pen_bytes *nodes = (struct pen_bytes *)(void *)part->nodes.at;
	size_t count = part->nodes.len / sizeof node;
	if (state->entries.count && pen_rng_below(rng, 4)) {
		const struct pen_entry *entry = pen_entries_at(
			&state->entries, (uint32_t)pen_rng_below(rng, state->entries.count));
		node = (struct pen_bytes){entry->at, entry->len};
	}
	for (size_t i = 0; i < count; i++) {
		if (pen_bytes_compare(nodes[i], node) == 0)
			return false;
	}
	if (node.len == 0 || node.len > UINT16_MAX)
		return false;
	list_insert(&part->nodes, place(rng, count + 1), &node, sizeof node);
	return true;
}

static bool lie_about_nodes(
	struct fake_part *part, struct fake_state *state, enum liar_lie lie, struct pen_rng *rng)
{
	size_t count = part->nodes.len / sizeof(struct pen_bytes), size = sizeof(struct pen_bytes);
	if (lie == LIAR_NODE_FOREIGN)
		return insert_node(part, state, rng);
	if (!count)
		return false;
	size_t i = place(rng, count), j = place(rng, count);
	struct pen_bytes *node = (struct pen_bytes *)(void *)part->nodes.at + i;
	switch (lie) {
	case LIAR_NODE_DROPPED: list_remove(&part->nodes, i, size); return true;
	case LIAR_NODE_DOUBLED: {
		struct pen_bytes twin = *node;
		list_insert(&part->nodes, j, &twin, size);
		return true;
	}
	case LIAR_NODES_SWAPPED: list_swap(&part->nodes, i, j, size); return i != j;
	case LIAR_NODE_ALTERED: alter(part, node, rng); return true;
	case LIAR_NODES_TRUNCATED: part->nodes.len = i * size; return true;
	default: return false;
	}
}

/* The end goes elsewhere, and the pairs up to there come along. */
static bool move_end(struct fake_part *part, struct fake_state *state, struct pen_rng *rng)
{
	size_t count = fake_pairs_count(&state->pairs);
	size_t to = pen_rng_below(rng, count + 1);
	struct pen_bytes end = to < count ? fake_pairs(&state->pairs)[to].key
					  : (struct pen_bytes){0};
	struct pen_bytes first = fake_pairs_count(&part->pairs) ? fake_pairs(&part->pairs)[0].key
								: end;
	part->endless = to == count;
	part->end_len = end.len;
	if (end.len)
		memcpy(part->end, end.at, end.len);
	if (!fake_pairs_count(&part->pairs))
		return true;
	first = fake_copy(&part->memory, first);
	part->pairs.len = 0;
	for (size_t i = 0; i < to; i++) {
		const struct pen_pair *pair = &fake_pairs(&state->pairs)[i];
		if (pen_bytes_compare(pair->key, first) >= 0)
			fake_append(&part->pairs, pair, sizeof *pair);
	}
	return true;
}

static bool alter_end(struct fake_part *part, struct pen_rng *rng)
{
	switch (pen_rng_below(rng, 4)) {
	case 0:
		part->endless = !part->endless;
		part->end_len = 0;
		return true;
	case 1:
		if (!part->end_len)
			return false;
		part->end_len--;
		return true;
	case 2:
		if (part->endless)
			return false;
		part->end[part->end_len++] = 0;
		return true;
	default:
		if (!part->end_len)
			return false;
		part->end[place(rng, part->end_len)] ^= (uint8_t)(1u << pen_rng_below(rng, 8));
		return true;
	}
}

/* Pairs, nodes or all of another part of the same state. */
static bool mix(
	struct fake_part *part, struct fake_state *state, enum liar_lie lie, struct pen_rng *rng)
{
	struct fake_part other;
	uint64_t k = pen_rng_below(rng, part->id.n), n = part->id.n;
	if (lie == LIAR_ANOTHER_NUMBER) {
		n = 1 + pen_rng_below(rng, 8);
		k = k < n ? k : n - 1;
	}
	fake_part_open(&other, state, k, n);
	struct fake_part mine = *part;
	*part = other;
	other = mine;
	part->id = mine.id;
	if (lie == LIAR_PAIRS_OF_ANOTHER || lie == LIAR_NODES_OF_ANOTHER) {
		struct pen_buf *back = lie == LIAR_PAIRS_OF_ANOTHER ? &part->nodes : &part->pairs;
		struct pen_buf *own = lie == LIAR_PAIRS_OF_ANOTHER ? &other.nodes : &other.pairs;
		size_t size = lie == LIAR_PAIRS_OF_ANOTHER ? sizeof(struct pen_bytes)
							   : sizeof(struct pen_pair);
		back->len = 0;
		for (size_t i = 0; i < own->len; i += size) {
			struct pen_bytes *bytes = (struct pen_bytes *)(void *)(own->at + i);
			for (size_t at = 0; at < size / sizeof *bytes; at++)
				bytes[at] = fake_copy(&part->memory, bytes[at]);
			fake_append(back, bytes, size);
		}
		part->endless = other.endless;
		part->end_len = other.end_len;
		memcpy(part->end, other.end, other.end_len);
	}
	fake_part_fini(&other);
	return true;
}

/* A pair whose value is named, or UINT32_MAX. */
static uint32_t find_named(const struct fake_part *part, struct pen_rng *rng)
{
	uint32_t count = (uint32_t)fake_pairs_count(&part->pairs);
	uint32_t from = count ? (uint32_t)place(rng, count) : 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = (from + i) % count;
		if (fake_part_name(part, at) != at)
			return at;
	}
	return UINT32_MAX;
}

bool liar_lie(
	struct fake_part *part, struct fake_state *state, enum liar_lie lie, struct pen_rng *rng)
{
	switch (lie) {
	case LIAR_PAIRS_OF_ANOTHER:
	case LIAR_NODES_OF_ANOTHER:
	case LIAR_ANOTHER_PART:
	case LIAR_ANOTHER_NUMBER: return mix(part, state, lie, rng);
	case LIAR_END_ALTERED: return alter_end(part, rng);
	case LIAR_END_MOVED: return move_end(part, state, rng);
	case LIAR_MEMORY_ALTERED:
		part->memory_usage ^= UINT64_C(1) << pen_rng_below(rng, 64);
		return true;
	case LIAR_SCRATCH_ALTERED: part->scratch_lie = pen_rng_below(rng, 2) ? 1 : -1; return true;
	case LIAR_VALUE_REPEATED:
	case LIAR_NAME_ALTERED:
		part->repeat = find_named(part, rng);
		if (part->repeat == UINT32_MAX)
			return false;
		if (lie == LIAR_NAME_ALTERED)
			part->name = (uint32_t)pen_rng_below(rng, part->repeat + 2);
		return true;
	case LIAR_CUT_ELSEWHERE:
		part->cut = (uint32_t)(1 + pen_rng_below(rng, PEN_LEAN_CUT_BYTES));
		if (pen_rng_below(rng, 4))
			part->cut = (uint32_t)(1 + pen_rng_below(rng, 200));
		return true;
	default: break;
	}
	return lie < LIAR_NODE_DROPPED ? lie_about_pairs(part, state, lie, rng)
				       : lie_about_nodes(part, state, lie, rng);
}
