/* Bounds found without nodes are the bounds that a walk over the trie finds. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "drivers/table.h"
#include "make/bounds.h"
#include "part/trie.h"
#include "scratch.h"
#include "util.h"

struct fixture {
	struct scratch scratch;
	struct pen_disk *disk;
	struct test_state state;
	struct pen_pairs_from from;
};

static void fixture_open(struct fixture *fixture)
{
	fixture->scratch = scratch_open();
	cr_assert_eq(pen_disk_open_dir(fixture->scratch.path, false, &fixture->disk, NULL), 0);
}

static void fixture_write(struct fixture *fixture, bool hex)
{
	test_state_write(&fixture->state, scratch_at(&fixture->scratch, "state"), hex);
	fixture->from = (struct pen_pairs_from){
		hex ? PEN_PAIRS_HEX : PEN_PAIRS_KV, fixture->disk, "state", "x:state"};
}

static void fixture_close(struct fixture *fixture)
{
	pen_disk_shut(fixture->disk);
	scratch_close(&fixture->scratch);
}

static int fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	const struct test_state *state = context;
	uint32_t at = pen_entries_find(&state->entries, hash);
	if (at == PEN_ENTRY_NONE)
		return PEN_EMISSING;
	const struct pen_entry *entry = pen_entries_at(&state->entries, at);
	*out = (struct pen_fetched){{entry->at, entry->len}, at};
	return 0;
}

static void expect_bounds(struct pen_bounds *bounds, struct test_state *state, uint64_t n)
{
	struct pen_reader reader = {fetch, state};
	struct pen_why why = {0};
	cr_assert_eq(pen_bounds_find(bounds, n, &why), 0, "%s", why.text);
	for (uint64_t k = 0; k < n; k++) {
		struct pen_bound bound = {0};
		uint8_t key[PEN_KEY_BYTES_MAX];
		cr_assert_eq(pen_trie_bound(&reader, &state->sum.root, k, n, &bound, NULL), 0);
		cr_assert_not(bound.none);
		int len = pen_path_key(&bound.path, key);
		struct pen_bytes mine = pen_bounds_key(bounds, k);
		cr_assert_eq(pen_bytes_compare(mine, (struct pen_bytes){key, (size_t)len}), 0,
			"part %llu of %llu", (unsigned long long)k, (unsigned long long)n);
	}
}

static void expect_state(struct fixture *fixture, size_t stretch_bytes, const uint64_t *counts)
{
	struct pen_bounds bounds = {0};
	struct pen_why why = {0};
	bounds.stretch_bytes = stretch_bytes;
	cr_assert_eq(pen_bounds_measure(&bounds, &fixture->from, &why), 0, "%s", why.text);
	cr_assert_eq(bounds.keys, fixture->state.sum.keys);
	cr_assert_eq(bounds.memory_usage, fixture->state.sum.memory_usage);
	for (; *counts; counts++) {
		if (*counts <= bounds.memory_usage)
			expect_bounds(&bounds, &fixture->state, *counts);
	}
	pen_bounds_fini(&bounds);
}

Test(make_bounds, random_states, .timeout = 60)
{
	struct pen_rng rng = {51};
	struct fixture fixture;
	fixture_open(&fixture);
	for (int i = 0; i < 400; i++) {
		const uint64_t counts[] = {1, 2 + pen_rng_below(&rng, 5),
			1 + pen_rng_below(&rng, 40), 1 + pen_rng_below(&rng, 3000), 0};
		test_state_random(&fixture.state, &rng);
		fixture_write(&fixture, i % 2);
		expect_state(&fixture, 1 + pen_rng_below(&rng, 500), counts);
		test_state_fini(&fixture.state);
	}
	fixture_close(&fixture);
}

Test(make_bounds, real_states, .timeout = 60)
{
	static const char *const names[] = {
		"mainnet-genesis.hex", "golden/small.kv.zst", "golden/edges.kv.zst"};
	static const uint64_t counts[] = {1, 2, 8, 143, 1000, 0};
	struct fixture fixture;
	fixture_open(&fixture);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		test_state_load(&fixture.state, names[i]);
		fixture_write(&fixture, false);
		expect_state(&fixture, i ? 20000 : 0, counts);
		test_state_fini(&fixture.state);
	}
	fixture_close(&fixture);
}

/* Between measuring and finding a key grows, or the file: it is said, whatever comes of it. */
Test(make_bounds, a_file_that_changes)
{
	struct pen_rng rng = {52};
	struct fixture fixture;
	fixture_open(&fixture);
	for (int i = 0; i < 20; i++) {
		struct pen_bounds bounds = {0};
		struct pen_why why = {0};
		do {
			test_state_random(&fixture.state, &rng);
		} while (fixture.state.sum.keys < 3 && (test_state_fini(&fixture.state), true));
		fixture_write(&fixture, false);
		bounds.stretch_bytes = 100;
		cr_assert_eq(pen_bounds_measure(&bounds, &fixture.from, &why), 0);
		FILE *file = fopen(scratch_at(&fixture.scratch, "state"), "ab");
		fputc(0, file);
		fclose(file);
		cr_expect_eq(pen_bounds_find(&bounds, 2, &why), PEN_EINPUT);
		cr_expect_not_null(strstr(why.text, "x:state"));
		pen_bounds_fini(&bounds);
		test_state_fini(&fixture.state);
	}
	fixture_close(&fixture);
}
