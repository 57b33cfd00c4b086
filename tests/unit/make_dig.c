/* Every node of a surveyed state, found by its hash on a walk from the root. */
#include <criterion/criterion.h>

#include "make/dig.h"
#include "make_surveyed.h"
#include "part/trie.h"

/* A dig over test data. */
struct bench {
	struct surveyed of;
	struct pen_survey survey;
	struct pen_make_time time;
	struct pen_strip strip;
	struct pen_build build;
	struct pen_dig dig;
};

static void bench_open(struct bench *bench, size_t stretch_bytes)
{
	const struct surveyed_way way = {stretch_bytes, 0};
	surveyed_open(&bench->of);
	test_state_load(&bench->of.state, "golden/small.kv.zst");
	surveyed_write(&bench->of, false);
	surveyed_survey(&bench->of, &way, &bench->survey);
	cr_assert_eq(
		pen_strip_open(&bench->strip, &bench->survey, &bench->of.from, &bench->time, NULL),
		0);
	bench->strip.feed.stretch_bytes = stretch_bytes;
	bench->dig = (struct pen_dig){.strip = &bench->strip, .build = &bench->build};
}

static void bench_close(struct bench *bench)
{
	pen_dig_fini(&bench->dig);
	pen_build_fini(&bench->build);
	pen_strip_close(&bench->strip);
	pen_survey_fini(&bench->survey);
	surveyed_close(&bench->of);
}

/* Nodes as they are fetched, each compared with the state's own. */
static int fetch_both(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct bench *bench = context;
	const struct pen_entries *all = &bench->of.state.entries;
	uint32_t at = pen_entries_find(all, hash);
	cr_assert_neq(at, PEN_ENTRY_NONE);
	const struct pen_entry *entry = pen_entries_at(all, at);
	cr_assert_eq(pen_dig_fetch(&bench->dig, hash, out), 0);
	cr_assert_eq(pen_bytes_compare(out->bytes, (struct pen_bytes){entry->at, entry->len}), 0);
	struct pen_bytes found;
	cr_assert(pen_dig_find(&bench->dig, hash, &found));
	cr_assert_eq(found.at, out->bytes.at);
	return 0;
}

Test(make_dig, every_bound_is_reached)
{
	static const size_t stretches[] = {2000, 30000, 1 << 20};
	static const uint64_t parts = 200;
	for (size_t row = 0; row < PEN_COUNT(stretches); row++) {
		struct bench bench = {0};
		bench_open(&bench, stretches[row]);
		const struct pen_reader reader = {fetch_both, &bench};
		for (uint64_t k = 0; k <= parts; k++) {
			struct pen_bound bound;
			struct pen_why why = {0};
			pen_dig_begin(&bench.dig, &why);
			cr_assert_eq(pen_trie_bound(&reader, &bench.survey.sum.root, k, parts,
					     &bound, &why),
				0, "%s", why.text);
		}
		pen_dig_trim(&bench.dig);
		cr_expect_leq(bench.dig.memory.bytes, PEN_DIG_NODES_BYTES);
		bench_close(&bench);
	}
}

/* A node below a limb is not there before its limb was fetched, and none that is no node. */
Test(make_dig, what_was_not_walked_to_is_missing)
{
	struct bench bench = {0};
	struct pen_fetched out;
	struct pen_bytes found;
	uint32_t missing = 0;
	bench_open(&bench, 2000);
	pen_dig_begin(&bench.dig, NULL);
	const struct pen_entries *all = &bench.of.state.entries;
	for (uint32_t i = 0; i < all->count; i++) {
		const struct pen_hash *hash = pen_entries_hash(all, i);
		if (pen_entries_find(&bench.survey.nodes, hash) != PEN_ENTRY_NONE)
			continue;
		missing++;
		cr_assert_eq(pen_dig_fetch(&bench.dig, hash, &out), PEN_EMISSING);
		cr_assert_not(pen_dig_find(&bench.dig, hash, &found));
	}
	cr_expect_gt(missing, 0);
	bench_close(&bench);
}

Test(make_dig, a_file_that_changed_is_refused)
{
	struct bench bench = {0};
	struct pen_why why = {0}, walk = {0};
	const uint64_t parts = 200;
	int refused = 0;
	bench_open(&bench, 2000);
	for (uint64_t record = 0; record < bench.survey.keys; record += 20)
		surveyed_spoil(&bench.of, record);
	for (uint64_t k = 0; k < parts; k++) {
		struct pen_bound bound;
		const struct pen_reader reader = {pen_dig_fetch, &bench.dig};
		pen_dig_begin(&bench.dig, &why);
		int err = pen_trie_bound(&reader, &bench.survey.sum.root, k, parts, &bound, &walk);
		cr_assert(err == 0 || err == PEN_EINPUT);
		refused += err == PEN_EINPUT;
	}
	cr_expect_gt(refused, 0);
	cr_expect(strstr(why.text, "changed"), "%s", why.text);
	bench_close(&bench);
}
