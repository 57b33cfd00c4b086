/* Verdicts on parts: nearcore's own on altered parts, and the lies that a prover must refuse. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "part/envelope.h"
#include "part/partial.h"
#include "util.h"

/* A prover with all its memory, as a job would hold it. */
struct prover {
	struct pen_zstd zstd;
	struct pen_buf plain;
	struct pen_proof proof;
	struct pen_why why;
};

static void prover_fini(struct prover *prover)
{
	pen_zstd_fini(&prover->zstd);
	pen_buf_fini(&prover->plain);
	pen_proof_fini(&prover->proof);
}

static int prove(struct prover *prover, const struct pen_part_id *id, struct pen_bytes file)
{
	struct pen_envelope envelope;
	int err = pen_envelope_open(
		&prover->zstd, file, false, &prover->plain, &envelope, &prover->why);
	return err ? err : pen_proof_check(&prover->proof, id, envelope.content, &prover->why);
}

static const char *verdict(int err)
{
	if (err == 0)
		return "ok";
	return err == PEN_EENVELOPE ? "envelope" : pen_err_text(err);
}

/* Lines "VERDICT root R part K of N HEX", with a comment behind '#' in some. */
static void expect_verdicts(const char *name, size_t rows_expected)
{
	char *line;
	size_t rows = 0;
	struct prover prover = {0};
	struct pen_buf text = test_data(name);
	for (size_t at = 0; test_line(&text, &at, &line); rows++) {
		char said[64], root[64];
		unsigned long k, n;
		int hex = 0;
		cr_assert_eq(
			sscanf(line, "%63s root %63s part %lu of %lu %n", said, root, &k, &n, &hex),
			4);
		size_t len = strcspn(line + hex, " \n");
		if (line[hex] == '-')
			len = 0;
		uint8_t *bytes = malloc(len / 2 + 1);
		struct pen_part_id id = {.k = k, .n = n};
		cr_assert_eq(pen_hex_decode(line + hex, len, bytes), 0);
		cr_assert_eq(pen_hash_parse(root, &id.root), 0);
		int err = prove(&prover, &id, (struct pen_bytes){bytes, len / 2});
		cr_expect_str_eq(
			verdict(err), said, "%s line %zu: %s", name, rows + 1, prover.why.text);
		free(bytes);
	}
	cr_assert_eq(rows, rows_expected);
	pen_buf_fini(&text);
	prover_fini(&prover);
}

Test(part_prove, verdicts_of_nearcore)
{
	expect_verdicts("golden/verdicts.txt", 630);
}

Test(part_prove, verdicts_of_nearcore_on_envelopes)
{
	expect_verdicts("golden/verdicts-envelope.txt", 26);
}

/* The tries of the tables below: small, with shared subtrees, prefixes and empty values. */
static void load_small(struct test_state *state, int which)
{
	static const char *const tries[][10] = {
		{"after", "\1", "alley", "\2", "berry", "\3", "brave", "\4"},
		{"a", "one", "aa", "two", "aaa", "three", "aaaa", "four"},
		{"do", "verb", "docu", "value", "dog", "puppy", "doge", "coin", "h", "value"},
		{"", "x", "a", ""},
		{"only", "key"},
		{"ax", "same", "ay", "same", "bx", "same", "by", "same"},
	};
	*state = (struct test_state){0};
	for (size_t i = 0; i < 10 && tries[which][i]; i += 2)
		test_state_add(state, tries[which][i], strlen(tries[which][i]), tries[which][i + 1],
			strlen(tries[which][i + 1]));
	test_state_build(state);
}

#define SMALL_TRIES 6

/* A part taken apart, so that single entries can be changed. */
struct cut {
	struct pen_buf part, list;
	uint32_t count;
};

static void cut_open(struct cut *cut, struct test_state *state, uint64_t k, uint64_t n)
{
	*cut = (struct cut){0};
	test_state_part(state, k, n, &cut->part);
	cr_assert_eq(
		pen_partial_decode(pen_buf_bytes(&cut->part), &cut->list, &cut->count, NULL), 0);
}

