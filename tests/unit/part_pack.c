/* Pairs on their way into raw frames: front coding, names, the cut, and what is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "part/pack.h"

/* Frames as they came out. */
struct taken {
	struct pen_buf bytes;
	uint32_t lens[8], pairs[8];
	uint32_t count;
};

static int take(void *context, uint32_t i, struct pen_bytes raw, uint32_t pairs)
{
	struct taken *taken = context;
	cr_assert_eq(i, taken->count);
	cr_assert_lt(i, 8);
	taken->lens[i] = (uint32_t)raw.len;
	taken->pairs[i] = pairs;
	taken->count++;
	return pen_buf_append(&taken->bytes, raw.at, raw.len);
}

static struct pen_pair pair_of(const char *key, const uint8_t *value, size_t len)
{
	return (struct pen_pair){{(const uint8_t *)key, strlen(key)}, {value, len}};
}

Test(part_pack, keys_share_and_values_are_named)
{
	struct taken taken = {0};
	struct pen_pack pack;
	static const uint8_t a[64] = {1}, b[64] = {2};
	static const struct {
		const char *key;
		const uint8_t *value;
		size_t len;
	} rows[] = {{"", a, 63}, {"ab", a, 64}, {"abc", b, 64}, {"abd", a, 64}, {"b", a, 63},
		{"c", b, 64}};
	pen_pack_init(&pack, take, &taken);
	for (size_t i = 0; i < 6; i++) {
		struct pen_pair pair = pair_of(rows[i].key, rows[i].value, rows[i].len);
		struct pen_hash hash;
		pen_sha256(pair.value, &hash);
		/* With the hash at hand, and without. */
		cr_assert_eq(pen_pack_push(&pack, &pair, i % 2 ? &hash : NULL, NULL), 0);
	}
	cr_expect_eq(taken.count, 0);
	cr_assert_eq(pen_pack_close(&pack), 0);
	cr_expect_eq(taken.count, 1);
	cr_expect_eq(taken.pairs[0], 6);
	cr_expect_eq(pack.scratch_bytes, 128);
	cr_expect_eq(pack.raw_bytes, taken.bytes.len);
	struct pen_buf want = {0};
	pen_buf_append(&want, "\x14\0\0\0\6\0\0\0", 8);
	pen_buf_append(&want, "\0\0\x7e\0\2\x80\1\2\1\x80\1\2\1\3\0\1\x7e\0\1\5", 20);
	pen_buf_append(&want, "abcdbc", 6);
	pen_buf_append(&want, a, 63);
	pen_buf_append(&want, a, 64);
	pen_buf_append(&want, b, 64);
	pen_buf_append(&want, a, 63);
	cr_assert_eq(want.len, taken.bytes.len);
	cr_expect_arr_eq(want.at, taken.bytes.at, want.len);
	pen_buf_fini(&want);
	pen_buf_fini(&taken.bytes);
	pen_pack_fini(&pack);
}

/* Lengths of values, all different, and the pairs of the frames that they make. */
static const struct {
	uint32_t lens[5]; /* ended by 0 */
	uint32_t pairs[5];
} cuts[] = {
	{{1, 2, 3}, {3}},
	{{PEN_LEAN_CUT_BYTES}, {1}},
	{{1, PEN_LEAN_CUT_BYTES, 2}, {1, 1, 1}},
	{{1, PEN_LEAN_CUT_BYTES - 1, 2}, {2, 1}},
	{{PEN_LEAN_CUT_BYTES, PEN_LEAN_CUT_BYTES + 1, 2, 3}, {1, 1, 2}},
	{{100000, 100001, 2, PEN_LEAN_CUT_BYTES}, {2, 1, 1}},
	/* A record has 1 + 1 + 3 + 1 bytes beside its value, a frame 8: just short of the cut, and
	 * at it. */
	{{PEN_LEAN_CUT_BYTES - 15, PEN_LEAN_CUT_BYTES - 1, 5}, {2, 1}},
	{{PEN_LEAN_CUT_BYTES - 14, PEN_LEAN_CUT_BYTES - 1, 5}, {1, 1, 1}},
	{{PEN_VALUE_BYTES_MAX, 5}, {1, 1}},
};

