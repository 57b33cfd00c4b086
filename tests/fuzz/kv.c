/*
 * A stream of kv records: each lies within the input, is within its limits, and is written by the
 * same head; a record that is cut off says how much more it needs, and does not lie.
 */
#include "fuzz.h"
#include "make/kv.h"

/* A prefix of a record is a record that goes on. */
static void check_prefix(struct pen_bytes record)
{
	struct pen_pair pair;
	size_t need;
	struct pen_bytes cut = {record.at, record.len / 2};
	PEN_CHECK(pen_kv_decode(cut, &pair, &need, NULL) == 0);
	PEN_CHECK(need > cut.len);
	PEN_CHECK(need <= record.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes left = {data, len};
	struct pen_pair pair;
	struct pen_pair_order order = {0};
	uint8_t head[PEN_KV_HEAD_BYTES];
	size_t used;
	while (pen_kv_decode(left, &pair, &used, NULL) == 1) {
		PEN_CHECK(used == PEN_KV_HEAD_BYTES + pair.key.len + pair.value.len);
		PEN_CHECK(used <= left.len);
		PEN_CHECK(fuzz_within(pair.key, left));
		PEN_CHECK(fuzz_within(pair.value, left));
		pen_kv_head(&pair, head);
		PEN_CHECK(!memcmp(head, left.at, sizeof head));
		check_prefix((struct pen_bytes){left.at, used});
		if (pen_pair_accept(&order, &pair, NULL))
			break;
		left = (struct pen_bytes){left.at + used, left.len - used};
	}
	return 0;
}