static void cut_fini(struct cut *cut)
{
	pen_buf_fini(&cut->part);
	pen_buf_fini(&cut->list);
}

/* What the prover says of these entries, in this order. */
static int prove_entries(struct prover *prover, const struct pen_part_id *id,
	const struct pen_bytes *entries, uint32_t count)
{
	struct pen_buf bytes = {0};
	uint8_t head[PEN_PARTIAL_HEAD_BYTES] = {0}, len[4];
	pen_put_le32(head + 1, count);
	pen_buf_append(&bytes, head, sizeof head);
	for (uint32_t i = 0; i < count; i++) {
		pen_put_le32(len, (uint32_t)entries[i].len);
		pen_buf_append(&bytes, len, sizeof len);
		pen_buf_append(&bytes, entries[i].at, entries[i].len);
	}
	int err = pen_proof_check(&prover->proof, id, pen_buf_bytes(&bytes), &prover->why);
	pen_buf_fini(&bytes);
	return err;
}

/* Remove, double and flip entry i; each is refused. */
static void lie_about(
	struct prover *prover, const struct pen_part_id *id, const struct cut *cut, uint32_t i)
{
	struct pen_bytes *list = (struct pen_bytes *)(void *)cut->list.at;
	struct pen_bytes *lie = malloc((cut->count + 1) * sizeof *lie);
	memcpy(lie, list, cut->count * sizeof *lie);
	lie[cut->count] = list[i];
	cr_expect_eq(prove_entries(prover, id, lie, cut->count + 1), PEN_EUNEXPECTED);
	lie[i] = list[cut->count - 1];
	cr_expect_eq(prove_entries(prover, id, lie, cut->count - 1), PEN_EMISSING);
	for (size_t bit = 0; bit < list[i].len * 8; bit++) {
		uint8_t *flipped = malloc(list[i].len);
		memcpy(flipped, list[i].at, list[i].len);
		flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
		lie[i] = (struct pen_bytes){flipped, list[i].len};
		cr_expect_eq(prove_entries(prover, id, lie, cut->count), PEN_EMISSING);
		free(flipped);
	}
	free(lie);
}

/* Add something foreign: refused. Reverse the order: accepted. */
static void lie_around(struct prover *prover, const struct pen_part_id *id, const struct cut *cut)
{
	const struct pen_bytes *list = (const struct pen_bytes *)(void *)cut->list.at;
	struct pen_bytes *lie = malloc((cut->count + 1) * sizeof *lie);
	for (uint32_t i = 0; i < cut->count; i++)
		lie[i] = list[cut->count - 1 - i];
	cr_expect_eq(prove_entries(prover, id, lie, cut->count), 0, "%s", prover->why.text);
	lie[cut->count] = (struct pen_bytes){(const uint8_t *)"foreign", 7};
	cr_expect_eq(prove_entries(prover, id, lie, cut->count + 1), PEN_EUNEXPECTED);
	free(lie);
}

Test(part_prove, every_lie_about_every_entry_is_refused)
{
	for (int which = 0; which < SMALL_TRIES; which++) {
		struct test_state state;
		struct prover prover = {0};
		load_small(&state, which);
		for (uint64_t n = 1; n < 6; n += 2) {
			for (uint64_t k = 0; k < n; k++) {
				struct pen_part_id id = {state.sum.root, k, n};
				struct cut cut;
				cut_open(&cut, &state, k, n);
				for (uint32_t i = 0; i < cut.count; i++)
					lie_about(&prover, &id, &cut, i);
				lie_around(&prover, &id, &cut);
				cut_fini(&cut);
			}
		}
		prover_fini(&prover);
		test_state_fini(&state);
	}
}

