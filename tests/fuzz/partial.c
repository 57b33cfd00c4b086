/*
 * The entries of a PartialState follow each other without a gap; encoded again they are sorted,
 * decode to the same list, and equal the input if that was sorted.
 */
#include "fuzz.h"
#include "part/partial.h"

static struct pen_bytes *list_of(struct pen_buf *entries)
{
	return (struct pen_bytes *)(void *)entries->at;
}

static bool check_list(struct pen_buf *entries, uint32_t count, struct pen_bytes whole)
{
	const uint8_t *at = whole.at + PEN_PARTIAL_HEAD_BYTES;
	bool sorted = true;
	PEN_CHECK(entries->len == count * sizeof(struct pen_bytes));
	for (uint32_t i = 0; i < count; i++) {
		struct pen_bytes entry = list_of(entries)[i];
		PEN_CHECK(entry.at == at + 4);
		PEN_CHECK(pen_le32(at) == entry.len);
		at = entry.at + entry.len;
		if (i && pen_bytes_compare(list_of(entries)[i - 1], entry) > 0)
			sorted = false;
	}
	PEN_CHECK(at == whole.at + whole.len);
	return sorted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes bytes = {data, len};
	struct pen_buf entries = {0}, out = {0}, more = {0};
	uint32_t count, again;
	if (pen_partial_decode(bytes, &entries, &count, NULL) == 0) {
		bool sorted = check_list(&entries, count, bytes);
		PEN_CHECK(pen_partial_encode(list_of(&entries), count, &out, NULL) == 0);
		PEN_CHECK(out.len == len);
		if (sorted)
			PEN_CHECK(fuzz_same(pen_buf_bytes(&out), bytes));
		PEN_CHECK(pen_partial_decode(pen_buf_bytes(&out), &more, &again, NULL) == 0);
		PEN_CHECK(again == count);
		PEN_CHECK(check_list(&more, again, pen_buf_bytes(&out)));
		for (uint32_t i = 0; i < count; i++)
			PEN_CHECK(fuzz_same(list_of(&more)[i], list_of(&entries)[i]));
	}
	pen_buf_fini(&entries);
	pen_buf_fini(&out);
	pen_buf_fini(&more);
	return 0;
}
