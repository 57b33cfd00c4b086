#include <criterion/criterion.h>

#include "base/check.h"
#include "part/partial.h"
#include "util.h"

static struct pen_bytes of_hex(const char *hex, uint8_t *out)
{
	cr_assert_eq(pen_hex_decode(hex, strlen(hex), out), 0);
	return (struct pen_bytes){out, strlen(hex) / 2};
}

Test(part_partial, sorts_and_reads_back)
{
	struct pen_buf out = {0}, list = {0};
	uint32_t count;
	char hex[100];
	struct pen_bytes entries[] = {{(const uint8_t *)"b", 1}, {(const uint8_t *)"", 0},
		{(const uint8_t *)"ab", 2}, {(const uint8_t *)"a", 1}};
	cr_assert_eq(pen_partial_encode(entries, 4, &out, NULL), 0);
	cr_expect_str_eq(pen_hex(pen_buf_bytes(&out), hex),
		"00040000000000000001000000610200000061620100000062");
	cr_assert_eq(pen_partial_decode(pen_buf_bytes(&out), &list, &count, NULL), 0);
	cr_expect_eq(count, 4);
	const struct pen_bytes *back = (const struct pen_bytes *)(void *)list.at;
	cr_expect_eq(pen_bytes_compare(back[2], entries[2]), 0);
	pen_buf_fini(&out);
	pen_buf_fini(&list);
}

Test(part_partial, empty)
{
	struct pen_buf out = {0}, list = {0};
	uint32_t count = 9;
	char hex[20];
	cr_assert_eq(pen_partial_encode(NULL, 0, &out, NULL), 0);
	cr_expect_str_eq(pen_hex(pen_buf_bytes(&out), hex), "0000000000");
	cr_assert_eq(pen_partial_decode(pen_buf_bytes(&out), &list, &count, NULL), 0);
	cr_expect_eq(count, 0);
	pen_buf_fini(&out);
	pen_buf_fini(&list);
}

/* Each of these says more than it holds, or less; none may reserve memory for what it says. */
Test(part_partial, refuses)
{
	static const struct {
		const char *hex, *why;
	} rows[] = {
		{"", "its head alone"},
		{"00000000", "its head alone"},
		{"0100000000", "unknown PartialState variant 1"},
		{"0054331300", "entry limit exceeded: 1258324 entries"},
		{"00ffffffff", "entry limit exceeded"},
		{"0001000000", "says 1 entries and has 0 bytes"},
		{"000200000001000000", "says 2 entries and has 4 bytes"},
		{"00010000000500000001020304", "ends inside entry 0 of 1"},
		{"0001000000ffffffff", "ends inside entry 0 of 1"},
		{"000100000001000000aabb", "1 bytes follow"},
		{"000000000000", "1 bytes follow"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t bytes[64];
		struct pen_buf list = {0};
		struct pen_why why = {0};
		uint32_t count;
		cr_expect_eq(pen_partial_decode(of_hex(rows[i].hex, bytes), &list, &count, &why),
			PEN_EENVELOPE);
		cr_expect_not_null(strstr(why.text, rows[i].why), "row %zu: %s", i, why.text);
		cr_expect_leq(list.cap, 256, "row %zu reserved %zu bytes", i, list.cap);
		pen_buf_fini(&list);
	}
}
