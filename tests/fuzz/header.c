/*
 * A root node found in a state header lies in it and hashes to the root that is reported; asked
 * for that root the same is found, asked for another one nothing is.
 */
#include "fuzz.h"
#include "part/header.h"

static void check_found(struct pen_bytes bytes, const struct pen_header *found)
{
	struct pen_hash hash;
	struct pen_node node;
	PEN_CHECK(fuzz_within(found->root_node, bytes));
	pen_sha256(found->root_node, &hash);
	PEN_CHECK(pen_hash_equal(&hash, &found->root));
	PEN_CHECK(pen_node_decode(found->root_node, &node) == 0);
	PEN_CHECK(node.memory_usage == found->memory_usage);
	PEN_CHECK(found->parts == pen_part_count(found->memory_usage));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes bytes = {data, len};
	struct pen_header found, again;
	static const struct pen_hash other = {"no node hashes to these bytes."};
	PEN_CHECK(pen_header_decode(bytes, &other, &again, NULL) < 0);
	if (pen_header_decode(bytes, NULL, &found, NULL))
		return 0;
	check_found(bytes, &found);
	PEN_CHECK(pen_header_decode(bytes, &found.root, &again, NULL) == 0);
	PEN_CHECK(fuzz_same(again.root_node, found.root_node));
	return 0;
}
