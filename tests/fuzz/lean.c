/*
 * A head that decodes is the one that its fields encode to, byte for byte, and its sections lie in
 * it; stored bytes and checksum have no part in its name. The checksum is put right first, or
 * hardly an input would come through.
 */
#include "fuzz.h"

#include <xxhash.h>

#include "part/lean.h"

static void check_sections(const struct pen_lean_head *head, struct pen_bytes whole)
{
	struct pen_bytes left = head->proof, node;
	uint32_t nodes = 0;
	PEN_CHECK(fuzz_within(head->end, whole));
	PEN_CHECK(fuzz_within(head->rows, whole));
	while ((node = pen_lean_node(&left)).len) {
		PEN_CHECK(fuzz_within(node, whole));
		nodes++;
	}
	PEN_CHECK(nodes == head->proof_nodes);
}

static void check_name(const struct pen_lean_head *head, uint8_t *bytes)
{
	struct pen_lean_head other;
	struct pen_buf scratch = {0};
	struct pen_hash names[2];
	PEN_CHECK(
		pen_lean_name(head, (struct pen_bytes){bytes, head->bytes}, &scratch, names) == 0);
	if (head->frames) {
		/* Half of it is never too much, and never nothing. */
		uint8_t *stored = bytes + (head->rows.at - bytes) + 4;
		pen_put_le32(stored, (pen_le32(stored) + 1) / 2);
		pen_put_le64(bytes + head->bytes - 8, XXH3_64bits(bytes, head->bytes - 8));
	}
	PEN_CHECK(pen_lean_decode((struct pen_bytes){bytes, head->bytes}, &other, NULL) == 0);
	PEN_CHECK(pen_lean_name(&other, (struct pen_bytes){bytes, head->bytes}, &scratch,
			  names + 1) == 0);
	PEN_CHECK(pen_hash_equal(names, names + 1));
	pen_buf_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_lean_head head;
	struct pen_buf mended = {0}, again = {0};
	PEN_CHECK(pen_buf_append(&mended, data, len) == 0);
	int64_t bytes = pen_lean_head_bytes((struct pen_bytes){data, len}, NULL);
	if (bytes > 8 && (uint64_t)bytes <= len)
		pen_put_le64(mended.at + bytes - 8, XXH3_64bits(data, (size_t)bytes - 8));
	if (pen_lean_decode(pen_buf_bytes(&mended), &head, NULL) == 0) {
		struct pen_bytes whole = {mended.at, head.bytes};
		PEN_CHECK(head.bytes == bytes);
		check_sections(&head, whole);
		PEN_CHECK(pen_lean_encode(&head, &again, NULL) == 0);
		PEN_CHECK(fuzz_same(pen_buf_bytes(&again), whole));
		check_name(&head, mended.at);
	}
	pen_buf_fini(&mended);
	pen_buf_fini(&again);
	return 0;
}
