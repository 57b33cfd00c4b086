#include <criterion/criterion.h>

#include "base/check.h"
#include "make/pair.h"

static int accept(struct pen_pair_order *order, const char *key, struct pen_why *why)
{
	struct pen_pair pair = {{(const uint8_t *)key, strlen(key)}, {0}};
	return pen_pair_accept(order, &pair, why);
}

Test(make_pair, keys_ascend)
{
	static const struct {
		const char *key;
		int err;
		const char *why;
	} rows[] = {
		{"", 0, ""},
		{"", PEN_EINPUT, "key - is there twice"},
		{"a", 0, ""},
		{"a", PEN_EINPUT, "key 61 is there twice"},
		{"aa", 0, ""},
		{"a", PEN_EINPUT, "key 61 is smaller than the one before it, 6161"},
		{"b", 0, ""},
		{"\xff", 0, ""},
	};
	struct pen_pair_order order = {0};
	uint64_t good = 0;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_why why = {0};
		cr_assert_eq(accept(&order, rows[i].key, &why), rows[i].err);
		cr_assert(strstr(why.text, rows[i].why), "%s", why.text);
		good += !rows[i].err;
		cr_assert_eq(order.count, good);
	}
}

Test(make_pair, limits)
{
	static uint8_t bytes[PEN_VALUE_BYTES_MAX + 1];
	static const struct {
		size_t key, value;
		int err;
	} rows[] = {
		{PEN_KEY_BYTES_MAX, PEN_VALUE_BYTES_MAX, 0},
		{PEN_KEY_BYTES_MAX + 1, 0, PEN_EINPUT},
		{1, PEN_VALUE_BYTES_MAX + 1, PEN_EINPUT},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_pair_order order = {0};
		struct pen_pair pair = {{bytes, rows[i].key}, {bytes, rows[i].value}};
		struct pen_why why = {0};
		cr_assert_eq(pen_pair_accept(&order, &pair, &why), rows[i].err);
		cr_assert_eq(why.text[0] != 0, rows[i].err != 0);
	}
}
