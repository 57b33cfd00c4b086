/* Stored column values split into slices of themselves, and an inlined one is written the same. */
#include "fuzz.h"
#include "part/column.h"

static void check_flat(struct pen_bytes bytes)
{
	struct pen_flat flat;
	struct pen_hash hash;
	uint8_t head[PEN_FLAT_HEAD_BYTES_MAX];
	size_t head_len;
	if (pen_flat_decode(bytes, &flat))
		return;
	if (!flat.inlined) {
		PEN_CHECK(fuzz_same((struct pen_bytes){flat.hash.bytes, PEN_HASH_BYTES},
			(struct pen_bytes){bytes.at + bytes.len - PEN_HASH_BYTES, PEN_HASH_BYTES}));
		return;
	}
	PEN_CHECK(fuzz_within(flat.value, bytes));
	PEN_CHECK(flat.value.len == flat.value_len);
	if (flat.value_len > PEN_INLINE_BYTES_MAX)
		return;
	pen_sha256(flat.value, &hash);
	PEN_CHECK(pen_flat_head(flat.value, &hash, head, &head_len));
	PEN_CHECK(head_len + flat.value.len == bytes.len);
	PEN_CHECK(!memcmp(head, bytes.at, head_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes bytes = {data, len}, payload;
	int64_t refs;
	check_flat(bytes);
	if (pen_refs_decode(bytes, &payload, &refs) == 0) {
		PEN_CHECK(fuzz_within(payload, bytes));
		PEN_CHECK(payload.len == len - PEN_REFS_BYTES);
		PEN_CHECK((uint64_t)refs == pen_le64(data + payload.len));
	}
	return 0;
}
