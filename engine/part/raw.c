#include "part/raw.h"

#include "base/check.h"
#include "base/err.h"

static const uint8_t leaf_prefix = 0x00;
static const uint8_t node_prefix = 0x01;

uint32_t pen_raw_blocks(uint64_t bytes)
{
	PEN_CHECK(bytes <= PEN_RAW_BYTES_MAX);
	return (uint32_t)((bytes + PEN_RAW_BLOCK_BYTES - 1) / PEN_RAW_BLOCK_BYTES);
}

uint32_t pen_raw_block_bytes(uint64_t bytes, uint32_t index)
{
	PEN_CHECK(index < pen_raw_blocks(bytes));
	uint64_t rest = bytes - (uint64_t)index * PEN_RAW_BLOCK_BYTES;
	return rest < PEN_RAW_BLOCK_BYTES ? (uint32_t)rest : PEN_RAW_BLOCK_BYTES;
}

void pen_raw_leaf(struct pen_bytes block, struct pen_hash *leaf)
{
	struct pen_bytes runs[] = {{&leaf_prefix, 1}, block};
	PEN_CHECK(block.len > 0);
	PEN_CHECK(block.len <= PEN_RAW_BLOCK_BYTES);
	pen_sha256_runs(runs, PEN_COUNT(runs), leaf);
}

/* `out` may be one of the two. */
static void join(const struct pen_hash *left, const struct pen_hash *right, struct pen_hash *out)
{
	struct pen_bytes runs[] = {
		{&node_prefix, 1}, {left->bytes, PEN_HASH_BYTES}, {right->bytes, PEN_HASH_BYTES}};
	pen_sha256_runs(runs, PEN_COUNT(runs), out);
}

static uint32_t stacked(const struct pen_raw_tree *tree)
{
	return (uint32_t)__builtin_popcount(tree->count);
}

void pen_raw_tree_push(struct pen_raw_tree *tree, const struct pen_hash *leaf)
{
	struct pen_hash hash = *leaf;
	uint32_t top = stacked(tree);
	PEN_CHECK(tree->count < PEN_RAW_BLOCKS_MAX);
	/* As in a binary counter: each trailing one is a full subtree that finds its sibling. */
	for (uint32_t carry = tree->count; carry & 1; carry >>= 1)
		join(&tree->stack[--top], &hash, &hash);
	tree->stack[top] = hash;
	tree->count++;
	PEN_CHECK(stacked(tree) == top + 1);
}

void pen_raw_tree_root(const struct pen_raw_tree *tree, struct pen_hash *root)
{
	uint32_t top = stacked(tree);
	if (top == 0) {
		pen_sha256((struct pen_bytes){NULL, 0}, root);
		return;
	}
	*root = tree->stack[--top];
	while (top > 0)
		join(&tree->stack[--top], root, root);
}

void pen_raw_leaves_root(const struct pen_hash *leaves, uint32_t count, struct pen_hash *root)
{
	struct pen_raw_tree tree = {.count = 0};
	for (uint32_t i = 0; i < count; i++)
		pen_raw_tree_push(&tree, &leaves[i]);
	pen_raw_tree_root(&tree, root);
}

static void check_place(uint32_t index, uint32_t count)
{
	PEN_CHECK(index < count);
	PEN_CHECK(count <= PEN_RAW_BLOCKS_MAX);
}

uint32_t pen_raw_path_count(uint32_t index, uint32_t count)
{
	check_place(index, count);
	/* Below the level where the ways to this leaf and to the last one part, each level has a
	 * sibling; above it only those have one where the way turns right. */
	uint32_t differ = index ^ (count - 1);
	uint32_t below = differ ? 32 - (uint32_t)__builtin_clz(differ) : 0;
	return below + (uint32_t)__builtin_popcount(index >> below);
}

void pen_raw_path_make(
	const struct pen_hash *leaves, uint32_t count, uint32_t index, struct pen_raw_path *path)
{
	path->count = pen_raw_path_count(index, count);
	PEN_CHECK(path->count <= PEN_RAW_DEPTH_MAX);
	/* From the root down, so the path is filled from its end. */
	for (uint32_t at = path->count; count > 1;) {
		uint32_t left = UINT32_C(1) << (31 - __builtin_clz(count - 1));
		PEN_CHECK(at > 0);
		at--;
		if (index < left) {
			pen_raw_leaves_root(leaves + left, count - left, &path->hashes[at]);
			count = left;
		} else {
			pen_raw_leaves_root(leaves, left, &path->hashes[at]);
			leaves += left;
			index -= left;
			count -= left;
		}
	}
}

int pen_raw_path_decode(
	struct pen_bytes bytes, uint32_t index, uint32_t count, struct pen_raw_path *path)
{
	if (count > PEN_RAW_BLOCKS_MAX || index >= count)
		return PEN_EINPUT;
	path->count = pen_raw_path_count(index, count);
	if (bytes.len != (size_t)path->count * PEN_HASH_BYTES)
		return PEN_EINPUT;
	if (bytes.len)
		memcpy(path->hashes, bytes.at, bytes.len);
	return 0;
}

void pen_raw_path_root(const struct pen_raw_path *path, uint32_t index, uint32_t count,
	const struct pen_hash *leaf, struct pen_hash *root)
{
	PEN_CHECK(path->count == pen_raw_path_count(index, count));
	uint32_t last = count - 1;
	*root = *leaf;
	/* RFC 9162, section 2.1.3.2: levels without a sibling are skipped. */
	for (uint32_t i = 0; i < path->count; i++) {
		PEN_CHECK(last > 0);
		while (!(index & 1) && index == last) {
			index >>= 1;
			last >>= 1;
		}
		if (index & 1)
			join(&path->hashes[i], root, root);
		else
			join(root, &path->hashes[i], root);
		index >>= 1;
		last >>= 1;
	}
}
