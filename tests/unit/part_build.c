#include <criterion/criterion.h>

#include "base/check.h"
#include "part/build.h"
#include "util.h"

static int push(struct pen_build *build, const char *key, size_t len, uint32_t value_len)
{
	static const struct pen_hash hash;
	return pen_build_push(
		build, (struct pen_bytes){(const uint8_t *)key, len}, value_len, &hash);
}

Test(part_build, no_key_is_the_zero_root)
{
	struct pen_build build;
	struct pen_trie_sum sum;
	pen_build_init(&build, NULL, NULL);
	cr_assert_eq(pen_build_finish(&build, &sum), 0);
	cr_expect(pen_hash_is_zero(&sum.root));
	cr_expect_eq(sum.memory_usage, 0);
	pen_build_fini(&build);
}

Test(part_build, keys_must_ascend)
{
	static const struct {
		const char *first, *second;
		int err;
	} rows[] = {
		{"a", "a", PEN_EINPUT},
		{"b", "a", PEN_EINPUT},
		{"ab", "a", PEN_EINPUT},
		{"", "", PEN_EINPUT},
		{"a", "", PEN_EINPUT},
		{"a", "ab", 0},
		{"", "a", 0},
		{"a", "b", 0},
		{"a\x0f", "a\x10", 0},
		{"a\x10", "a\x0f", PEN_EINPUT},
		{"\x7f", "\x80", 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_build build;
		pen_build_init(&build, NULL, NULL);
		cr_assert_eq(push(&build, rows[i].first, strlen(rows[i].first), 1), 0);
		cr_expect_eq(push(&build, rows[i].second, strlen(rows[i].second), 1), rows[i].err,
			"row %zu", i);
		pen_build_fini(&build);
	}
}

Test(part_build, keys_are_bounded)
{
	static char key[PEN_KEY_BYTES_MAX + 1];
	struct pen_build build;
	pen_build_init(&build, NULL, NULL);
	cr_expect_eq(push(&build, key, PEN_KEY_BYTES_MAX + 1, 1), PEN_EINPUT);
	cr_expect_eq(push(&build, key, PEN_KEY_BYTES_MAX, 1), 0);
	pen_build_fini(&build);
}

/* The longest chain: every key a prefix of the next, one branch open a byte. */
Test(part_build, memory_goes_by_depth)
{
	static char key[PEN_KEY_BYTES_MAX];
	struct pen_build build;
	struct pen_trie_sum sum;
	pen_build_init(&build, NULL, NULL);
	for (size_t len = 0; len <= PEN_KEY_BYTES_MAX; len++)
		cr_assert_eq(push(&build, key, len, 0), 0);
	cr_expect_leq(build.branches.cap, (size_t)4 << 20);
	cr_assert_eq(pen_build_finish(&build, &sum), 0);
	cr_expect_eq(sum.keys, PEN_KEY_BYTES_MAX + 1);
	/* 2,048 branches with a value, each but the last above an extension of one nibble, a leaf.
	 */
	cr_expect_eq(sum.nodes, 2 * PEN_KEY_BYTES_MAX);
	pen_build_fini(&build);
}

static int refuse(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	(void)hash;
	(void)bytes;
	return --*(int *)context ? 0 : PEN_EINTERRUPTED;
}

Test(part_build, ends_when_told)
{
	struct pen_build build;
	struct pen_trie_sum sum;
	int nodes = 2;
	pen_build_init(&build, refuse, &nodes);
	cr_assert_eq(push(&build, "a", 1, 1), 0);
	cr_assert_eq(push(&build, "b", 1, 1), 0);
	cr_expect_eq(pen_build_finish(&build, &sum), PEN_EINTERRUPTED);
	pen_build_fini(&build);
}

/* Every emitted node stands at the path that leads to it from the root. */
struct paths {
	struct test_state *state;
	size_t nodes;
};

static int follow(void *context, const struct pen_item *item)
{
	struct paths *paths = context;
	paths->nodes += !item->value;
	return 0;
}

static int state_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct test_state *state = context;
	uint32_t index = pen_entries_find(&state->entries, hash);
	cr_assert_neq(index, PEN_ENTRY_NONE);
	out->bytes = (struct pen_bytes){pen_entries_at(&state->entries, index)->at,
		pen_entries_at(&state->entries, index)->len};
	out->index = index;
	return 0;
}

