/* Parts cut out of a file equal the reference's, whatever the stretches and the limits. */
#include <criterion/criterion.h>

#include "make/cut.h"
#include "drivers/table.h"
#include "make/kv.h"
#include "scratch.h"
#include "util.h"

/* A state in a file and in memory. */
struct bench {
	struct scratch scratch;
	struct pen_disk *disk;
	struct test_state state;
	struct pen_pairs_from from;
};

static void write_pairs(struct bench *bench, bool hex)
{
	test_state_write(&bench->state, scratch_at(&bench->scratch, "state"), hex);
	bench->from = (struct pen_pairs_from){
		hex ? PEN_PAIRS_HEX : PEN_PAIRS_KV, bench->disk, "state", "x:state"};
}

struct setting {
	size_t stretch_bytes, limit;
	uint64_t n;
	uint64_t hashes; /* the survey keeps those of so many records, about; 0: of all */
};

static void survey_file(
	struct bench *bench, const struct setting *setting, struct pen_survey *survey)
{
	struct pen_feed feed;
	struct pen_stretch stretch = {0};
	struct pen_limbs limbs = {0};
	struct pen_make_time time = {0};
	struct pen_why why = {0};
	int got;
	cr_assert_eq(pen_feed_open(&feed, &bench->from, &why), 0, "%s", why.text);
	feed.stretch_bytes = setting->stretch_bytes;
	pen_survey_init(survey);
	while ((got = pen_feed_next(&feed, &stretch, &why)) > 0) {
		cr_assert_eq(pen_stretch_decode(&feed, &stretch, &why), 0, "%s", why.text);
		cr_assert_eq(pen_survey_build(&stretch, &limbs, &time), 0);
		survey->full = setting->hashes && survey->keys >= setting->hashes;
		cr_assert_eq(pen_survey_add(survey, &limbs), 0);
	}
	cr_assert_eq(got, 0, "%s", why.text);
	cr_assert_eq(pen_survey_finish(survey), 0);
	pen_limbs_fini(&limbs);
	pen_stretch_fini(&stretch);
	pen_feed_close(&feed);
}

static void expect_parts(struct bench *bench, const struct setting *setting)
{
	struct pen_survey survey;
	struct pen_cut cut;
	struct pen_why why = {0};
	struct pen_gather_spill spill = {bench->disk, "run"};
	survey_file(bench, setting, &survey);
	cr_assert(pen_hash_equal(&survey.sum.root, &bench->state.sum.root));
	cr_assert_eq(survey.sum.memory_usage, bench->state.sum.memory_usage);
	cr_assert_eq(survey.sum.keys, bench->state.sum.keys);
	cr_assert_eq(pen_cut_open(&cut, &survey, &bench->from, &spill, setting->limit, &why), 0);
	cut.feed.stretch_bytes = setting->stretch_bytes;
	uint64_t n = setting->n < survey.sum.memory_usage ? setting->n : survey.sum.memory_usage;
	for (uint64_t k = 0; k < n; k++) {
		struct pen_buf mine = {0}, theirs = {0};
		cr_assert_eq(pen_cut_part(&cut, k, n, &why), 0, "%s", why.text);
		cr_assert_eq(pen_cut_content(&cut, &mine, &why), 0, "%s", why.text);
		test_state_part(&bench->state, k, n, &theirs);
		cr_assert_eq(pen_bytes_compare(pen_buf_bytes(&mine), pen_buf_bytes(&theirs)), 0);
		pen_buf_fini(&mine);
		pen_buf_fini(&theirs);
	}
	pen_cut_close(&cut);
	pen_survey_fini(&survey);
}

static void bench_open(struct bench *bench)
{
	*bench = (struct bench){.scratch = scratch_open()};
	cr_assert_eq(pen_disk_open_dir(bench->scratch.path, false, &bench->disk, NULL), 0);
}

static void bench_close(struct bench *bench)
{
	test_state_fini(&bench->state);
	pen_disk_shut(bench->disk);
	scratch_close(&bench->scratch);
}

Test(make_cut, random_states)
{
	struct pen_rng rng = {5};
	for (int i = 0; i < 300; i++) {
		struct bench bench;
		struct setting setting = {1 + pen_rng_below(&rng, 400),
			pen_rng_below(&rng, 3) ? 0 : 200 + pen_rng_below(&rng, 2000),
			1 + pen_rng_below(&rng, 12), pen_rng_below(&rng, 30)};
		bench_open(&bench);
		test_state_random(&bench.state, &rng);
		write_pairs(&bench, i % 2);
		expect_parts(&bench, &setting);
		bench_close(&bench);
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
		struct bench bench;
		bench_open(&bench);
		test_state_load(&bench.state, rows[i].name);
		write_pairs(&bench, false);
		expect_parts(&bench, &rows[i].setting);
		bench_close(&bench);
	}
}

/* A value that changes between the survey and the cut is seen, whichever it is. */
Test(make_cut, a_file_that_changes)
{
	struct bench bench;
	struct pen_survey survey;
	struct pen_cut cut;
	struct pen_gather_spill spill = {0};
	bench_open(&bench);
	test_state_load(&bench.state, "mainnet-genesis.hex");
	write_pairs(&bench, false);
	survey_file(&bench, &(struct setting){.stretch_bytes = 4000}, &survey);
	cr_assert_eq(pen_cut_open(&cut, &survey, &bench.from, &spill, 0, NULL), 0);
	cut.feed.stretch_bytes = 4000;
	const struct test_pair *pairs = (const struct test_pair *)(const void *)
						bench.state.pairs.at;
	size_t at = 0;
	for (size_t i = 0; i < bench.state.pairs.len / sizeof *pairs; i++) {
		at += PEN_KV_HEAD_BYTES + pairs[i].key.len + pairs[i].value.len;
		FILE *file = fopen(scratch_at(&bench.scratch, "state"), "r+b");
		fseek(file, (long)at - 1, SEEK_SET);
		int byte = fgetc(file);
		fseek(file, (long)at - 1, SEEK_SET);
		fputc(byte ^ 1, file);
		cr_assert_eq(fclose(file), 0);
		int failed = 0;
		for (uint64_t k = 0; k < 3; k++) {
			struct pen_why why = {0};
			int err = pen_cut_part(&cut, k, 3, &why);
			failed += err == PEN_EINPUT;
			cr_assert(err == 0 || strstr(why.text, "changed"), "%s", why.text);
		}
		cr_expect_gt(failed, 0, "pair %zu", i);
		file = fopen(scratch_at(&bench.scratch, "state"), "r+b");
		fseek(file, (long)at - 1, SEEK_SET);
		fputc(byte, file);
		cr_assert_eq(fclose(file), 0);
	}
	pen_cut_close(&cut);
	pen_survey_fini(&survey);
	bench_close(&bench);
}