/* Under another number, total or root a part is refused exactly when that part differs. */
Test(part_prove, wrong_number_total_or_root)
{
	for (int which = 0; which < SMALL_TRIES; which++) {
		struct test_state state;
		struct prover prover = {0};
		struct pen_buf parts[6][6] = {0};
		load_small(&state, which);
		for (unsigned n = 1; n < 6; n++)
			for (unsigned k = 0; k < n; k++)
				test_state_part(&state, k, n, &parts[n][k]);
		for (unsigned pair = 0; pair < 6 * 6 * 6 * 6; pair++) {
			unsigned k = pair % 6, n = pair / 6 % 6, j = pair / 36 % 6, m = pair / 216;
			if (k >= n || j >= m)
				continue;
			struct pen_part_id id = {state.sum.root, j, m};
			struct pen_bytes bytes = pen_buf_bytes(&parts[n][k]);
			int err = pen_proof_check(&prover.proof, &id, bytes, NULL);
			int same = !pen_bytes_compare(bytes, pen_buf_bytes(&parts[m][j]));
			cr_expect_eq(err == 0, same, "%u/%u as %u/%u: %d", k, n, j, m, err);
			id = (struct pen_part_id){state.sum.root, k, n};
			id.root.bytes[31] ^= 1;
			cr_expect_neq(pen_proof_check(&prover.proof, &id, bytes, NULL), 0);
		}
		for (unsigned i = 0; i < 36; i++)
			pen_buf_fini(&parts[i / 6][i % 6]);
		prover_fini(&prover);
		test_state_fini(&state);
	}
}

/* One wrong bit in any stored byte: a clear error, or the same content. */
Test(part_prove, one_wrong_bit_anywhere)
{
	struct test_state state;
	struct prover prover = {0};
	struct pen_buf part = {0}, file = {0};
	load_small(&state, 2);
	struct pen_part_id id = {state.sum.root, 1, 3};
	test_state_part(&state, 1, 3, &part);
	cr_assert_eq(pen_envelope_seal(&prover.zstd, pen_buf_bytes(&part), 1, &file, NULL), 0);
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		file.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		prover.why.text[0] = 0;
		int err = prove(&prover, &id, pen_buf_bytes(&file));
		if (err)
			cr_expect_gt(strlen(prover.why.text), 0);
		else
			cr_expect_eq(pen_bytes_compare(
					     pen_buf_bytes(&prover.plain), pen_buf_bytes(&part)),
				0, "bit %zu", bit);
		file.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	cr_expect_eq(prove(&prover, &id, pen_buf_bytes(&file)), 0);
	pen_buf_fini(&part);
	pen_buf_fini(&file);
	prover_fini(&prover);
	test_state_fini(&state);
}

/* A subtree that names itself sixteen times at every level is one chain of 40 nodes and 16^40
 * visits: the bound on work ends it. */
Test(part_prove, repeated_subtrees_do_not_run_for_ever)
{
	struct prover prover = {0};
	struct test_state state = {0};
	test_state_add(&state, "", 0, "x", 1);
	test_state_build(&state);
	struct pen_hash child = state.sum.root;
	uint8_t nodes[41][PEN_NODE_BYTES_MAX];
	struct pen_bytes entries[42] = {{(const uint8_t *)"x", 1}};
	struct pen_hash children[16];
	entries[1] = (struct pen_bytes){
		pen_entries_at(&state.entries, 1)->at, pen_entries_at(&state.entries, 1)->len};
	for (int level = 0; level < 40; level++) {
		for (int i = 0; i < 16; i++)
			children[i] = child;
		struct pen_node node = {.kind = PEN_BRANCH,
			.mask = 0xffff,
			.children = children[0].bytes,
			.memory_usage = 1000};
		entries[2 + level] = (struct pen_bytes){
			nodes[level], pen_node_encode(&node, nodes[level])};
		pen_sha256(entries[2 + level], &child);
	}
	struct pen_part_id id = {child, 0, 1};
	cr_expect_eq(prove_entries(&prover, &id, entries, 42), PEN_EREFUSED);
	prover_fini(&prover);
	test_state_fini(&state);
}
