/* Boundaries and walks: the published cases, nearcore's 160 tries, and properties of random ones.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/rng.h"
#include "util.h"

static int state_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct test_state *state = context;
	uint32_t index = pen_entries_find(&state->entries, hash);
	if (index == PEN_ENTRY_NONE)
		return PEN_EMISSING;
	struct pen_entry *entry = pen_entries_at(&state->entries, index);
	*out = (struct pen_fetched){{entry->at, entry->len}, index};
	return 0;
}

/* The pairs of the cases in which parts are given to the byte. */
static void load_case(struct test_state *state, int which)
{
	static const char *const pairs[][13] = {
		{"after", "\1", "alley", "\2", "berry", "\3", "brave", "\4"},
		{"do", "verb", "docu", "value", "dog", "puppy", "doge", "coin", "h", "value",
			"horse", "stallion"},
		{"", "x", "a", ""},
	};
	*state = (struct test_state){0};
	for (size_t i = 0; which < 3 && pairs[which][i]; i += 2)
		test_state_add(state, pairs[which][i], strlen(pairs[which][i]), pairs[which][i + 1],
			strlen(pairs[which][i + 1]));
	for (int i = 1; which == 3 && i < 5; i++) {
		uint8_t value[1000];
		memset(value, i, sizeof value);
		test_state_add(state, "aaaa", (size_t)i, value, sizeof value);
	}
	test_state_build(state);
}

/* "boundary_is_state_key", "test_basic_trie", "empty key", "single_path_trie" of the vectors. */
static const char *const case_roots[] = {
	"GdA7x35eiL4qWmBD48KqCp8vN5sVuCcnbU4RdkeiDMYw",
	"hvKZryexWm5CPgcvB3VKxKp1uRQWZnSDALLNa9raXJV",
	"D4AP8sw1rG3y5SqfKZs5YLrTbY1tHdz4nJqJqpw6shkH",
	"DLLdT1A73ycSk5RvMrFDfTJg9SRdCke3rsLcdZKzfBu7",
};
static const uint64_t case_memory[] = {690, 851, 203, 4560};

Test(part_trie, published_boundaries)
{
	static const struct {
		int which;
		uint64_t n;
		const char *keys[11];
	} rows[] = {
		{0, 10,
			{"", "after", "after", "after", "after", "alley", "alley", "berry", "berry",
				"brave", NULL}},
		{3, 5, {"", "a", "aa", "aaa", "aaaa", NULL}},
		{1, 1, {"", NULL}},
		{1, 3, {"", "docu", "doge", NULL}},
		{2, 2, {"", "a", NULL}},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct test_state state;
		load_case(&state, rows[i].which);
		struct pen_reader reader = {state_fetch, &state};
		for (uint64_t k = 0; k <= rows[i].n; k++) {
			struct pen_bound bound;
			uint8_t key[PEN_KEY_BYTES_MAX];
			cr_assert_eq(pen_trie_bound(
					     &reader, &state.sum.root, k, rows[i].n, &bound, NULL),
				0);
			cr_assert_eq(bound.none, rows[i].keys[k] == NULL);
			if (bound.none)
				continue;
			int len = pen_path_key(&bound.path, key);
			cr_assert_eq((size_t)len, strlen(rows[i].keys[k]));
			cr_assert_eq(memcmp(key, rows[i].keys[k], (size_t)len), 0);
		}
		test_state_fini(&state);
	}
}

