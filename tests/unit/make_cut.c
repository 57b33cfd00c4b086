/* Parts cut out of a file equal the reference's, whatever the stretches and the limits. */
#include <criterion/criterion.h>

#include "make/cut.h"
#include "make_surveyed.h"
#include "part/envelope.h"

struct setting {
	size_t stretch_bytes, limit;
	uint64_t n;
	uint64_t hashes; /* as in struct surveyed_way */
};

/* In lean form it is what comes of nearcore's form, byte for byte. */
static void expect_lean(struct pen_cut *cut, struct pen_bytes content, uint64_t k, uint64_t n)
{
	const struct pen_part_id id = {cut->survey->sum.root, k, n};
	/* Kept from part to part, as a worker does. */
	static struct pen_press press;
	static struct pen_worth worth;
	static struct pen_zstd zstd;
	struct pen_cut_press with = {&press, &worth, 1};
	struct pen_buf mine = {0}, theirs = {0}, stored = {0};
	struct pen_why why = {0};
	cr_assert_eq(pen_cut_lean(cut, &id, &with, &why), 0, "%s", why.text);
	cr_assert_eq(pen_press_close(&press, &mine, &why), 0, "%s", why.text);
	cr_assert_eq(pen_envelope_seal(&zstd, content, 1, &stored, &why), 0);
	test_lean(pen_buf_bytes(&stored), &id, &theirs);
	cr_assert_eq(pen_bytes_compare(pen_buf_bytes(&mine), pen_buf_bytes(&theirs)), 0);
	pen_buf_fini(&mine);
	pen_buf_fini(&theirs);
	pen_buf_fini(&stored);
}

static void expect_parts(struct surveyed *bench, const struct setting *setting)
{
	struct pen_survey survey;
	struct pen_cut cut;
	struct pen_why why = {0};
	struct pen_gather_spill spill = {bench->disk, "run"};
	const struct surveyed_way way = {setting->stretch_bytes, setting->hashes};
	surveyed_survey(bench, &way, &survey);
	cr_assert(pen_hash_equal(&survey.sum.root, &bench->state.sum.root));
	cr_assert_eq(survey.sum.memory_usage, bench->state.sum.memory_usage);
	cr_assert_eq(survey.sum.keys, bench->state.sum.keys);
	cr_assert_eq(pen_cut_open(&cut, &survey, &bench->from, &spill, setting->limit, &why), 0);
	cut.strip.feed.stretch_bytes = setting->stretch_bytes;
	uint64_t n = setting->n < survey.sum.memory_usage ? setting->n : survey.sum.memory_usage;
	for (uint64_t k = 0; k < n; k++) {
		struct pen_buf mine = {0}, theirs = {0};
		cr_assert_eq(pen_cut_part(&cut, k, n, &why), 0, "%s", why.text);
		cr_assert_eq(pen_cut_content(&cut, &mine, &why), 0, "%s", why.text);
		test_state_part(&bench->state, k, n, &theirs);
		cr_assert_eq(pen_bytes_compare(pen_buf_bytes(&mine), pen_buf_bytes(&theirs)), 0);
		if (k % 3 == 0 || k + 1 == n)
			expect_lean(&cut, pen_buf_bytes(&theirs), k, n);
		pen_buf_fini(&mine);
		pen_buf_fini(&theirs);
	}
	pen_cut_close(&cut);
	pen_survey_fini(&survey);
}

Test(make_cut, random_states)
{
	struct pen_rng rng = {5};
	for (int i = 0; i < 300; i++) {
		struct surveyed bench;
		struct setting setting = {1 + pen_rng_below(&rng, 400),
			pen_rng_below(&rng, 3) ? 0 : 200 + pen_rng_below(&rng, 2000),
			1 + pen_rng_below(&rng, 12), pen_rng_below(&rng, 30)};
		surveyed_open(&bench);
		test_state_random(&bench.state, &rng);
		surveyed_write(&bench, i % 2);
		expect_parts(&bench, &setting);
		surveyed_close(&bench);
	}
}

Test(make_cut, real_states, .timeout = 60)
{
	static const struct {
		const char *name;
		struct setting setting;
	} rows[] = {
		{"mainnet-genesis.hex", {PEN_STRETCH_BYTES, 0, 5}},
		{"mainnet-genesis.hex", {1000, 4096, 8}},
		{"golden/small.kv.zst", {PEN_STRETCH_BYTES, 0, 7}},
		{"golden/small.kv.zst", {20000, 100000, 50}},
		{"golden/small.kv.zst", {20000, 0, 9, 3000}},
		{"golden/edges.kv.zst", {30000, 0, 6}},
		{"golden/edges.kv.zst", {PEN_STRETCH_BYTES, 1 << 20, 1}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct surveyed bench;
		surveyed_open(&bench);
		test_state_load(&bench.state, rows[i].name);
		surveyed_write(&bench, false);
		expect_parts(&bench, &rows[i].setting);
		surveyed_close(&bench);
	}
}

/* A value that changes between the survey and the cut is seen, whichever it is. */
Test(make_cut, a_file_that_changes)
{
	struct surveyed bench;
	struct pen_survey survey;
	struct pen_cut cut;
	struct pen_gather_spill spill = {0};
	struct pen_press press = {0};
	struct pen_worth worth = {0};
	struct pen_cut_press with = {&press, &worth, 1};
	surveyed_open(&bench);
	test_state_load(&bench.state, "mainnet-genesis.hex");
	surveyed_write(&bench, false);
	surveyed_survey(&bench, &(struct surveyed_way){.stretch_bytes = 4000}, &survey);
	cr_assert_eq(pen_cut_open(&cut, &survey, &bench.from, &spill, 0, NULL), 0);
	cut.strip.feed.stretch_bytes = 4000;
	for (size_t i = 0; i < bench.state.pairs.len / sizeof(struct test_pair); i++) {
		surveyed_spoil(&bench, i);
		int failed = 0, lean_failed = 0;
		for (uint64_t k = 0; k < 3; k++) {
			struct pen_why why = {0};
			int err = pen_cut_part(&cut, k, 3, &why);
			failed += err == PEN_EINPUT;
			cr_assert(err == 0 || strstr(why.text, "changed"), "%s", why.text);
			const struct pen_part_id id = {survey.sum.root, k, 3};
			err = pen_cut_lean(&cut, &id, &with, &why);
			lean_failed += err == PEN_EINPUT;
			cr_assert(err == 0 || strstr(why.text, "changed"), "%s", why.text);
		}
		cr_expect_gt(failed, 0, "pair %zu", i);
		cr_expect_gt(lean_failed, 0, "pair %zu", i);
		surveyed_spoil(&bench, i);
	}
	pen_press_fini(&press);
	pen_worth_fini(&worth);
	pen_cut_close(&cut);
	pen_survey_fini(&survey);
	surveyed_close(&bench);
}