Test(part_build, counts_the_nodes_of_a_real_state)
{
	struct test_state state;
	struct pen_walk walk = {0};
	struct pen_bound begin = {0}, end = {.none = true};
	test_state_load(&state, "golden/small.kv.zst");
	struct paths paths = {&state, 0};
	struct pen_reader reader = {state_fetch, &state};
	cr_assert_eq(
		pen_trie_walk(&walk, &reader, &state.sum.root, &begin, &end, follow, &paths, NULL),
		0);
	cr_expect_eq(paths.nodes, state.sum.nodes);
	cr_expect_eq(state.sum.keys, 6605);
	pen_walk_fini(&walk);
	test_state_fini(&state);
}

/* A state built in stretches, whose limbs are put together again. */
struct stretches {
	struct test_state *state;
	struct pen_build above;
	size_t nodes, limbs;
};

static int expect_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct stretches *all = context;
	uint32_t at = pen_entries_find(&all->state->entries, hash);
	cr_assert_neq(at, PEN_ENTRY_NONE);
	cr_assert_eq(pen_entries_at(&all->state->entries, at)->len, bytes.len);
	all->nodes++;
	return 0;
}

static int join(void *context, const struct pen_limb *limb)
{
	struct stretches *all = context;
	all->limbs++;
	struct pen_hash hash;
	pen_sha256(limb->node, &hash);
	cr_assert(limb->is_value || pen_hash_equal(&hash, &limb->hash));
	return pen_build_push_limb(&all->above, limb);
}

/* Build pairs [from, to) alone. */
static void build_stretch(struct stretches *all, size_t from, size_t to)
{
	const struct test_pair *pairs = (const struct test_pair *)(const void *)
						all->state->pairs.at;
	size_t count = all->state->pairs.len / sizeof *pairs;
	struct pen_build build;
	pen_build_init(&build, expect_node, all);
	pen_build_open(&build,
		from ? (int64_t)pen_key_common(pairs[from - 1].key, pairs[from].key) : -1, join,
		all);
	for (size_t i = from; i < to; i++) {
		struct pen_hash hash;
		pen_sha256(pairs[i].value, &hash);
		cr_assert_eq(
			pen_build_push(&build, pairs[i].key, (uint32_t)pairs[i].value.len, &hash),
			0);
	}
	int64_t right = to < count ? (int64_t)pen_key_common(pairs[to - 1].key, pairs[to].key) : -1;
	cr_assert_eq(pen_build_close(&build, right, NULL), 0);
	pen_build_fini(&build);
}

Test(part_build, stretches_join_to_the_same_trie)
{
	struct pen_rng rng = {77};
	for (int i = 0; i < 3000; i++) {
		struct test_state state;
		struct pen_trie_sum sum;
		test_state_random(&state, &rng);
		struct stretches all = {.state = &state};
		pen_build_init(&all.above, expect_node, &all);
		size_t count = state.sum.keys, most = 1 + pen_rng_below(&rng, 12);
		for (size_t from = 0, to; from < count; from = to) {
			to = from + 1 + pen_rng_below(&rng, most);
			build_stretch(&all, from, to < count ? to : count);
		}
		cr_assert_eq(pen_build_finish(&all.above, &sum), 0);
		cr_assert(pen_hash_equal(&sum.root, &state.sum.root));
		cr_assert_eq(sum.memory_usage, state.sum.memory_usage);
		cr_assert_eq(all.nodes, state.sum.nodes);
		pen_build_fini(&all.above);
		test_state_fini(&state);
	}
}

/* A state's nodes as one build finishes them: their hashes, and how many at each key. */
struct finished {
	struct pen_buf hashes;
	uint16_t counts[4096];
	const struct test_state *state;
	size_t nodes;
	uint64_t own; /* blocks that the test hashed itself */
};

static void hash_own(struct finished *finished, struct pen_bytes bytes, struct pen_hash *out)
{
	uint64_t before = pen_sha256_blocks();
	pen_sha256(bytes, out);
	finished->own += pen_sha256_blocks() - before;
}

static int note_hash(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct finished *finished = context;
	(void)bytes;
	return pen_buf_append(&finished->hashes, hash, sizeof *hash);
}

static int expect_hash(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct finished *finished = context;
	struct pen_hash real;
	hash_own(finished, bytes, &real);
	cr_assert(pen_hash_equal(&real, hash));
	cr_assert_neq(pen_entries_find(&finished->state->entries, hash), PEN_ENTRY_NONE);
	finished->nodes++;
	return 0;
}

/* Build pairs [from, to) of a state; `known` may be NULL, else what a build of [base, ...) found.
 */
