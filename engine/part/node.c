#include "part/node.h"

#include "base/check.h"
#include "base/err.h"
#include "part/borsh.h"

static void read_key(struct pen_borsh *reader, struct pen_node *node)
{
	node->key = pen_borsh_bytes(reader);
	/* nearcore would index an empty key out of its range. */
	if (node->key.len == 0)
		reader->failed = 1;
}

static void read_value(struct pen_borsh *reader, struct pen_node *node)
{
	node->value_len = pen_borsh_u32(reader);
	node->value_hash = pen_borsh_take(reader, PEN_HASH_BYTES);
}

static void read_children(struct pen_borsh *reader, struct pen_node *node)
{
	node->mask = pen_borsh_u16(reader);
	size_t count = (size_t)__builtin_popcount(node->mask);
	node->children = pen_borsh_take(reader, count * PEN_HASH_BYTES);
}

int pen_node_decode(struct pen_bytes bytes, struct pen_node *node)
{
	struct pen_borsh reader = pen_borsh_reader(bytes);
	uint8_t tag = pen_borsh_u8(&reader);
	*node = (struct pen_node){.kind = (enum pen_node_kind)tag};
	switch (tag) {
	case PEN_LEAF:
		read_key(&reader, node);
		read_value(&reader, node);
		break;
	case PEN_BRANCH: read_children(&reader, node); break;
	case PEN_BRANCH_VALUE:
		read_value(&reader, node);
		read_children(&reader, node);
		break;
	case PEN_EXTENSION:
		read_key(&reader, node);
		node->children = pen_borsh_take(&reader, PEN_HASH_BYTES);
		break;
	default: return PEN_EINCONSISTENT;
	}
	node->memory_usage = pen_borsh_u64(&reader);
	return pen_borsh_done(&reader) ? 0 : PEN_EINCONSISTENT;
}

static uint8_t *put(uint8_t *at, const void *from, size_t len)
{
	memcpy(at, from, len);
	return at + len;
}

static uint8_t *put_key(uint8_t *at, const struct pen_node *node)
{
	PEN_CHECK(node->key.len > 0);
	PEN_CHECK(node->key.len <= PEN_HPE_BYTES_MAX);
	pen_put_le32(at, (uint32_t)node->key.len);
	return put(at + 4, node->key.at, node->key.len);
}

static uint8_t *put_value(uint8_t *at, const struct pen_node *node)
{
	pen_put_le32(at, node->value_len);
	return put(at + 4, node->value_hash, PEN_HASH_BYTES);
}

static uint8_t *put_children(uint8_t *at, const struct pen_node *node)
{
	pen_put_le16(at, node->mask);
	size_t count = (size_t)__builtin_popcount(node->mask);
	return count ? put(at + 2, node->children, count * PEN_HASH_BYTES) : at + 2;
}

size_t pen_node_encode(const struct pen_node *node, uint8_t *out)
{
	uint8_t *at = out;
	*at++ = (uint8_t)node->kind;
	switch (node->kind) {
	case PEN_LEAF: at = put_value(put_key(at, node), node); break;
	case PEN_BRANCH: at = put_children(at, node); break;
	case PEN_BRANCH_VALUE: at = put_children(put_value(at, node), node); break;
	case PEN_EXTENSION: at = put(put_key(at, node), node->children, PEN_HASH_BYTES); break;
	}
	pen_put_le64(at, node->memory_usage);
	return (size_t)(at + 8 - out);
}

uint64_t pen_node_cost(const struct pen_node *node)
{
	uint64_t value = PEN_COST_NODE + (uint64_t)node->value_len * PEN_COST_VALUE_BYTE;
	uint64_t key = (uint64_t)node->key.len * PEN_COST_KEY_BYTE;
	switch (node->kind) {
	case PEN_LEAF: return PEN_COST_NODE + key + value;
	case PEN_BRANCH: return PEN_COST_NODE;
	case PEN_BRANCH_VALUE: return PEN_COST_NODE + value;
	case PEN_EXTENSION: return PEN_COST_NODE + key;
	}
	PEN_CHECK(false);
	return 0;
}
