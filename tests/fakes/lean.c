#include "fakes/lean.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/check.h"
#include "part/lean_frame.h"
#include "part/press.h"

struct pen_bytes fake_copy(struct fake_memory *memory, struct pen_bytes bytes)
{
	uint8_t *piece = malloc(bytes.len ? bytes.len : 1);
	PEN_CHECK(piece != NULL);
	if (bytes.len)
		memcpy(piece, bytes.at, bytes.len);
	fake_append(&memory->pieces, &piece, sizeof piece);
	return (struct pen_bytes){piece, bytes.len};
}

static void forget(struct fake_memory *memory)
{
	uint8_t **pieces = (uint8_t **)(void *)memory->pieces.at;
	for (size_t i = 0; i < memory->pieces.len / sizeof *pieces; i++)
		free(pieces[i]);
	pen_buf_fini(&memory->pieces);
}

void fake_append(struct pen_buf *buf, const void *at, size_t len)
{
	PEN_CHECK(pen_buf_append(buf, at, len) == 0);
}

static void put_pair(struct pen_buf *pairs, struct fake_memory *memory, struct pen_pair pair)
{
	struct pen_pair kept = {fake_copy(memory, pair.key), fake_copy(memory, pair.value)};
	fake_append(pairs, &kept, sizeof kept);
}

static int keep_node(void *context, const struct pen_hash *hash, struct pen_bytes node)
{
	struct fake_state *state = context;
	int err = pen_entries_add(&state->entries, hash, fake_copy(&state->memory, node));
	return err < 0 ? err : 0;
}

/* Build the trie of its pairs. */
static void build(struct fake_state *state)
{
	struct pen_build build;
	pen_entries_reset(&state->entries);
	pen_build_init(&build, keep_node, state);
	for (size_t i = 0; i < fake_pairs_count(&state->pairs); i++) {
		const struct pen_pair *pair = &fake_pairs(&state->pairs)[i];
		struct pen_hash hash;
		pen_sha256(pair->value, &hash);
		PEN_CHECK(pen_entries_add(&state->entries, &hash, pair->value) >= 0);
		PEN_CHECK(pen_build_push(&build, pair->key, (uint32_t)pair->value.len, &hash) == 0);
	}
	PEN_CHECK(pen_build_finish(&build, &state->sum) == 0);
	pen_build_fini(&build);
}

static int compare_keys(const void *a, const void *b)
{
	return pen_bytes_compare(
		((const struct pen_pair *)a)->key, ((const struct pen_pair *)b)->key);
}

static void sort(struct pen_buf *pairs)
{
	struct pen_pair *list = fake_pairs(pairs);
	size_t count = fake_pairs_count(pairs), kept = 0;
	if (count)
		qsort(list, count, sizeof *list, compare_keys);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || compare_keys(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	}
	pairs->len = kept * sizeof *list;
}

struct pen_bytes fake_key_random(struct pen_rng *rng, uint8_t key[8])
{
	static const uint8_t alphabet[] = {0x00, 0x01, 0x10, 0x11, 0xf0, 0xff};
	size_t len = pen_rng_below(rng, 8);
	for (size_t i = 0; i < len; i++)
		key[i] = alphabet[pen_rng_below(rng, pen_rng_below(rng, 2) ? 2 : 6)];
	return (struct pen_bytes){key, len};
}

/* Longer than the longest value that is made here. */
#define VALUE_ROOM (PEN_LEAN_CUT_BYTES + 64)

static struct pen_bytes random_value(struct pen_rng *rng, uint8_t *value)
{
	static const size_t lens[] = {63, 64, 65, 200};
	uint64_t kind = pen_rng_below(rng, 800);
	size_t len = pen_rng_below(rng, 64);
	if (kind < 2)
		len = PEN_LEAN_CUT_BYTES - 16 + pen_rng_below(rng, 20);
	else if (kind < 300)
		len = lens[pen_rng_below(rng, 4)];
	else if (kind < 500)
		len = 20;
	memset(value, (int)pen_rng_below(rng, 3), len);
	if (kind >= 700) {
		len += 64;
		pen_rng_bytes(rng, value, len);
	}
	return (struct pen_bytes){value, len};
}

/* The bytes of a node become a value as well: they are one entry then. */
static void make_node_a_value(struct fake_state *state, struct pen_rng *rng)
{
	const struct pen_entry *entry = pen_entries_at(
		&state->entries, (uint32_t)pen_rng_below(rng, state->entries.count));
	size_t at = pen_rng_below(rng, fake_pairs_count(&state->pairs));
	fake_pairs(&state->pairs)[at].value = (struct pen_bytes){entry->at, entry->len};
	build(state);
}

