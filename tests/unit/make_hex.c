#include <criterion/criterion.h>

#include "base/check.h"
#include "make/hex.h"

static struct pen_bytes text_bytes(const char *text)
{
	return (struct pen_bytes){(const uint8_t *)text, strlen(text)};
}

Test(make_hex, lines)
{
	static const struct {
		const char *line, *key, *value;
		size_t key_len, value_len;
	} rows[] = {
		{"- -", "", "", 0, 0},
		{"00 -", "\0", "", 1, 0},
		{"- fF", "", "\xff", 0, 1},
		{"616263 6465", "abc", "de", 3, 2},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t plain[64];
		struct pen_pair pair;
		cr_assert_eq(pen_hex_decode_line(text_bytes(rows[i].line), plain, &pair, NULL), 0);
		cr_assert_eq(pair.key.len, rows[i].key_len);
		cr_assert_eq(pair.value.len, rows[i].value_len);
		cr_assert_eq(memcmp(pair.key.at, rows[i].key, rows[i].key_len), 0);
		cr_assert_eq(memcmp(pair.value.at, rows[i].value, rows[i].value_len), 0);
	}
}

Test(make_hex, refuses)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{"", "it is empty"},
		{"00", "the value is missing"},
		{"00 ", "the value is missing"},
		{" 00", "the key is missing"},
		{"0 00", "the key has an odd number of hex digits, 1"},
		{"00 000", "the value has an odd number of hex digits, 3"},
		{"0g 00", "'g' in column 2 of the line is no hex digit of the key"},
		{"00 0x", "'x' in column 5 of the line is no hex digit of the value"},
		{"00 000x", "'x' in column 7"},
		{"00 00x", "'x' in column 6"},
		{"00  00", "' ' in column 4"},
		{"00 00 00", "' ' in column 6"},
		{"00\t00", "byte 0x09 in column 3"},
		{"00 00\r", "carriage return"},
		{"00 --", "'-' in column 4"},
		{"-- 00", "'-' in column 1"},
		{"00 \x80\x80", "byte 0x80 in column 4"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t plain[64];
		struct pen_pair pair;
		struct pen_why why = {0};
		int err = pen_hex_decode_line(text_bytes(rows[i].line), plain, &pair, &why);
		cr_assert_eq(err, PEN_EINPUT, "%s", rows[i].line);
		cr_assert(strstr(why.text, rows[i].why), "%s: %s", rows[i].line, why.text);
	}
}

Test(make_hex, limits)
{
	static char line[2 * PEN_KEY_BYTES_MAX + 8];
	static uint8_t plain[sizeof line];
	struct pen_pair pair;
	memset(line, '0', sizeof line);
	memcpy(line + 2 * PEN_KEY_BYTES_MAX, " -", 3);
	cr_assert_eq(pen_hex_decode_line(text_bytes(line), plain, &pair, NULL), 0);
	cr_assert_eq(pair.key.len, PEN_KEY_BYTES_MAX);
	memcpy(line + 2 * PEN_KEY_BYTES_MAX, "00 -", 5);
	cr_assert_eq(pen_hex_decode_line(text_bytes(line), plain, &pair, NULL), PEN_EINPUT);
}
