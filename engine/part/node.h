/*
 * node: the bytes of one trie node (nearcore core/store/src/trie/raw_node.rs,
 * RawTrieNodeWithSize).
 *
 *   0 leaf            u8 0 | u32 klen | key | value ref | u64 memory_usage
 *   1 branch          u8 1 | u16 mask | 32 B a child, ascending | u64 memory_usage
 *   2 branch + value  u8 2 | value ref | u16 mask | 32 B a child, ascending | u64 memory_usage
 *   3 extension       u8 3 | u32 klen | key | 32 B child | u64 memory_usage
 *   value ref         u32 length | 32 B SHA-256 of the value
 *
 * Keys are hex-prefix encoded (part/nibbles.h). A node's name is the SHA-256 of these bytes,
 * memory_usage included. Decoding is in place: a struct pen_node borrows the bytes it came from.
 */
#ifndef PEN_PART_NODE_H
#define PEN_PART_NODE_H

#include "part/nibbles.h"

enum pen_node_kind {
	PEN_LEAF = 0,
	PEN_BRANCH = 1,
	PEN_BRANCH_VALUE = 2,
	PEN_EXTENSION = 3,
};

/* Costs that memory_usage adds up (nearcore TRIE_COSTS). */
#define PEN_COST_NODE 50u
#define PEN_COST_KEY_BYTE 2u
#define PEN_COST_VALUE_BYTE 1u

/* The largest node of a valid trie: a leaf with a whole key (a full branch with value has 559). */
#define PEN_NODE_BYTES_MAX (1 + 4 + PEN_HPE_BYTES_MAX + 36 + 8)

struct pen_node {
	enum pen_node_kind kind;
	struct pen_bytes key; /* encoded; leaf and extension */
	uint32_t value_len; /* bytes; leaf and branch with value */
	const uint8_t *value_hash; /* 32 bytes; leaf and branch with value, else NULL */
	uint16_t mask; /* bit i: child i is there; branches */
	const uint8_t *children; /* 32 bytes each, ascending; branches and extension (one) */
	uint64_t memory_usage; /* of the whole subtree, as stored */
};

/*
 * Read a node from exactly these bytes. 0, or PEN_EINCONSISTENT: unknown tag, a field that does
 * not fit, bytes left over, or an empty key vector. Borrows `bytes`. As in nearcore the leaf flag
 * of the key, the shape of the trie and the sum in memory_usage are not checked here: an honest
 * root implies them.
 */
int pen_node_decode(struct pen_bytes bytes, struct pen_node *node);

/* Write a node into `out` (PEN_NODE_BYTES_MAX long); returns its bytes. The fields must be valid.
 */
size_t pen_node_encode(const struct pen_node *node, uint8_t *out);

/* What the node itself adds to memory_usage, its children left out. */
uint64_t pen_node_cost(const struct pen_node *node);

/* The hash of child i (bit i of mask is set), borrowed from the node's bytes. */
static inline const struct pen_hash *pen_node_child(const struct pen_node *node, unsigned i)
{
	unsigned before = (unsigned)__builtin_popcount(node->mask & ((1u << i) - 1));
	return (const struct pen_hash *)(node->children + before * PEN_HASH_BYTES);
}

#endif