void fake_state_random(struct fake_state *state, struct pen_rng *rng)
{
	uint8_t *value = malloc(VALUE_ROOM);
	size_t count = pen_rng_below(rng, pen_rng_below(rng, 8) ? 40 : 4);
	PEN_CHECK(value != NULL);
	*state = (struct fake_state){0};
	for (size_t i = 0; i < count; i++) {
		uint8_t key[8];
		struct pen_pair pair = {fake_key_random(rng, key), random_value(rng, value)};
		put_pair(&state->pairs, &state->memory, pair);
	}
	free(value);
	sort(&state->pairs);
	build(state);
	if (count && pen_rng_below(rng, 4) == 0)
		make_node_a_value(state, rng);
}

void fake_state_of(struct fake_state *state, const struct pen_pair *pairs, size_t count)
{
	*state = (struct fake_state){0};
	for (size_t i = 0; i < count; i++)
		put_pair(&state->pairs, &state->memory, pairs[i]);
	build(state);
}

void fake_state_text(struct fake_state *state, const char *const *texts, size_t count)
{
	*state = (struct fake_state){0};
	for (size_t i = 0; i < count; i++) {
		const char *key = texts[2 * i], *value = texts[2 * i + 1];
		struct pen_pair pair = {{(const uint8_t *)key, strlen(key)},
			{(const uint8_t *)value, strlen(value)}};
		put_pair(&state->pairs, &state->memory, pair);
	}
	build(state);
}

void fake_state_fini(struct fake_state *state)
{
	pen_buf_fini(&state->pairs);
	pen_entries_fini(&state->entries);
	forget(&state->memory);
}

static int fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct fake_state *state = context;
	uint32_t at = pen_entries_find(&state->entries, hash);
	if (at == PEN_ENTRY_NONE)
		return PEN_EMISSING;
	const struct pen_entry *entry = pen_entries_at(&state->entries, at);
	*out = (struct pen_fetched){{entry->at, entry->len}, at};
	return 0;
}

struct pen_reader fake_state_reader(struct fake_state *state)
{
	return (struct pen_reader){fetch, state};
}

void fake_part_pick(const struct fake_state *state, struct pen_rng *rng, struct pen_part_id *id)
{
	uint64_t memory = state->sum.memory_usage;
	id->root = state->sum.root;
	id->n = 1 + pen_rng_below(rng, 8);
	if (pen_rng_below(rng, 8) == 0)
		id->n = 1 + pen_rng_below(rng, memory < 100000 ? memory + 1 : 100000);
	if (pen_rng_below(rng, 16) == 0 && memory < 1000000)
		id->n = memory + 1 + pen_rng_below(rng, 100);
	id->k = pen_rng_below(rng, id->n);
}

static bool is_inside(const struct pen_press *press, struct pen_bytes key)
{
	struct pen_path path;
	pen_path_of_key(&path, key);
	return pen_path_compare(&path, &press->begin.path) >= 0 &&
		(press->end.none || pen_path_compare(&path, &press->end.path) < 0);
}

static void take_apart(struct fake_part *part, struct fake_state *state, struct pen_press *press)
{
	struct pen_bytes left = pen_buf_bytes(&press->proof), node;
	while ((node = pen_lean_node(&left)).len) {
		node = fake_copy(&part->memory, node);
		fake_append(&part->nodes, &node, sizeof node);
	}
	for (size_t i = 0; i < fake_pairs_count(&state->pairs); i++) {
		const struct pen_pair *pair = &fake_pairs(&state->pairs)[i];
		if (is_inside(press, pair->key))
			put_pair(&part->pairs, &part->memory, *pair);
	}
}

void fake_part_open(struct fake_part *part, struct fake_state *state, uint64_t k, uint64_t n)
{
	struct pen_press press = {0};
	const struct pen_reader reader = fake_state_reader(state);
	*part = (struct fake_part){.id = {state->sum.root, k, n},
		.repeat = UINT32_MAX,
		.name = UINT32_MAX,
		.cut = PEN_LEAN_CUT_BYTES};
	PEN_CHECK(pen_press_open(&press, &part->id, &reader, 1, NULL) == 0);
	part->memory_usage = press.memory_usage;
	part->endless = press.end.none;
	if (!part->endless)
		part->end_len = (size_t)pen_path_key(&press.end.path, part->end);
	take_apart(part, state, &press);
	pen_press_fini(&press);
}

void fake_part_fini(struct fake_part *part)
{
	pen_buf_fini(&part->pairs);
	pen_buf_fini(&part->nodes);
	forget(&part->memory);
}

/* A part being written. */
struct pen {
	const struct fake_part *part;
	struct pen_zstd zstd;
	struct pen_buf columns[3], raw, rows, body, proof; /* columns: numbers, keys, values */
	uint32_t raw_pairs, frames;
	uint64_t raw_bytes, scratch;
};

static void put_number(struct pen_buf *out, uint64_t number)
{
	while (number >= 128) {
		uint8_t byte = (uint8_t)(128 + number % 128);
		fake_append(out, &byte, 1);
		number /= 128;
	}
	uint8_t byte = (uint8_t)number;
	fake_append(out, &byte, 1);
}

static size_t raw_bytes(const struct pen *pen)
{
	return 8 + pen->columns[0].len + pen->columns[1].len + pen->columns[2].len;
}

