/* A node that decodes borrows from its bytes only, and encodes to the same bytes again. */
#include "fuzz.h"
#include "part/node.h"

static void check_slices(const struct pen_node *node, struct pen_bytes whole)
{
	size_t children = node->kind == PEN_EXTENSION ? 1 : (size_t)__builtin_popcount(node->mask);
	PEN_CHECK(fuzz_within(node->key, whole));
	if (node->value_hash)
		PEN_CHECK(fuzz_within((struct pen_bytes){node->value_hash, PEN_HASH_BYTES}, whole));
	if (children)
		PEN_CHECK(fuzz_within(
			(struct pen_bytes){node->children, children * PEN_HASH_BYTES}, whole));
}

/* Every nibble of the key can be read, and a path takes it or says that it is too long. */
static void check_key(const struct pen_node *node)
{
	struct pen_path path = {0};
	uint32_t count = pen_hpe_count(node->key);
	for (uint32_t i = 0; i < count; i++)
		PEN_CHECK(pen_hpe_at(node->key, i) < 16);
	int err = pen_path_append_hpe(&path, node->key);
	PEN_CHECK(err == 0 ? path.len == count : count > PEN_KEY_NIBBLES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes bytes = {data, len};
	struct pen_node node;
	uint8_t again[PEN_NODE_BYTES_MAX];
	if (pen_node_decode(bytes, &node))
		return 0;
	check_slices(&node, bytes);
	pen_node_cost(&node);
	if (node.key.len)
		check_key(&node);
	if (node.key.len <= PEN_HPE_BYTES_MAX)
		PEN_CHECK(
			fuzz_same((struct pen_bytes){again, pen_node_encode(&node, again)}, bytes));
	return 0;
}
