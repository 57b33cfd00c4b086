/* Parts of real and of golden states, byte for byte as nearcore made them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/text.h"
#include "part/envelope.h"
#include "util.h"

static void expect_part(
	struct test_state *state, uint64_t k, uint64_t n, size_t bytes, const char *sha)
{
	char text[PEN_HASH_HEX_BYTES];
	struct pen_buf part = {0};
	test_state_part(state, k, n, &part);
	cr_expect_eq(part.len, bytes, "part %lu of %lu has %zu bytes", k, n, part.len);
	if (sha)
		cr_expect_str_eq(
			test_sha_hex(pen_buf_bytes(&part), text), sha, "part %lu of %lu", k, n);
	pen_buf_fini(&part);
}

Test(part_collect, mainnet_genesis)
{
	static const struct {
		uint64_t k, n;
		size_t bytes;
		const char *sha;
	} rows[] = {
		{0, 1, 234529, "18f0641f13e1be5b1fbea3f878297e75b8ab7a54b42b28fb95e5155d4dcfd11f"},
		{0, 2, 4806, "0e574f2896741dde7a2a55f5d9d732e42331ff692fadc6a923130cf928745368"},
		{1, 2, 230168, "d5678ea539bacd0730c9c3deb3a8d190fbe4ff1daec5d99bc7fe6be357d75826"},
		{0, 8, 4806, NULL},
		{1, 8, 445, NULL},
		{2, 8, 445, NULL},
		{3, 8, 445, NULL},
		{4, 8, 445, NULL},
		{5, 8, 445, NULL},
		{6, 8, 198102, "3f2736a1729f633b7e68fe3407a1253d20d70611699c7f5633dee173b6d57c69"},
		{7, 8, 32574, "0e5df3d3f39d7502395bcad0cdce9c814c7b7604481a525fc6158906747b7bdd"},
	};
	struct test_state state;
	char text[PEN_HASH_TEXT_BYTES];
	test_state_load(&state, "mainnet-genesis.hex");
	cr_assert_str_eq(
		pen_base58(&state.sum.root, text), "8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU");
	cr_assert_eq(state.sum.memory_usage, 238135);
	cr_assert_eq(state.sum.keys, 64);
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		expect_part(&state, rows[i].k, rows[i].n, rows[i].bytes, rows[i].sha);
	test_state_fini(&state);
}

/* Our part k of n equals what stands in the file that nearcore wrote. */
static void expect_golden(struct test_state *state, const char *dir, unsigned k, unsigned n)
{
	char name[128];
	struct pen_zstd zstd = {0};
	struct pen_buf part = {0}, plain = {0};
	struct pen_envelope envelope;
	struct pen_why why = {0};
	snprintf(name, sizeof name, "golden/%s/state_part_%06u_of_%06u", dir, k, n);
	struct pen_buf file = test_data(name);
	cr_assert_eq(pen_envelope_open(&zstd, pen_buf_bytes(&file), false, &plain, &envelope, &why),
		0, "%s: %s", name, why.text);
	test_state_part(state, k, n, &part);
	cr_expect_eq(pen_bytes_compare(pen_buf_bytes(&part), envelope.content), 0, "%s", name);
	pen_buf_fini(&file);
	pen_buf_fini(&part);
	pen_buf_fini(&plain);
	pen_zstd_fini(&zstd);
}

Test(part_collect, golden_states)
{
	static const struct {
		const char *source, *dir, *root;
		uint64_t memory_usage;
		unsigned n;
	} rows[] = {
		{"mainnet-genesis.hex", "genesis", "8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU",
			238135, 5},
		{"golden/small.kv.zst", "small", "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv",
			3110122, 7},
		{"golden/edges.kv.zst", "edges", "28dXfKSczkZrkaRUrxLpwxGmnxNtbz2Uw5Dt3zseFiir",
			5911601, 6},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct test_state state;
		char text[PEN_HASH_TEXT_BYTES];
		test_state_load(&state, rows[i].source);
		cr_assert_str_eq(pen_base58(&state.sum.root, text), rows[i].root);
		cr_assert_eq(state.sum.memory_usage, rows[i].memory_usage);
		for (unsigned k = 0; k < rows[i].n; k++)
			expect_golden(&state, rows[i].dir, k, rows[i].n);
		test_state_fini(&state);
	}
}

Test(part_collect, refuses_what_is_no_part)
{
	struct test_state state = {0};
	struct pen_collect collect = {0};
	struct pen_buf out = {0};
	test_state_add(&state, "a", 1, "x", 1);
	test_state_build(&state);
	struct pen_part_id id = {state.sum.root, 3, 3};
	cr_assert_eq(pen_collect_part(&collect, &state.entries, &id, &out, NULL), PEN_EINTERNAL);
	id.root.bytes[0] ^= 1;
	id.k = 1;
	cr_assert_eq(pen_collect_part(&collect, &state.entries, &id, &out, NULL), PEN_EMISSING);
	pen_collect_fini(&collect);
	pen_buf_fini(&out);
	test_state_fini(&state);
}
