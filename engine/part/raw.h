/*
 * raw: an opaque file as a Merkle tree over its 1 MiB blocks, for benchmarks and for snapshots of
 * other chains. Its name is the root; N is 1.
 *
 * The tree is that of RFC 6962, section 2.1, with SHA-256: a leaf is H(0x00 || block), a node is
 * H(0x01 || left || right), n leaves are split at the largest power of two below n, and the tree of
 * an empty file is H(""). The prefixes keep a node from being read as a block, so a root stands
 * for one sequence of blocks; and as only the last block may be short, for one length in bytes.
 *
 * A whole file is proved by streaming its blocks through a tree (a stack of O(log n) hashes). One
 * block alone is proved by its audit path (section 2.1.1), and many by a page of leaves
 * (part/raw_page.h), which is what a receiver of single blocks uses.
 *
 * Pure functions, no allocation, any thread.
 */
#ifndef PEN_PART_RAW_H
#define PEN_PART_RAW_H

#include <stdbool.h>

#include "base/sha.h"

/* Bytes of every block but the last. */
#define PEN_RAW_BLOCK_BYTES (UINT32_C(1) << 20)
/* Levels of the tallest tree: 1 TiB, ten times the snapshots of today's large chains. */
#define PEN_RAW_DEPTH_MAX 20u
#define PEN_RAW_BLOCKS_MAX (UINT32_C(1) << PEN_RAW_DEPTH_MAX)
#define PEN_RAW_BYTES_MAX ((uint64_t)PEN_RAW_BLOCKS_MAX * PEN_RAW_BLOCK_BYTES)

/* A tree that grows leaf by leaf: the roots of the full subtrees that `count` leaves make, the
 * largest first. Zeroed is empty. */
struct pen_raw_tree {
	struct pen_hash stack[PEN_RAW_DEPTH_MAX + 1]; /* as many as `count` has bits set */
	uint32_t count; /* leaves so far, at most PEN_RAW_BLOCKS_MAX */
};

/* The hashes beside the way from a leaf up to the root, the lowest first. */
struct pen_raw_path {
	struct pen_hash hashes[PEN_RAW_DEPTH_MAX];
	uint32_t count; /* hashes */
};

/* Blocks of a file of `bytes` <= PEN_RAW_BYTES_MAX; an empty file has none. */
uint32_t pen_raw_blocks(uint64_t bytes);

/* Bytes of block `index` of a file of `bytes`; index < pen_raw_blocks(bytes). */
uint32_t pen_raw_block_bytes(uint64_t bytes, uint32_t index);

/* The leaf hash of a block of 1 to PEN_RAW_BLOCK_BYTES bytes, borrowed for the call. */
void pen_raw_leaf(struct pen_bytes block, struct pen_hash *leaf);

/* Add the next leaf; tree->count < PEN_RAW_BLOCKS_MAX. */
void pen_raw_tree_push(struct pen_raw_tree *tree, const struct pen_hash *leaf);

/* The root of the leaves pushed so far; more may be pushed afterwards. */
void pen_raw_tree_root(const struct pen_raw_tree *tree, struct pen_hash *root);

/* The root of `count` <= PEN_RAW_BLOCKS_MAX leaves in a row. */
void pen_raw_leaves_root(const struct pen_hash *leaves, uint32_t count, struct pen_hash *root);

/* Hashes in the audit path of leaf `index` of `count`; index < count <= PEN_RAW_BLOCKS_MAX. */
uint32_t pen_raw_path_count(uint32_t index, uint32_t count);

/* The audit path of leaf `index` of `count` leaves; index < count <= PEN_RAW_BLOCKS_MAX. Hashes
 * every other leaf once. */
void pen_raw_path_make(
	const struct pen_hash *leaves, uint32_t count, uint32_t index, struct pen_raw_path *path);

/*
 * Read an audit path of leaf `index` of `count` as it travels: its hashes, nothing else. 0, or
 * PEN_EINPUT if the length is not the one that such a leaf has (index >= count too).
 */
int pen_raw_path_decode(
	struct pen_bytes bytes, uint32_t index, uint32_t count, struct pen_raw_path *path);

/* The root that `leaf` at `index` of `count` and its path lead to. path->count is
 * pen_raw_path_count(index, count). The leaf is proved if this is the root. */
void pen_raw_path_root(const struct pen_raw_path *path, uint32_t index, uint32_t count,
	const struct pen_hash *leaf, struct pen_hash *root);

#endif
