#include <criterion/criterion.h>
#include <errno.h>

#include "base/buf.h"

Test(base_buf, grows_and_keeps_its_bytes)
{
	struct pen_buf buf = {0};
	for (unsigned i = 0; i < 10000; i++)
		cr_assert_eq(pen_buf_append(&buf, &i, sizeof i), 0);
	cr_assert_eq(buf.len, 40000);
	for (unsigned i = 0; i < 10000; i++)
		cr_assert_eq(pen_le32(buf.at + 4 * (size_t)i), i);
	cr_expect_eq(pen_buf_bytes(&buf).len, buf.len);
	pen_buf_fini(&buf);
	cr_expect_null(buf.at);
}

Test(base_buf, refuses_what_no_memory_can_hold)
{
	struct pen_buf buf = {0};
	cr_assert_eq(pen_buf_append(&buf, "abc", 3), 0);
	cr_expect_eq(pen_buf_grow(&buf, SIZE_MAX), -ENOMEM);
	cr_expect_eq(pen_buf_grow(&buf, SIZE_MAX - 1), -ENOMEM);
	cr_expect_eq(buf.len, 3);
	cr_expect_eq(memcmp(buf.at, "abc", 3), 0);
	cr_expect_eq(pen_buf_append(&buf, NULL, 0), 0);
	pen_buf_fini(&buf);
	pen_buf_fini(NULL);
}

Test(base_buf, grows_within_a_limit)
{
	struct pen_buf buf = {0};
	cr_assert_eq(pen_buf_grow_within(&buf, 1, 1000), 0);
	cr_expect_eq(buf.cap, 256);
	buf.len = 256;
	cr_assert_eq(pen_buf_grow_within(&buf, 1, 300), 0);
	cr_expect_eq(buf.cap, 300);
	buf.len = 300;
	cr_assert_eq(pen_buf_grow_within(&buf, 100, 5000), 0);
	cr_expect_eq(buf.cap, 450);
	cr_assert_eq(pen_buf_grow_within(&buf, SIZE_MAX, SIZE_MAX), -ENOMEM);
	pen_buf_fini(&buf);
}

/* Reserved whole, a buffer stays where it is until it holds more than was expected. */
Test(base_buf, reserved_whole_it_does_not_move)
{
	static const size_t caps[] = {1, 100, 4096, (size_t)2 << 20, (size_t)7 << 20};
	for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
		struct pen_buf buf = {0};
		cr_assert_eq(pen_buf_reserve_whole(&buf, caps[i]), 0);
		const uint8_t *at = buf.at;
		for (size_t n = 0; n < caps[i]; n += caps[i] / 7 + 1)
			cr_assert_eq(pen_buf_append(&buf, "x", 1), 0);
		cr_expect_eq(buf.at, at);
		buf.len = 0;
		cr_assert_eq(pen_buf_reserve_whole(&buf, caps[i] / 2), 0);
		cr_expect_eq(buf.at, at);
		cr_expect_geq(buf.cap, caps[i]);
		pen_buf_fini(&buf);
	}
}
