/* Parts put together out of pieces of several makers. */
#include "../../tools/penstock/parcel.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fakes/lean.h"
#include "part/judge.h"
#include "part/press.h"
#include "store/catalog.h"

#define LEVELS 2u
#define MIB ((size_t)1 << 20)

static struct fake_state state;
static struct fake_part apart;
static struct pen_buf made[LEVELS]; /* the same part by two makers */
static struct pen_lean_head head[LEVELS];
static uint8_t blob[PEN_BLOB_BYTES];
static struct pen_zstd zstd;
static struct pen_buf scratch;
static uint64_t bits[PARCEL_UNITS_MAX / 64];

static void press(int level, struct pen_buf *out)
{
	struct pen_press press = {0};
	const struct pen_reader reader = fake_state_reader(&state);
	PEN_CHECK(!pen_press_open(&press, &apart.id, &reader, level, NULL));
	for (size_t i = 0; i < fake_pairs_count(&apart.pairs); i++)
		PEN_CHECK(!pen_press_push(&press, &fake_pairs(&apart.pairs)[i], NULL, NULL));
	PEN_CHECK(!pen_press_close(&press, out, NULL));
	pen_press_fini(&press);
}

/* A state of large values that compress, so that makers differ; the first has a frame of 3 MiB. */
static void setup(void)
{
	static struct pen_pair pairs[40];
	static char keys[40][8];
	struct pen_rng rng = {1};
	for (unsigned i = 0; i < 40; i++) {
		size_t len = i ? 50000 : 3 * MIB;
		uint8_t *value = malloc(len);
		for (size_t at = 0; at < len; at++)
			value[at] = (uint8_t)(i ? pen_rng_below(&rng, 5) + i
						: pen_rng_below(&rng, 256));
		snprintf(keys[i], sizeof keys[i], "k%02u", i);
		pairs[i] = (struct pen_pair){{(uint8_t *)keys[i], 3}, {value, len}};
	}
	fake_state_of(&state, pairs, 40);
	fake_part_open(&apart, &state, 0, 1);
	for (unsigned i = 0; i < LEVELS; i++) {
		press(i ? 9 : -5, &made[i]);
		PEN_CHECK(!pen_lean_decode(pen_buf_bytes(&made[i]), &head[i], NULL));
	}
	struct pen_catalog_file file = {.k = 0};
	PEN_CHECK(!pen_catalog_lean(pen_buf_bytes(&made[0]), &scratch, &file));
	memcpy(blob, file.blob, sizeof blob);
	for (unsigned i = 0; i < 40; i++)
		free((void *)(uintptr_t)pairs[i].value.at);
}

/* Piece u of a maker's part. */
static struct pen_bytes piece(unsigned maker, uint32_t u)
{
	struct pen_bytes out = {made[maker].at, head[maker].bytes};
	for (uint32_t i = 0; i < u; i++) {
		out.at += out.len;
		out.len = pen_lean_row(&head[maker], i).stored_bytes;
	}
	return out;
}

static struct parcel_name name_of(uint64_t bytes_max)
{
	struct parcel_name name = {.id = apart.id,
		.form = PEN_FORM_LEAN,
		.units = head[0].frames + 1,
		.bytes = made[0].len,
		.bytes_max = bytes_max};
	memcpy(name.name, blob, sizeof blob);
	return name;
}

/* Put a piece, in blocks if it is longer than one, the last block first. */
static int put(struct parcel *parcel, uint32_t u, struct pen_bytes bytes)
{
	static uint32_t starts;
	uint32_t blocks = (uint32_t)((bytes.len + MIB - 1) / MIB);
	uint32_t start = blocks > 1 ? ++starts : 0;
	int err = 0;
	for (uint32_t b = blocks; !err && b-- > 0;) {
		size_t left = bytes.len - b * MIB;
		const struct parcel_block block = {.unit = u,
			.block = b,
			.blocks = blocks,
			.start = start,
			.server = (uint8_t)u,
			.whole = b == 0,
			.bytes = {bytes.at + b * MIB, left < MIB ? left : MIB}};
		err = parcel_put(parcel, &block);
	}
	return err;
}

/* All pieces, each of the maker that the function names, in some order. */
static void fill(struct parcel *parcel, unsigned (*maker)(uint32_t u))
{
	const struct parcel_name name = name_of(64 * MIB);
	cr_assert_eq(parcel_begin(parcel, &name), 0);
	for (uint32_t i = 0; i < name.units; i++) {
		uint32_t u = (i * 7 + 3) % name.units;
		cr_assert_eq(put(parcel, u, piece(maker(u), u)), 0);
	}
}

static unsigned first(uint32_t u)
{
	return u & 0;
}

static unsigned second(uint32_t u)
{
	return (u & 0) + 1;
}

static unsigned in_turn(uint32_t u)
{
	return u % 2;
}

