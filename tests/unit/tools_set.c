/* Choices of parts as people write them. */
#include "../../tools/penstock/set.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"

Test(tools_set, are_written_as_they_are_read)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{"0", "part 0"},
		{"0,1", "parts 0-1"},
		{"5-9,3,17", "parts 3,5-9,17"},
		{"0-99", "parts 0-99"},
		{"98,99,0", "parts 0,98-99"},
	};
	struct pen_buf bits = {0};
	struct pen_why why = {0};
	char text[SET_TEXT_BYTES];
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		cr_assert_eq(set_parse(rows[i].text, 100, &bits, &why), 0, "%s", why.text);
		cr_expect_str_eq(set_text(bits.at, 100, text), rows[i].said);
	}
	memset(bits.at, 0, bits.len);
	cr_expect_str_eq(set_text(bits.at, 100, text), "no part");
	pen_buf_fini(&bits);
}

Test(tools_set, long_ones_end_in_dots)
{
	static uint8_t bits[65536 / 8];
	char text[SET_TEXT_BYTES];
	memset(bits, 0x55, sizeof bits);
	set_text(bits, 65536, text);
	cr_expect_lt(strlen(text), sizeof text);
	cr_expect(!strncmp(text, "parts 0,2,4,", 12), "%s", text);
	cr_expect_str_eq(text + strlen(text) - 4, ",...");
	/* Whatever its length, it fits. */
	for (unsigned members = 1; members < 60; members++) {
		memset(bits, 0, sizeof bits);
		for (unsigned i = 0; i < members; i++)
			bits[i * 137] |= (uint8_t)(1u << i % 8);
		cr_expect_lt(strlen(set_text(bits, 65536, text)), sizeof text);
	}
}

Test(tools_set, refuses)
{
	static const char *const texts[] = {"", ",", "1,", "-1", "3-1", "x", "1-", "100", "0-100"};
	struct pen_buf bits = {0};
	struct pen_why why = {0};
	for (size_t i = 0; i < PEN_COUNT(texts); i++)
		cr_expect_eq(set_parse(texts[i], 100, &bits, &why), PEN_EUSAGE, "%s", texts[i]);
	pen_buf_fini(&bits);
}