Test(part_pack, the_cut_depends_on_the_pairs_alone)
{
	static uint8_t value[PEN_VALUE_BYTES_MAX];
	struct taken taken = {0};
	struct pen_pack pack;
	pen_pack_init(&pack, take, &taken);
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		taken.count = 0;
		taken.bytes.len = 0;
		pen_pack_reset(&pack);
		for (size_t at = 0; cuts[i].lens[at]; at++) {
			char key[2] = {(char)('a' + at), 0};
			struct pen_pair pair = pair_of(key, value, cuts[i].lens[at]);
			cr_assert_eq(pen_pack_push(&pack, &pair, NULL, NULL), 0);
		}
		cr_assert_eq(pen_pack_close(&pack), 0);
		for (uint32_t frame = 0; frame < 5; frame++)
			cr_expect_eq(frame < taken.count ? taken.pairs[frame] : 0,
				cuts[i].pairs[frame], "row %zu frame %u", i, frame);
	}
	pen_buf_fini(&taken.bytes);
	pen_pack_fini(&pack);
}

/* A long value that is named makes no frame of its own. */
Test(part_pack, a_name_is_short_whatever_it_names)
{
	static uint8_t value[PEN_LEAN_CUT_BYTES];
	struct taken taken = {0};
	struct pen_pack pack;
	pen_pack_init(&pack, take, &taken);
	for (const char *key = "abc"; *key; key++) {
		char text[2] = {*key, 0};
		struct pen_pair pair = pair_of(text, value, sizeof value);
		cr_assert_eq(pen_pack_push(&pack, &pair, NULL, NULL), 0);
	}
	cr_assert_eq(pen_pack_close(&pack), 0);
	cr_expect_eq(taken.count, 2);
	cr_expect_eq(taken.pairs[1], 2);
	cr_expect_eq(taken.lens[1], 8 + 8);
	pen_buf_fini(&taken.bytes);
	pen_pack_fini(&pack);
}

Test(part_pack, what_is_no_state_is_refused)
{
	static uint8_t bytes[PEN_KEY_BYTES_MAX + 1];
	struct pen_why why = {0};
	struct taken taken = {0};
	struct pen_pack pack;
	pen_pack_init(&pack, take, &taken);
	struct pen_pair pair = pair_of("b", bytes, 1);
	cr_assert_eq(pen_pack_push(&pack, &pair, NULL, &why), 0);
	cr_expect_eq(pen_pack_push(&pack, &pair, NULL, &why), PEN_EINPUT);
	cr_expect_not_null(strstr(why.text, "not larger"));
	pair = pair_of("a", bytes, 1);
	cr_expect_eq(pen_pack_push(&pack, &pair, NULL, &why), PEN_EINPUT);
	pair = (struct pen_pair){{bytes, sizeof bytes}, {bytes, 1}};
	bytes[0] = 'c';
	cr_expect_eq(pen_pack_push(&pack, &pair, NULL, &why), PEN_EINPUT);
	pair = pair_of("c", bytes, PEN_VALUE_BYTES_MAX + (size_t)1);
	cr_expect_eq(pen_pack_push(&pack, &pair, NULL, &why), PEN_EINPUT);
	cr_expect_not_null(strstr(why.text, "at most 2048 and 4194304"));
	pen_buf_fini(&taken.bytes);
	pen_pack_fini(&pack);
}

static int drop(void *context, uint32_t i, struct pen_bytes raw, uint32_t pairs)
{
	(void)context, (void)i, (void)raw, (void)pairs;
	return 0;
}

Test(part_pack, more_than_a_part_has_no_lean_form)
{
	struct pen_why why = {0};
	struct pen_pack pack;
	uint8_t *value = calloc(1, PEN_VALUE_BYTES_MAX);
	uint32_t count = 0;
	int err = 0;
	pen_pack_init(&pack, drop, NULL);
	for (; !err; count++) {
		char key[8];
		snprintf(key, sizeof key, "%06u", count);
		struct pen_pair pair = pair_of(key, value, PEN_VALUE_BYTES_MAX);
		struct pen_hash hash = {{0}};
		memcpy(hash.bytes, &count, sizeof count);
		err = pen_pack_push(&pack, &pair, &hash, &why);
	}
	cr_expect_eq(err, PEN_EREFUSED);
	cr_expect_not_null(strstr(why.text, "no lean form"));
	cr_expect_eq(count, 128);
	free(value);
	pen_pack_fini(&pack);
}
