/* Stretches of a surveyed file, read again in any order; one that changed is noticed. */
#include <criterion/criterion.h>

#include "make/strip.h"
#include "make_surveyed.h"

#define STRETCH_BYTES 4000

/* A strip over test data. */
struct bench {
	struct surveyed of;
	struct pen_survey survey;
	struct pen_make_time time;
	struct pen_strip strip;
	const struct pen_mark *marks;
	size_t count; /* marks */
};

static void bench_open(struct bench *bench, uint64_t hashes)
{
	const struct surveyed_way way = {STRETCH_BYTES, hashes};
	surveyed_open(&bench->of);
	test_state_load(&bench->of.state, "mainnet-genesis.hex");
	surveyed_write(&bench->of, false);
	surveyed_survey(&bench->of, &way, &bench->survey);
	cr_assert_eq(
		pen_strip_open(&bench->strip, &bench->survey, &bench->of.from, &bench->time, NULL),
		0);
	bench->strip.feed.stretch_bytes = STRETCH_BYTES;
	bench->marks = (const struct pen_mark *)(const void *)bench->survey.marks.at;
	bench->count = bench->survey.marks.len / sizeof *bench->marks;
	cr_assert_gt(bench->count, 3);
}

static void bench_close(struct bench *bench)
{
	pen_strip_close(&bench->strip);
	pen_survey_fini(&bench->survey);
	surveyed_close(&bench->of);
}

Test(make_strip, every_pair_once_from_any_mark)
{
	struct bench bench = {0};
	bench_open(&bench, 0);
	const struct test_pair *pairs = surveyed_pairs(&bench.of);
	for (size_t first = bench.count; first-- > 0;) {
		uint64_t at = bench.marks[first].record;
		pen_strip_seek(&bench.strip, &bench.marks[first]);
		for (size_t i = first; i < bench.count; i++) {
			cr_assert_eq(pen_strip_load(&bench.strip, NULL), 0);
			cr_assert_eq(bench.strip.loaded, &bench.marks[i]);
			const struct pen_pair *got = pen_stretch_pairs(&bench.strip.stretch);
			for (uint32_t p = 0; p < bench.strip.stretch.count; p++, at++)
				cr_assert_eq(pen_bytes_compare(got[p].key, pairs[at].key), 0);
			struct pen_bytes next;
			bool more = pen_strip_next(&bench.strip, bench.strip.stretch.count, &next);
			cr_assert_eq(more, i + 1 < bench.count);
			cr_assert(!more || pen_bytes_compare(next, pairs[at].key) == 0);
		}
		cr_assert_eq(at, bench.survey.keys);
		/* There is nothing behind. */
		cr_expect_eq(pen_strip_load(&bench.strip, NULL), PEN_EINPUT);
	}
	bench_close(&bench);
}

static bool is_below(struct pen_bytes key, const void *bound)
{
	return pen_bytes_compare(key, *(const struct pen_bytes *)bound) < 0;
}

Test(make_strip, finds_a_pair_by_its_key)
{
	struct bench bench = {0};
	bench_open(&bench, 0);
	pen_strip_seek(&bench.strip, &bench.marks[1]);
	cr_assert_eq(pen_strip_load(&bench.strip, NULL), 0);
	const struct pen_pair *pairs = pen_stretch_pairs(&bench.strip.stretch);
	for (uint32_t i = 0; i < bench.strip.stretch.count; i++)
		cr_expect_eq(pen_strip_first(&bench.strip, is_below, &pairs[i].key), i);
	const struct pen_bytes least = {(const uint8_t *)"", 0},
			       most = {(const uint8_t *)"\xff", 1};
	cr_expect_eq(pen_strip_first(&bench.strip, is_below, &least), 0);
	cr_expect_eq(pen_strip_first(&bench.strip, is_below, &most), bench.strip.stretch.count);
	bench_close(&bench);
}

/* All stretches pushed are the state, whether the survey kept the hashes of all or of a few. */
Test(make_strip, what_is_pushed_is_the_state)
{
	static const uint64_t hashes[] = {0, 20};
	for (size_t row = 0; row < PEN_COUNT(hashes); row++) {
		struct bench bench = {0};
		struct pen_build build = {0};
		struct pen_trie_sum sum;
		bench_open(&bench, hashes[row]);
		pen_build_reset(&build);
		pen_strip_seek(&bench.strip, bench.marks);
		for (size_t i = 0; i < bench.count; i++) {
			cr_assert_eq(pen_strip_load(&bench.strip, NULL), 0);
			const struct pen_strip_run run = {
				&build, 0, bench.strip.stretch.count, NULL};
			cr_assert_eq(pen_strip_push(&bench.strip, &run, NULL), 0);
		}
		cr_assert_eq(pen_build_finish(&build, &sum), 0);
		cr_expect(pen_hash_equal(&sum.root, &bench.of.state.sum.root));
		cr_expect_eq(sum.memory_usage, bench.of.state.sum.memory_usage);
		pen_build_fini(&build);
		bench_close(&bench);
	}
}

Test(make_strip, a_stretch_that_changed_is_refused)
{
	struct bench bench = {0};
	bench_open(&bench, 0);
	for (size_t i = 0; i < bench.count; i++) {
		struct pen_why why = {0};
		surveyed_spoil(&bench.of, bench.marks[i].record);
		for (size_t m = 0; m < bench.count; m++) {
			pen_strip_seek(&bench.strip, &bench.marks[m]);
			cr_expect_eq(pen_strip_load(&bench.strip, &why), m == i ? PEN_EINPUT : 0);
		}
		cr_expect(
			strstr(why.text, "x:state: it changed while it was read"), "%s", why.text);
		surveyed_spoil(&bench.of, bench.marks[i].record);
	}
	bench_close(&bench);
}
