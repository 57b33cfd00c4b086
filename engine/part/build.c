#include "part/build.h"

#include <errno.h>

#include "base/check.h"

/* A branch on the path to the last key. */
struct branch {
	uint32_t depth; /* nibbles of the path to it */
	uint16_t mask;
	bool has_value;
	uint32_t value_len;
	struct pen_hash value_hash;
	uint64_t memory_usage; /* of the children so far */
	struct pen_hash children[16];
};

/* A finished subtree, to be hung below an open branch. */
struct subtree {
	struct pen_hash hash;
	uint64_t memory_usage;
};

void pen_build_init(struct pen_build *build, pen_built_fn fn, void *context)
{
	*build = (struct pen_build){.fn = fn, .context = context};
}

void pen_build_fini(struct pen_build *build)
{
	if (!build)
		return;
	pen_buf_fini(&build->branches);
	*build = (struct pen_build){0};
}

static size_t branch_count(const struct pen_build *build)
{
	return build->branches.len / sizeof(struct branch);
}

static struct branch *top(const struct pen_build *build)
{
	size_t count = branch_count(build);
	PEN_CHECK(count > 0);
	return (struct branch *)(void *)build->branches.at + count - 1;
}

/* Depth of the last open branch, -1 if none is open. */
static int64_t top_depth(const struct pen_build *build)
{
	return branch_count(build) ? (int64_t)top(build)->depth : -1;
}

static int open_branch(struct pen_build *build, uint32_t depth)
{
	PEN_CHECK((int64_t)depth > top_depth(build));
	struct branch branch = {.depth = depth};
	return pen_buf_append(&build->branches, &branch, sizeof branch);
}

/* Hash a finished node at the first path_len nibbles of the last key and hand it out. */
static int finish_node(struct pen_build *build, const struct pen_node *node, uint32_t path_len,
	struct subtree *out)
{
	uint8_t bytes[PEN_NODE_BYTES_MAX];
	struct pen_built built = {
		.node = node,
		.hash = &out->hash,
		.bytes = {bytes, pen_node_encode(node, bytes)},
		.path = build->key.at,
		.path_len = path_len,
	};
	pen_sha256(built.bytes, &out->hash);
	out->memory_usage = node->memory_usage;
	build->sum.nodes++;
	return build->fn ? build->fn(build->context, &built) : 0;
}

/* The last key as a leaf whose path has path_len nibbles. */
static int finish_leaf(struct pen_build *build, uint32_t path_len, struct subtree *out)
{
	uint8_t key[PEN_HPE_BYTES_MAX];
	PEN_CHECK(path_len <= build->key.len);
	struct pen_node leaf = {
		.kind = PEN_LEAF,
		.key = {key,
			pen_hpe_encode(
				build->key.at + path_len, build->key.len - path_len, true, key)},
		.value_len = build->value_len,
		.value_hash = build->value_hash.bytes,
	};
	leaf.memory_usage = pen_node_cost(&leaf);
	return finish_node(build, &leaf, path_len, out);
}

/* An extension over the last key's nibbles [from, to) above `child`, which becomes the subtree. */
static int finish_extension(
	struct pen_build *build, uint32_t from, uint32_t to, struct subtree *child)
{
	uint8_t key[PEN_HPE_BYTES_MAX];
	struct pen_hash below = child->hash;
	struct pen_node extension = {
		.kind = PEN_EXTENSION,
		.key = {key, pen_hpe_encode(build->key.at + from, to - from, false, key)},
		.children = below.bytes,
	};
	extension.memory_usage = pen_node_cost(&extension) + child->memory_usage;
	return finish_node(build, &extension, from, child);
}

/* Close the last open branch; its subtree begins right below parent_depth (-1: it is the root). */
static int close_branch(struct pen_build *build, int64_t parent_depth, struct subtree *out)
{
	const struct branch *branch = top(build);
	struct pen_node node = {
		.kind = branch->has_value ? PEN_BRANCH_VALUE : PEN_BRANCH,
		.value_len = branch->value_len,
		.value_hash = branch->has_value ? branch->value_hash.bytes : NULL,
		.mask = branch->mask,
		.children = branch->children[0].bytes,
	};
	uint32_t depth = branch->depth, from = (uint32_t)(parent_depth + 1);
	node.memory_usage = pen_node_cost(&node) + branch->memory_usage;
	int err = finish_node(build, &node, depth, out);
	build->branches.len -= sizeof *branch;
	return err || from == depth ? err : finish_extension(build, from, depth, out);
}

