#include <criterion/criterion.h>

#include "base/check.h"
#include "drivers/table.h"
#include "make/state.h"
#include "scratch.h"
#include "util.h"

struct bench {
	struct scratch scratch;
	struct pen_disk *disk;
	struct pen_pairs pairs;
};

static struct bench bench_open(const char *name, enum pen_pairs_format format)
{
	struct bench bench = {.scratch = scratch_open()};
	struct pen_buf data = test_data(name);
	FILE *file = fopen(scratch_at(&bench.scratch, "state"), "wb");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(data.at, 1, data.len, file), data.len);
	cr_assert_eq(fclose(file), 0);
	pen_buf_fini(&data);
	cr_assert_eq(pen_disk_open_dir(bench.scratch.path, false, &bench.disk, NULL), 0);
	struct pen_pairs_from from = {format, bench.disk, "state", name};
	cr_assert_eq(pen_pairs_open(&bench.pairs, &from, NULL), 0);
	return bench;
}

static void bench_close(struct bench *bench)
{
	pen_pairs_close(&bench->pairs);
	pen_disk_shut(bench->disk);
	scratch_close(&bench->scratch);
}

static const struct {
	const char *name;
	enum pen_pairs_format format;
	const char *root;
	uint64_t memory_usage, keys;
} rows[] = {
	{"mainnet-genesis.hex", PEN_PAIRS_HEX, "8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU",
		238135, 64},
	{"golden/small.kv.zst", PEN_PAIRS_KV, "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv",
		3110122, 6605},
	{"golden/edges.kv.zst", PEN_PAIRS_KV, "28dXfKSczkZrkaRUrxLpwxGmnxNtbz2Uw5Dt3zseFiir",
		5911601, 508},
};

static void expect_sum(size_t i, const struct pen_trie_sum *sum)
{
	char root[PEN_HASH_TEXT_BYTES];
	cr_assert_str_eq(pen_base58(&sum->root, root), rows[i].root);
	cr_assert_eq(sum->memory_usage, rows[i].memory_usage);
	cr_assert_eq(sum->keys, rows[i].keys);
}

static int count_tick(void *context, uint64_t keys, uint64_t bytes, uint64_t of)
{
	cr_assert_leq(bytes, of);
	cr_assert_eq(keys % PEN_STATE_TICK_PAIRS, 0);
	++*(unsigned *)context;
	return 0;
}

static int stop_tick(void *context, uint64_t keys, uint64_t bytes, uint64_t of)
{
	(void)context, (void)keys, (void)bytes, (void)of;
	return PEN_EINTERRUPTED;
}

Test(make_state, sums_of_real_states)
{
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct bench bench = bench_open(rows[i].name, rows[i].format);
		struct pen_trie_sum sum;
		struct pen_why why = {0};
		unsigned ticks = 0;
		struct pen_tick tick = {count_tick, &ticks};
		int err = pen_state_sum(&bench.pairs, &tick, &sum, &why);
		cr_assert_eq(err, 0, "%s", why.text);
		expect_sum(i, &sum);
		cr_assert_eq(ticks, rows[i].keys / PEN_STATE_TICK_PAIRS);
		bench_close(&bench);
	}
}

/* Every part of a loaded state is proved, and all values of all parts are all keys. */
Test(make_state, loaded_states_can_be_cut)
{
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct bench bench = bench_open(rows[i].name, rows[i].format);
		struct pen_state state = {0};
		struct pen_collect collect = {0};
		struct pen_proof proof = {0};
		struct pen_buf part = {0};
		struct pen_why why = {0};
		uint64_t values = 0;
		cr_assert_eq(pen_state_load(&state, &bench.pairs, NULL, &why), 0, "%s", why.text);
		expect_sum(i, &state.sum);
		for (uint64_t k = 0; k < 5; k++) {
			struct pen_part_id id = {state.sum.root, k, 5};
			struct pen_part_counts counts;
			part.len = 0;
			cr_assert_eq(pen_collect_part(&collect, &state.entries, &id, &part, &why),
				0, "%s", why.text);
			cr_assert_eq(pen_proof_check(&proof, &id, pen_buf_bytes(&part), &why), 0,
				"%s", why.text);
			pen_proof_counts(&proof, &counts);
			values += counts.values;
		}
		cr_assert_eq(values, state.sum.keys);
		pen_collect_fini(&collect);
		pen_proof_fini(&proof);
		pen_buf_fini(&part);
		pen_state_fini(&state);
		bench_close(&bench);
	}
}

Test(make_state, ends_when_told)
{
	struct bench bench = bench_open("golden/small.kv.zst", PEN_PAIRS_KV);
	struct pen_state state = {0};
	struct pen_tick tick = {stop_tick, NULL};
	cr_assert_eq(pen_state_load(&state, &bench.pairs, &tick, NULL), PEN_EINTERRUPTED);
	pen_state_fini(&state);
	bench_close(&bench);
}
