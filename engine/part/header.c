#include "part/header.h"

#include <stdbool.h>

#include "base/text.h"

/* u8 tag before everything, u32 length before the node, u64 memory_usage behind it. */
#define AROUND_NODE_BYTES (1 + 4 + 8)
/* The smallest node: a branch without value and without children. */
#define NODE_BYTES_MIN (1 + 2 + 8)

/* True if the last `len` bytes before the trailing memory_usage are a root node vector. */
static bool node_fits(
	struct pen_bytes bytes, size_t len, struct pen_bytes *node_bytes, uint64_t memory_usage)
{
	struct pen_node node;
	const uint8_t *at = bytes.at + bytes.len - 8 - len;
	if (pen_le32(at - 4) != len)
		return false;
	*node_bytes = (struct pen_bytes){at, len};
	return pen_node_decode(*node_bytes, &node) == 0 && node.memory_usage == memory_usage;
}

/* The chunk that stands at the front names the state root it starts from; so a node whose hash
 * stands nowhere before it is not the root of this header. */
static bool hash_stands_before(
	struct pen_bytes bytes, const uint8_t *end, const struct pen_hash *hash)
{
	return memmem(bytes.at, (size_t)(end - bytes.at), hash->bytes, PEN_HASH_BYTES) != NULL;
}

static int check_head(struct pen_bytes bytes, struct pen_why *why)
{
	if (bytes.len < AROUND_NODE_BYTES + NODE_BYTES_MIN)
		return pen_fail(
			why, PEN_EINPUT, "a state header of %zu bytes is too short", bytes.len);
	if (bytes.len > PEN_HEADER_BYTES_MAX)
		return pen_fail(why, PEN_EINPUT,
			"a state header of %zu bytes, at most %zu are read", bytes.len,
			PEN_HEADER_BYTES_MAX);
	if (bytes.at[0] > 2)
		return pen_fail(why, PEN_EINPUT,
			"unknown state header version, tag %u: 0 to 2 are known", bytes.at[0]);
	return 0;
}

static void fill(struct pen_header *out, struct pen_bytes bytes, struct pen_bytes node,
	const struct pen_hash *hash)
{
	*out = (struct pen_header){
		.version = bytes.at[0] + 1u,
		.root = *hash,
		.root_node = node,
		.memory_usage = pen_le64(node.at + node.len),
	};
	out->parts = pen_part_count(out->memory_usage);
}

int pen_header_decode(struct pen_bytes bytes, const struct pen_hash *root, struct pen_header *out,
	struct pen_why *why)
{
	int err = check_head(bytes, why);
	if (err)
		return err;
	char text[PEN_HASH_TEXT_BYTES];
	struct pen_hash found = {0};
	bool any = false;
	uint64_t memory_usage = pen_le64(bytes.at + bytes.len - 8);
	for (size_t len = NODE_BYTES_MIN;
		len <= PEN_NODE_BYTES_MAX && len + AROUND_NODE_BYTES <= bytes.len; len++) {
		struct pen_bytes node;
		if (!node_fits(bytes, len, &node, memory_usage))
			continue;
		pen_sha256(node, &found);
		any = true;
		if (root ? !pen_hash_equal(&found, root)
			 : !hash_stands_before(bytes, node.at - 4, &found))
			continue;
		fill(out, bytes, node, &found);
		return 0;
	}
	if (!any)
		return pen_fail(why, PEN_EINPUT, "the state header does not end in a root node");
	if (root)
		return pen_fail(why, PEN_EINPUT,
			"the root node hashes to %s, which is not the root asked for",
			pen_base58(&found, text));
	return pen_fail(why, PEN_EINPUT,
		"the root node hashes to %s, which the header's chunk does not name as its state",
		pen_base58(&found, text));
}