static void build_pairs(struct finished *finished, size_t from, size_t to,
	const struct finished *known, size_t base)
{
	const struct test_pair *pairs = (const struct test_pair *)(const void *)
						finished->state->pairs.at;
	size_t count = finished->state->pairs.len / sizeof *pairs;
	const struct pen_hash *hashes = known ? (const struct pen_hash *)known->hashes.at : NULL;
	struct pen_build build;
	pen_build_init(&build, known ? expect_hash : note_hash, finished);
	pen_build_open(&build,
		from ? (int64_t)pen_key_common(pairs[from - 1].key, pairs[from].key) : -1, NULL,
		NULL);
	for (size_t i = base; known && i < from; i++)
		hashes += known->counts[i - base];
	for (size_t i = from; i < to; i++) {
		struct pen_hash hash;
		uint64_t before = build.sum.nodes;
		hash_own(finished, pairs[i].value, &hash);
		cr_assert_eq(
			pen_build_push(&build, pairs[i].key, (uint32_t)pairs[i].value.len, &hash),
			0);
		if (i > from && !known)
			finished->counts[i - 1 - from] = (uint16_t)(build.sum.nodes - before);
		if (known) {
			struct pen_build_known nodes = {hashes, known->counts[i - base]};
			pen_build_know(&build, &nodes);
			hashes += nodes.count;
		}
	}
	uint64_t before = build.sum.nodes;
	int64_t right = to < count ? (int64_t)pen_key_common(pairs[to - 1].key, pairs[to].key) : -1;
	cr_assert_eq(pen_build_close(&build, right, NULL), 0);
	if (!known)
		finished->counts[to - 1 - from] = (uint16_t)(build.sum.nodes - before);
	pen_build_fini(&build);
}

/* What one stretch of a state finished is known to any build inside it, and is not hashed again. */
Test(part_build, known_nodes_are_not_hashed)
{
	struct pen_rng rng = {78};
	for (int i = 0; i < 2000; i++) {
		struct test_state state;
		test_state_random(&state, &rng);
		struct finished first = {.state = &state}, second = {.state = &state},
				plain = {.state = &state};
		size_t count = state.sum.keys, base = count ? pen_rng_below(&rng, count) : 0;
		if (!count)
			continue;
		size_t end = base + 1 + pen_rng_below(&rng, count - base);
		size_t from = base + pen_rng_below(&rng, end - base);
		size_t to = from + 1 + pen_rng_below(&rng, end - from);
		build_pairs(&first, base, end, NULL, 0);
		build_pairs(&plain, from, to, NULL, 0);
		uint64_t blocks = pen_sha256_blocks();
		build_pairs(&second, from, to, &first, base);
		cr_assert_eq(second.nodes, plain.hashes.len / sizeof(struct pen_hash));
		cr_assert_eq(pen_sha256_blocks() - blocks, second.own);
		pen_buf_fini(&first.hashes);
		pen_buf_fini(&plain.hashes);
		test_state_fini(&state);
	}
}

/* A build that was left in the middle, reset, builds the same trie, in the same memory. */
Test(part_build, starts_again_in_its_memory)
{
	struct test_state state;
	struct pen_build build;
	test_state_load(&state, "golden/small.kv.zst");
	const struct test_pair *pairs = (const struct test_pair *)(const void *)state.pairs.at;
	size_t count = state.pairs.len / sizeof *pairs, branches = 0, arena = 0;
	pen_build_init(&build, NULL, NULL);
	for (int round = 0; round < 4; round++) {
		struct pen_trie_sum sum;
		for (size_t i = 0; i < (round % 2 ? count : count / 2); i++) {
			struct pen_hash hash;
			pen_sha256(pairs[i].value, &hash);
			cr_assert_eq(pen_build_push(&build, pairs[i].key,
					     (uint32_t)pairs[i].value.len, &hash),
				0);
		}
		if (round % 2) {
			cr_assert_eq(pen_build_finish(&build, &sum), 0);
			cr_expect(pen_hash_equal(&sum.root, &state.sum.root));
			cr_expect_eq(sum.nodes, state.sum.nodes);
			cr_expect(round == 1 || build.branches.cap == branches);
			cr_expect(round == 1 || build.batch.arena.cap == arena);
			branches = build.branches.cap;
			arena = build.batch.arena.cap;
		}
		pen_build_reset(&build);
	}
	pen_build_fini(&build);
	test_state_fini(&state);
}
