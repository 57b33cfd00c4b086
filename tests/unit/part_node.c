#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "part/node.h"
#include "util.h"

#define HASH "\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10"

static const uint8_t hash[] = HASH HASH HASH;
static const uint8_t key5[] = {0x10, 1, 2, 3, 4}, key2[] = {0x20, 0x12}, key0[] = {0x20};

/* The costs that stand in nearcore core/store/src/trie/{mem/node/tests.rs,split.rs}. */
static const struct {
	struct pen_node node;
	uint64_t cost;
	size_t bytes;
} nodes[] = {
	{{.kind = PEN_LEAF, .key = {key5, 5}, .value_len = 5, .value_hash = hash}, 115, 54},
	{{.kind = PEN_LEAF, .key = {key2, 2}, .value_len = 0, .value_hash = hash}, 104, 51},
	{{.kind = PEN_LEAF, .key = {key0, 1}, .value_len = 3, .value_hash = hash}, 105, 50},
	{{.kind = PEN_EXTENSION, .key = {key5, 5}, .children = hash}, 60, 50},
	{{.kind = PEN_BRANCH, .mask = 0x8001, .children = hash}, 50, 75},
	{{.kind = PEN_BRANCH, .mask = 0, .children = hash}, 50, 11},
	{{.kind = PEN_BRANCH_VALUE,
		 .value_len = 3,
		 .value_hash = hash,
		 .mask = 0x0f10 & 0x0310,
		 .children = hash},
		103, 143},
};

Test(part_node, encodes_costs_and_reads_back)
{
	for (size_t i = 0; i < PEN_COUNT(nodes); i++) {
		uint8_t out[PEN_NODE_BYTES_MAX], again[PEN_NODE_BYTES_MAX];
		struct pen_node node = nodes[i].node, back;
		node.memory_usage = 77;
		size_t len = pen_node_encode(&node, out);
		cr_expect_eq(len, nodes[i].bytes, "row %zu: %zu", i, len);
		cr_expect_eq(pen_node_cost(&node), nodes[i].cost);
		cr_assert_eq(pen_node_decode((struct pen_bytes){out, len}, &back), 0);
		cr_expect_eq(back.memory_usage, 77);
		cr_expect_eq(pen_node_encode(&back, again), len);
		cr_expect_eq(memcmp(out, again, len), 0);
	}
}

Test(part_node, refuses_every_other_length)
{
	for (size_t i = 0; i < PEN_COUNT(nodes); i++) {
		uint8_t out[PEN_NODE_BYTES_MAX + 1] = {0};
		struct pen_node back;
		size_t len = pen_node_encode(&nodes[i].node, out);
		for (size_t cut = 0; cut < len; cut++)
			cr_expect_eq(pen_node_decode((struct pen_bytes){out, cut}, &back),
				PEN_EINCONSISTENT);
		cr_expect_eq(pen_node_decode((struct pen_bytes){out, len + 1}, &back),
			PEN_EINCONSISTENT);
	}
}

Test(part_node, refuses_nonsense)
{
	static const char *const rows[] = {
		"",
		"04",
		"ff0000000000000000000000",
		/* a leaf and an extension with an empty key vector */
		"0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"0000000000000000",
		"03000000000000000000000000000000000000000000000000000000000000000000000000"
		"0000000000000000",
		/* a key length beyond the bytes, and beyond 32 bits of sum */
		"0010000000200000000000000000",
		"00ffffffff20",
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t bytes[128];
		struct pen_node node;
		cr_assert_eq(pen_hex_decode(rows[i], strlen(rows[i]), bytes), 0);
		cr_expect_eq(pen_node_decode((struct pen_bytes){bytes, strlen(rows[i]) / 2}, &node),
			PEN_EINCONSISTENT, "row %zu", i);
	}
}

Test(part_node, finds_children)
{
	uint8_t hashes[3 * PEN_HASH_BYTES];
	for (size_t i = 0; i < sizeof hashes; i++)
		hashes[i] = (uint8_t)(i / PEN_HASH_BYTES);
	struct pen_node node = {
		.kind = PEN_BRANCH, .mask = 1 << 0 | 1 << 7 | 1 << 15, .children = hashes};
	cr_expect_eq(pen_node_child(&node, 0)->bytes[0], 0);
	cr_expect_eq(pen_node_child(&node, 7)->bytes[0], 1);
	cr_expect_eq(pen_node_child(&node, 15)->bytes[0], 2);
}