static void end_frame(struct pen *pen)
{
	struct pen_lean_row row = {.pairs = pen->raw_pairs};
	uint8_t bytes[PEN_LEAN_ROW_BYTES], lens[8];
	if (!pen->raw_pairs)
		return;
	pen_put_le32(lens, (uint32_t)pen->columns[0].len);
	pen_put_le32(lens + 4, (uint32_t)pen->columns[1].len);
	fake_append(&pen->raw, lens, sizeof lens);
	for (int i = 0; i < 3; i++) {
		fake_append(&pen->raw, pen->columns[i].at, pen->columns[i].len);
		pen->columns[i].len = 0;
	}
	PEN_CHECK(pen_lean_frame_seal(
			  &pen->zstd, pen_buf_bytes(&pen->raw), 1, &pen->body, &row, NULL) == 0);
	pen_lean_row_encode(&row, bytes);
	fake_append(&pen->rows, bytes, sizeof bytes);
	pen->frames++;
	pen->raw_bytes += pen->raw.len;
	pen->raw.len = 0;
	pen->raw_pairs = 0;
}

uint32_t fake_part_name(const struct fake_part *part, uint32_t i)
{
	const struct pen_pair *pairs = fake_pairs(&part->pairs);
	if (i == part->repeat)
		return part->name == UINT32_MAX ? i : part->name;
	if (pairs[i].value.len < PEN_LEAN_NAMED_BYTES_MIN)
		return i;
	for (uint32_t first = 0; first < i; first++) {
		if (pen_bytes_compare(pairs[first].value, pairs[i].value) == 0)
			return first;
	}
	return i;
}

static void put_record(struct pen *pen, uint32_t i)
{
	const struct pen_pair *pair = &fake_pairs(&pen->part->pairs)[i];
	uint32_t name = fake_part_name(pen->part, i);
	size_t shared = 0;
	if (name == i && pair->value.len >= PEN_LEAN_NAMED_BYTES_MIN)
		pen->scratch += pair->value.len;
	if (name == i && pair->value.len >= pen->part->cut)
		end_frame(pen);
	while (pen->raw_pairs && shared < pair->key.len && shared < pair[-1].key.len &&
		pair->key.at[shared] == pair[-1].key.at[shared])
		shared++;
	put_number(&pen->columns[0], shared);
	put_number(&pen->columns[0], pair->key.len - shared);
	put_number(&pen->columns[0], name == i ? 2 * pair->value.len : 2 * (uint64_t)name + 1);
	fake_append(&pen->columns[1], pair->key.at + shared, pair->key.len - shared);
	if (name == i)
		fake_append(&pen->columns[2], pair->value.at, pair->value.len);
	pen->raw_pairs++;
	if (raw_bytes(pen) >= pen->part->cut)
		end_frame(pen);
}

static void put_nodes(struct pen *pen)
{
	const struct pen_bytes *nodes = (const struct pen_bytes *)(void *)pen->part->nodes.at;
	for (size_t i = 0; i < pen->part->nodes.len / sizeof *nodes; i++) {
		uint8_t len[2];
		pen_put_le16(len, (uint16_t)nodes[i].len);
		fake_append(&pen->proof, len, sizeof len);
		fake_append(&pen->proof, nodes[i].at, nodes[i].len);
	}
}

void fake_part_write(const struct fake_part *part, struct pen_buf *out)
{
	struct pen pen = {.part = part};
	uint32_t count = (uint32_t)fake_pairs_count(&part->pairs);
	for (uint32_t i = 0; i < count; i++)
		put_record(&pen, i);
	end_frame(&pen);
	put_nodes(&pen);
	struct pen_lean_head head = {.id = part->id,
		.memory_usage = part->memory_usage,
		.pairs = count,
		.proof_nodes = (uint32_t)(part->nodes.len / sizeof(struct pen_bytes)),
		.frames = pen.frames,
		.raw_bytes = pen.raw_bytes,
		.scratch_bytes = pen.scratch + (uint64_t)part->scratch_lie,
		.endless = part->endless,
		.end = {part->end, part->endless ? 0 : part->end_len},
		.proof = pen_buf_bytes(&pen.proof),
		.rows = pen_buf_bytes(&pen.rows)};
	PEN_CHECK(pen_lean_encode(&head, out, NULL) == 0);
	fake_append(out, pen.body.at, pen.body.len);
	for (int i = 0; i < 3; i++)
		pen_buf_fini(&pen.columns[i]);
	pen_buf_fini(&pen.raw);
	pen_buf_fini(&pen.rows);
	pen_buf_fini(&pen.body);
	pen_buf_fini(&pen.proof);
	pen_zstd_fini(&pen.zstd);
}

void fake_part_mend(struct pen_buf *part, uint32_t head_bytes)
{
	PEN_CHECK(head_bytes >= 8 && head_bytes <= part->len);
	pen_put_le64(part->at + head_bytes - 8, XXH3_64bits(part->at, head_bytes - 8));
}