Test(part_trie, published_parts)
{
	static const struct {
		int which;
		uint64_t k, n;
		const char *sha;
	} rows[] = {
		{0, 0, 10, "9131d15597664024c38da0884eefcbd78e5192782b1ed94f1728137f07cbe28e"},
		{0, 1, 10, "9131d15597664024c38da0884eefcbd78e5192782b1ed94f1728137f07cbe28e"},
		{0, 4, 10, "34e3c79d513feaed1a655fc27caaa3c4d237aef4678a821a5377e234114736ae"},
		{0, 5, 10, "4e7c252f95639a1713eea27875e384a0ca8a59522f5d7c4497609ac2baf3ff9c"},
		{0, 6, 10, "ece4e2f45b55ab151a27baddd2fdca07a5326da4120c768f8a265dff3fccb799"},
		{0, 7, 10, "58ef1c00dccad135dfceba431b05499731f181a099d803bd38ac0f87c9339a69"},
		{0, 8, 10, "d76146a92b8999fc3fad7a8191a043efa720459f1d9428dcd43c6c03799f7717"},
		{0, 9, 10, "16b415912288f1bdfae8924c575f6f541cca7be75d8fc6a0d2c17212d626dfba"},
		{3, 0, 5, "bc9ec5d4314b415738736b31a9ff1d197d06c197da6169d579097d4046f48cfb"},
		{3, 1, 5, "b531e7e330818e78299bb9b1e1ec6ff65526910c9a518e82ae831a1415d17e17"},
		{3, 2, 5, "66e394afdc432291d859f2ea37f19f98632ffee6245cbd51db172e8784cb7983"},
		{3, 3, 5, "7d2aba262e9e09ad99d22f66ea70f76e69a7903b91786ecb5688c84eefbd5b3f"},
		{3, 4, 5, "2edcbd6c3e89bc68aee6351ab71ced09bfd1f00b339af8eccbc45d0a73371c49"},
		{1, 0, 1, "e75c44fb352fd5c513450cdfb2232b19d6efaa5dd15c59bebe4be8c3da40f608"},
		{1, 0, 3, "d619de781985300c9d449f24b1c4bb603c5cd598f48f41a5ff726200858888a4"},
		{1, 1, 3, "734eb9b164869a3016a19e597ac3c4a9e5152e7b5ed5020f93276c49c2a95295"},
		{1, 2, 3, "4754043d1bc3b4fea27e60c92b582bb6744fc1c1a85d8f81ba1e120d4d7f6c77"},
		{2, 0, 2, "1319aa7faf345a67bf3669dbdec111ecd2118e45dfd8040347524f23107c54d5"},
		{2, 1, 2, "e09da968abe1c603842619b442a47c79952e92c3865c272db473acd3c8dd7674"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct test_state state;
		struct pen_buf part = {0};
		char text[PEN_HASH_HEX_BYTES];
		load_case(&state, rows[i].which);
		cr_assert_str_eq(pen_base58(&state.sum.root, text), case_roots[rows[i].which]);
		cr_assert_eq(state.sum.memory_usage, case_memory[rows[i].which]);
		test_state_part(&state, rows[i].k, rows[i].n, &part);
		cr_expect_str_eq(
			test_sha_hex(pen_buf_bytes(&part), text), rows[i].sha, "row %zu", i);
		pen_buf_fini(&part);
		test_state_fini(&state);
	}
}

/* What all parts of a state add up to. */
struct totals {
	struct pen_entries *state; /* refs of its entries are the sum over parts */
	const struct test_pair *next; /* the pair that must come next */
};

static int expect_next(void *context, const struct pen_item *item)
{
	struct totals *totals = context;
	uint8_t key[PEN_KEY_BYTES_MAX];
	int len = pen_path_key(item->path, key);
	cr_assert_geq(len, 0);
	struct pen_bytes got = {key, (size_t)len};
	cr_assert_eq(pen_bytes_compare(got, totals->next->key), 0);
	cr_assert_eq(pen_bytes_compare(item->fetched.bytes, totals->next->value), 0);
	totals->next++;
	return 0;
}

static void add_refs(struct totals *totals, const struct pen_entries *part)
{
	for (uint32_t i = 0; i < part->count; i++) {
		uint32_t at = pen_entries_find(totals->state, pen_entries_hash(part, i));
		cr_assert_neq(at, PEN_ENTRY_NONE);
		pen_entries_at(totals->state, at)->refs += pen_entries_at(part, i)->refs;
	}
}

/* Make and prove all n parts: together they give each pair once and in order. */
static void prove_all(struct test_state *state, uint64_t n, struct pen_proof *proof)
{
	struct totals totals = {
		&state->entries, (const struct test_pair *)(const void *)state->pairs.at};
	for (uint32_t i = 0; i < state->entries.count; i++)
		pen_entries_at(&state->entries, i)->refs = 0;
	for (uint64_t k = 0; k < n; k++) {
		struct pen_buf part = {0};
		struct pen_why why = {0};
		struct pen_part_id id = {state->sum.root, k, n};
		test_state_part(state, k, n, &part);
		cr_assert_eq(
			pen_proof_check(proof, &id, pen_buf_bytes(&part), &why), 0, "%s", why.text);
		cr_assert_eq(pen_proof_visit(proof, expect_next, &totals, NULL), 0);
		add_refs(&totals, &proof->entries);
		pen_buf_fini(&part);
	}
	cr_assert_eq((const uint8_t *)totals.next - state->pairs.at, (long)state->pairs.len);
}

static int count_ref(void *context, const struct pen_item *item)
{
	uint32_t *refs = context;
	refs[item->fetched.index]++;
	return 0;
}

/* The counts that all parts added up to equal those of one walk over the whole trie. */
static void expect_plain_refs(struct test_state *state)
{
	struct pen_walk walk = {0};
	struct pen_reader reader = {state_fetch, state};
	struct pen_bound begin = {0}, end = {.none = true};
	uint32_t *refs = calloc(state->entries.count + 1, sizeof *refs);
	cr_assert_eq(pen_trie_walk(
			     &walk, &reader, &state->sum.root, &begin, &end, count_ref, refs, NULL),
		0);
	for (uint32_t i = 0; i < state->entries.count; i++)
		cr_assert_eq(pen_entries_at(&state->entries, i)->refs, refs[i]);
	free(refs);
	pen_walk_fini(&walk);
}

/* One "case" of cases.txt: its lines up to the next case. */
struct golden {
	struct test_state state;
	struct pen_proof proof;
	char root[64];
	uint64_t memory_usage, n;
	size_t parts, counted;
};

static void golden_key(struct golden *golden, const char *line)
{
	static uint8_t key[4096], value[1 << 16];
	char key_hex[8192], *value_hex = malloc(1 << 17);
	cr_assert_eq(sscanf(line, " key %8191s value %131071s", key_hex, value_hex), 2);
	if (key_hex[0] == '-')
		key_hex[0] = 0;
	if (value_hex[0] == '-')
		value_hex[0] = 0;
	cr_assert_eq(pen_hex_decode(key_hex, strlen(key_hex), key), 0);
	cr_assert_eq(pen_hex_decode(value_hex, strlen(value_hex), value), 0);
	test_state_add(&golden->state, key, strlen(key_hex) / 2, value, strlen(value_hex) / 2);
	free(value_hex);
}

/* The first part line: all pairs are in. */
static void golden_build(struct golden *golden)
{
	char text[PEN_HASH_TEXT_BYTES];
	if (golden->parts++)
		return;
	test_state_build(&golden->state);
	cr_assert_str_eq(pen_base58(&golden->state.sum.root, text), golden->root);
	cr_assert_eq(golden->state.sum.memory_usage, golden->memory_usage);
	prove_all(&golden->state, golden->n, &golden->proof);
}

static void golden_part(struct golden *golden, const char *line)
{
	unsigned long k, bytes;
	char sha[80], text[PEN_HASH_HEX_BYTES];
	struct pen_buf part = {0};
	cr_assert_eq(sscanf(line, " part %lu bytes %lu sha256 %79s", &k, &bytes, sha), 3);
	golden_build(golden);
	test_state_part(&golden->state, k, golden->n, &part);
	cr_assert_eq(part.len, bytes);
	cr_assert_str_eq(test_sha_hex(pen_buf_bytes(&part), text), sha);
	pen_buf_fini(&part);
}

/* A row of the State column after nearcore applied all parts. */
static void golden_state(struct golden *golden, const char *line)
{
	char hex[80];
	unsigned count, bytes;
	struct pen_hash hash;
	cr_assert_eq(sscanf(line, " state %79s count %u bytes %u", hex, &count, &bytes), 3);
	cr_assert_eq(pen_hash_parse(hex, &hash), 0);
	uint32_t at = pen_entries_find(&golden->state.entries, &hash);
	cr_assert_neq(at, PEN_ENTRY_NONE);
	cr_assert_eq(pen_entries_at(&golden->state.entries, at)->refs, count);
	cr_assert_eq(pen_entries_at(&golden->state.entries, at)->len, bytes);
	golden->counted++;
}

static void golden_end(struct golden *golden)
{
	cr_assert_eq(golden->parts, golden->n);
	if (golden->counted)
		cr_assert_eq(golden->counted, golden->state.entries.count);
	test_state_fini(&golden->state);
	golden->state = (struct test_state){0};
	golden->parts = golden->counted = 0;
}

Test(part_trie, tries_of_nearcore)
{
	char *line;
	size_t cases = 0;
	struct golden golden = {0};
	struct pen_buf text = test_data("golden/cases.txt");
	for (size_t at = 0; test_line(&text, &at, &line);) {
		if (!strncmp(line, "case ", 5)) {
			if (cases++)
				golden_end(&golden);
			cr_assert_eq(sscanf(line, "case %*u root %63s memory_usage %lu parts %lu",
					     golden.root, &golden.memory_usage, &golden.n),
				3);
		} else if (!strncmp(line, "  key ", 6)) {
			golden_key(&golden, line);
		} else if (!strncmp(line, "  part ", 7)) {
			golden_part(&golden, line);
		} else {
			golden_state(&golden, line);
		}
	}
	golden_end(&golden);
	cr_assert_eq(cases, 160);
	pen_proof_fini(&golden.proof);
	pen_buf_fini(&text);
}

Test(part_trie, parts_of_random_tries_partition_the_keys)
{
	struct pen_rng rng = {20260};
	struct pen_proof proof = {0};
	for (int i = 0; i < 2000; i++) {
		struct test_state state;
		test_state_random(&state, &rng);
		for (uint64_t n = 2; n < 10; n += state.pairs.len ? 1 : 8) {
			prove_all(&state, n, &proof);
			expect_plain_refs(&state);
		}
		test_state_fini(&state);
	}
	pen_proof_fini(&proof);
}