/* The parts of one maker come out as he made them; mixed ones are parts too. */
Test(tools_parcel, joins)
{
	static struct parcel parcel;
	static struct pen_judge judge;
	static const struct {
		unsigned (*maker)(uint32_t u);
		const struct pen_buf *same;
	} rows[] = {{first, &made[0]}, {second, &made[1]}, {in_turn, NULL}};
	struct pen_buf out = {0};
	setup();
	cr_assert_geq(head[0].frames, 5);
	cr_assert_neq(made[0].len, made[1].len, "makers differ");
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_bytes whole;
		struct pen_why why = {0};
		fill(&parcel, rows[i].maker);
		cr_assert_eq(parcel_join(&parcel, &out, &whole, &why), 0, "%s", why.text);
		cr_expect_eq(pen_judge_part(&judge, &apart.id, whole, &why), 0, "%s", why.text);
		const struct pen_buf *same = rows[i].same;
		cr_expect(!same ||
			(whole.len == same->len && !memcmp(whole.at, same->at, same->len)));
		cr_expect_eq(parcel_wrong(&parcel, &zstd, &scratch, bits), 0);
		cr_expect(!parcel_as_named(&parcel), "that says nothing of lean parts");
	}
	parcel_fini(&parcel);
}

/* A piece that is wrong by itself is found, and no other. */
Test(tools_parcel, wrong_pieces)
{
	static struct parcel parcel;
	setup();
	for (uint32_t u = 0; u <= head[0].frames; u++) {
		fill(&parcel, in_turn);
		struct pen_bytes at = parcel_piece(&parcel, u);
		parcel.bytes.at[at.at - parcel.bytes.at + at.len / 2] ^= 1;
		cr_expect_eq(parcel_wrong(&parcel, &zstd, &scratch, bits), 1, "piece %u", u);
		cr_expect_eq(bits[u / 64], UINT64_C(1) << u % 64);
		if (u)
			continue;
		struct pen_bytes whole;
		struct pen_buf out = {0};
		cr_expect_eq(parcel_join(&parcel, &out, &whole, NULL), PEN_EHEAD);
	}
	/* A head of the right form, and of another part. */
	fill(&parcel, first);
	parcel.is.name[3] ^= 1;
	cr_expect_eq(parcel_wrong(&parcel, &zstd, &scratch, bits), 1);
	cr_expect_eq(bits[0], 1);
	parcel_fini(&parcel);
}

/* What came first is compared by raw bytes, so that another maker's frame is no lie. */
Test(tools_parcel, others)
{
	static struct parcel before, proved;
	setup();
	fill(&before, in_turn);
	fill(&proved, second);
	cr_expect_eq(parcel_others(&before, &proved, &zstd, bits), 0);
	struct pen_bytes at = parcel_piece(&before, 2);
	before.bytes.at[at.at - before.bytes.at + at.len / 2] ^= 1;
	cr_expect_eq(parcel_others(&before, &proved, &zstd, bits), 1);
	cr_expect_eq(bits[0], 4);
	parcel_fini(&before);
	parcel_fini(&proved);
}

Test(tools_parcel, nearcore_form)
{
	static struct parcel parcel, other;
	static uint8_t file[2 * MIB + 100];
	struct pen_rng rng = {1};
	for (size_t i = 0; i < sizeof file; i++)
		file[i] = (uint8_t)pen_rng_below(&rng, 256);
	struct parcel_name name = {.form = PEN_FORM_NEARCORE,
		.units = 3,
		.bytes = sizeof file,
		.bytes_max = sizeof file};
	pen_blob_id((struct pen_bytes){file, sizeof file}, name.name);
	struct parcel *both[] = {&parcel, &other};
	for (unsigned p = 0; p < 2; p++) {
		cr_assert_eq(parcel_begin(both[p], &name), 0);
		for (uint32_t u = 3; u-- > 0;) {
			struct pen_bytes bytes = {file + u * MIB, u == 2 ? 100 : MIB};
			cr_assert_eq(put(both[p], u, bytes), 0);
		}
	}
	struct pen_bytes whole;
	cr_assert_eq(parcel_join(&parcel, NULL, &whole, NULL), 0);
	cr_expect_eq(whole.len, sizeof file);
	cr_expect_arr_eq(whole.at, file, sizeof file);
	cr_expect(parcel_as_named(&parcel));
	other.bytes.at[MIB + 5] ^= 1;
	cr_expect(!parcel_as_named(&other));
	cr_expect_eq(parcel_wrong(&other, &zstd, &scratch, bits), 0, "no piece can be told");
	cr_expect_eq(parcel_others(&other, &parcel, &zstd, bits), 1);
	cr_expect_eq(bits[0], 2);
	cr_expect_eq(parcel_others(&parcel, &other, &zstd, bits), 0,
		"what has not its name tells nothing of others");
	cr_expect_eq(bits[0], 0);
	struct pen_bytes much = {file, MIB};
	cr_expect_eq(put(&parcel, 2, much), PEN_ELARGE, "more than its place");
	parcel_fini(&parcel);
	parcel_fini(&other);
}

/* Whoever sends more than was offered is not given the memory for it. */
Test(tools_parcel, is_bounded)
{
	static struct parcel parcel;
	setup();
	const struct parcel_name name = name_of(5 * MIB);
	cr_assert_eq(parcel_begin(&parcel, &name), 0);
	cr_expect_eq(put(&parcel, 1, piece(0, 1)), 0);
	cr_expect_eq(put(&parcel, 2, piece(0, 1)), PEN_ELARGE);
	cr_expect_eq(put(&parcel, 3, piece(0, 3)), 0, "one that fits does");
	parcel_drop(&parcel, 3);
	cr_expect(!parcel_unit(&parcel, 3)->here);
	cr_expect_leq(parcel.bytes.len, 5 * MIB);
	parcel_fini(&parcel);
}
