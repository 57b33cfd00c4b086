#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "part/nibbles.h"
#include "util.h"

/* nearcore core/store/src/trie/nibble_slice.rs, and the flags of every parity and kind. */
Test(part_nibbles, encodes_and_reads_back)
{
	static const struct {
		uint8_t nibbles[9];
		uint32_t count;
		bool leaf;
		const char *hex;
	} rows[] = {
		{{0, 1, 2, 3, 4, 5}, 6, false, "00012345"},
		{{0, 1, 2, 3, 4, 5}, 6, true, "20012345"},
		{{1, 2, 3, 4, 5}, 5, false, "112345"},
		{{1, 2, 3, 4, 5}, 5, true, "312345"},
		{{0}, 0, true, "20"},
		{{0}, 0, false, "00"},
		{{15}, 1, true, "3f"},
		{{0}, 1, false, "10"},
		{{7, 4, 6, 5, 7, 3, 7, 4}, 8, true, "2074657374"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t out[8];
		char hex[20];
		struct pen_path path = {0};
		size_t len = pen_hpe_encode(rows[i].nibbles, rows[i].count, rows[i].leaf, out);
		struct pen_bytes encoded = {out, len};
		cr_expect_str_eq(pen_hex(encoded, hex), rows[i].hex);
		cr_expect_eq(pen_hpe_count(encoded), rows[i].count);
		cr_expect_eq(pen_path_append_hpe(&path, encoded), 0);
		cr_expect_eq(path.len, rows[i].count);
		cr_expect_eq(memcmp(path.at, rows[i].nibbles, rows[i].count), 0);
	}
}

Test(part_nibbles, paths_are_bounded)
{
	static struct pen_path path;
	static uint8_t key[PEN_KEY_BYTES_MAX], back[PEN_KEY_BYTES_MAX];
	uint8_t long_key[PEN_HPE_BYTES_MAX + 1] = {0x20};
	memset(key, 0xa5, sizeof key);
	pen_path_of_key(&path, (struct pen_bytes){key, sizeof key});
	cr_assert_eq(path.len, PEN_KEY_NIBBLES_MAX);
	cr_expect_eq(path.at[0], 10);
	cr_expect_eq(path.at[1], 5);
	cr_expect_eq(pen_path_key(&path, back), PEN_KEY_BYTES_MAX);
	cr_expect_eq(memcmp(key, back, sizeof key), 0);
	cr_expect_eq(pen_path_append(&path, 1), PEN_EINCONSISTENT);
	cr_expect_eq(
		pen_path_append_hpe(&path, (struct pen_bytes){long_key, 2}), PEN_EINCONSISTENT);
	cr_expect_eq(pen_path_append_hpe(&path, (struct pen_bytes){long_key, 1}), 0);
	path.len = 0;
	cr_expect_eq(pen_path_append_hpe(&path, (struct pen_bytes){long_key, sizeof long_key}),
		PEN_EINCONSISTENT);
	path.len = 3;
	cr_expect_eq(pen_path_key(&path, back), PEN_EINCONSISTENT);
}

static enum pen_relation relation(const struct pen_path *path, const struct pen_path *bound)
{
	enum pen_relation at = bound->len ? PEN_PREFIX : PEN_EQUAL;
	for (uint32_t i = 0; i < path->len; i++)
		at = pen_path_step(at, bound, i, path->at[i]);
	return at;
}

/* Stepping nibble by nibble says the same as comparing whole paths, for all paths of up to four
 * nibbles out of three. */
Test(part_nibbles, steps_agree_with_comparison)
{
	static struct pen_path paths[121];
	size_t count = 0;
	for (uint32_t len = 0, number = 1; len <= 4; len++, number *= 3) {
		for (uint32_t i = 0; i < number; i++, count++) {
			paths[count].len = len;
			for (uint32_t j = 0, rest = i; j < len; j++, rest /= 3)
				paths[count].at[j] = rest % 3;
		}
	}
	cr_assert_eq(count, PEN_COUNT(paths));
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			int order = pen_path_compare(&paths[i], &paths[j]);
			enum pen_relation at = relation(&paths[i], &paths[j]);
			cr_assert_eq(order < 0, at == PEN_BEFORE || at == PEN_PREFIX);
			cr_assert_eq(order == 0, at == PEN_EQUAL);
			cr_assert_eq(order > 0, at == PEN_BEHIND);
		}
	}
}

Test(part_nibbles, what_keys_share)
{
	static const struct {
		const char *a, *b;
		uint32_t common;
	} rows[] = {{"", "", 0}, {"", "a", 0}, {"a", "a", 2}, {"a", "b", 1}, {"a", "q", 0},
		{"ab", "a", 2}, {"abcdefghij", "abcdefghij", 20}, {"abcdefghij", "abcdefgh", 16},
		{"abcdefghi", "abcdefghj", 17}, {"0bcdefghi", "abcdefghi", 0}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_bytes a = {(const uint8_t *)rows[i].a, strlen(rows[i].a)};
		struct pen_bytes b = {(const uint8_t *)rows[i].b, strlen(rows[i].b)};
		cr_expect_eq(pen_key_common(a, b), rows[i].common, "row %zu", i);
		cr_expect_eq(pen_key_common(b, a), rows[i].common, "row %zu", i);
	}
}