/* Hang a subtree below the last open branch, at the last key's nibble there. */
static void adopt(struct pen_build *build, const struct subtree *subtree)
{
	struct branch *parent = top(build);
	uint8_t nibble = build->key.at[parent->depth];
	PEN_CHECK(parent->mask >> nibble == 0);
	/* Children come in order, so they stand one after the other as a node lists them. */
	parent->children[__builtin_popcount(parent->mask)] = subtree->hash;
	parent->mask |= (uint16_t)(1u << nibble);
	parent->memory_usage += subtree->memory_usage;
}

/* Put a subtree where it belongs: below a branch at depth `fork`, opened if it is not there, or
 * below the last open branch if that is deeper. */
static int place(struct pen_build *build, int64_t fork, const struct subtree *subtree)
{
	if (fork > top_depth(build)) {
		int err = open_branch(build, (uint32_t)fork);
		if (err)
			return err;
	}
	adopt(build, subtree);
	return 0;
}

static int64_t deeper(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The last key is a prefix of the next: its value sits in a branch of its own. */
static int open_value_branch(struct pen_build *build)
{
	int err = open_branch(build, build->key.len);
	if (err)
		return err;
	struct branch *branch = top(build);
	branch->has_value = true;
	branch->value_len = build->value_len;
	branch->value_hash = build->value_hash;
	return 0;
}

/* The next key parts from the last after `fork` nibbles: what lies deeper is finished. */
static int fold(struct pen_build *build, int64_t fork)
{
	struct subtree subtree;
	if (fork == (int64_t)build->key.len)
		return open_value_branch(build);
	int err = finish_leaf(build, (uint32_t)(deeper(fork, top_depth(build)) + 1), &subtree);
	if (!err)
		err = place(build, fork, &subtree);
	while (!err && top_depth(build) > fork) {
		size_t count = branch_count(build);
		int64_t above = count > 1 ? (int64_t)top(build)[-1].depth : -1;
		err = close_branch(build, deeper(fork, above), &subtree);
		if (!err)
			err = place(build, fork, &subtree);
	}
	return err;
}

/* Nibbles that the last key shares with `key`. */
static uint32_t common_nibbles(const struct pen_build *build, struct pen_bytes key)
{
	uint32_t count = 0, most = build->key.len;
	if (key.len * 2 < most)
		most = (uint32_t)key.len * 2;
	while (count < most) {
		uint8_t byte = key.at[count / 2];
		if (build->key.at[count] != (count % 2 ? byte & 15 : byte >> 4))
			break;
		count++;
	}
	return count;
}

/* True if `key`, sharing `common` nibbles with the last key, comes behind it. */
static bool is_behind(const struct pen_build *build, struct pen_bytes key, uint32_t common)
{
	if (common == key.len * 2)
		return false;
	if (common == build->key.len)
		return true;
	uint8_t byte = key.at[common / 2];
	return (common % 2 ? byte & 15 : byte >> 4) > build->key.at[common];
}

int pen_build_push(struct pen_build *build, struct pen_bytes key, uint32_t value_len,
	const struct pen_hash *value_hash)
{
	if (key.len > PEN_KEY_BYTES_MAX)
		return PEN_EINPUT;
	if (build->sum.keys) {
		uint32_t common = common_nibbles(build, key);
		if (!is_behind(build, key, common))
			return PEN_EINPUT;
		int err = fold(build, common);
		if (err)
			return err;
	}
	pen_path_of_key(&build->key, key);
	build->value_len = value_len;
	build->value_hash = *value_hash;
	build->sum.keys++;
	return 0;
}

/* The last key and every open branch, up to the root. */
static int fold_all(struct pen_build *build, struct subtree *root)
{
	int err = finish_leaf(build, (uint32_t)(top_depth(build) + 1), root);
	while (!err && branch_count(build)) {
		adopt(build, root);
		size_t count = branch_count(build);
		int64_t above = count > 1 ? (int64_t)top(build)[-1].depth : -1;
		err = close_branch(build, above, root);
	}
	return err;
}

int pen_build_finish(struct pen_build *build, struct pen_trie_sum *out)
{
	if (build->sum.keys) {
		struct subtree root;
		int err = fold_all(build, &root);
		if (err)
			return err;
		build->sum.root = root.hash;
		build->sum.memory_usage = root.memory_usage;
	}
	*out = build->sum;
	return 0;
}
