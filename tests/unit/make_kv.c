#include <criterion/criterion.h>

#include "base/check.h"
#include "make/kv.h"

Test(make_kv, record_in_pieces)
{
	uint8_t record[PEN_KV_HEAD_BYTES + 5];
	struct pen_pair pair = {{(const uint8_t *)"ab", 2}, {(const uint8_t *)"xyz", 3}}, back;
	size_t used;
	pen_kv_head(&pair, record);
	memcpy(record + PEN_KV_HEAD_BYTES, "abxyz", 5);
	for (size_t len = 0; len < sizeof record; len++) {
		cr_assert_eq(pen_kv_decode((struct pen_bytes){record, len}, &back, &used, NULL), 0);
		cr_assert_eq(used, len < PEN_KV_HEAD_BYTES ? PEN_KV_HEAD_BYTES : sizeof record);
	}
	struct pen_bytes whole = {record, sizeof record};
	cr_assert_eq(pen_kv_decode(whole, &back, &used, NULL), 1);
	cr_assert_eq(used, sizeof record);
	cr_assert_eq(pen_bytes_compare(back.key, pair.key), 0);
	cr_assert_eq(pen_bytes_compare(back.value, pair.value), 0);
}

Test(make_kv, limits_come_before_the_bytes)
{
	static const struct {
		uint32_t key, value;
		int result;
		size_t used;
	} rows[] = {
		{0, 0, 1, 8},
		{PEN_KEY_BYTES_MAX, PEN_VALUE_BYTES_MAX, 0, PEN_KV_BYTES_MAX},
		{PEN_KEY_BYTES_MAX + 1, 0, PEN_EINPUT, 8},
		{0, PEN_VALUE_BYTES_MAX + 1, PEN_EINPUT, 8},
		{UINT32_MAX, UINT32_MAX, PEN_EINPUT, 8},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t head[PEN_KV_HEAD_BYTES];
		struct pen_pair pair;
		size_t used;
		struct pen_why why = {0};
		pen_put_le32(head, rows[i].key);
		pen_put_le32(head + 4, rows[i].value);
		struct pen_bytes bytes = {head, sizeof head};
		cr_assert_eq(pen_kv_decode(bytes, &pair, &used, &why), rows[i].result);
		cr_assert_eq(used, rows[i].used);
		cr_assert_eq(why.text[0] != 0, rows[i].result < 0);
	}
}
