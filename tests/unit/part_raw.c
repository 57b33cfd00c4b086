/* Roots and paths against the vectors of Certificate Transparency's own tests (trillian and
 * certificate-transparency, merkle_tree_test), and against RFC 6962's recursive definition. */
#include <criterion/criterion.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/text.h"
#include "part/raw.h"
#include "util.h"

#define LEAVES_MAX 70u

static const struct {
	const char *leaf, *root; /* leaf in hex; root of the leaves up to this one */
} vectors[] = {
	{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	{"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	{"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	{"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	{"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	{"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	{"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	{"606162636465666768696a6b6c6d6e6f",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static struct pen_hash from_hex(const char *text)
{
	struct pen_hash hash;
	cr_assert_eq(pen_hex_decode(text, 64, hash.bytes), 0);
	return hash;
}

/* The vectors' first leaf is empty, which no block of a file is: its hash is H(0x00). */
static struct pen_hash vector_leaf(uint32_t i)
{
	uint8_t bytes[16];
	struct pen_hash leaf;
	size_t len = strlen(vectors[i].leaf);
	if (len == 0)
		return from_hex(vectors[0].root);
	cr_assert_eq(pen_hex_decode(vectors[i].leaf, len, bytes), 0);
	pen_raw_leaf((struct pen_bytes){bytes, len / 2}, &leaf);
	return leaf;
}

/* MTH of RFC 6962, section 2.1, as it is written there, over leaf hashes. */
static struct pen_hash reference_root(const struct pen_hash *leaves, uint32_t count)
{
	struct pen_hash out, left, right;
	uint32_t k = 1;
	if (count == 1)
		return leaves[0];
	while (k * 2 < count)
		k *= 2;
	uint8_t node[65] = {1};
	left = reference_root(leaves, k);
	right = reference_root(leaves + k, count - k);
	memcpy(node + 1, left.bytes, 32);
	memcpy(node + 33, right.bytes, 32);
	pen_sha256((struct pen_bytes){node, sizeof node}, &out);
	return out;
}

static void random_leaves(struct pen_hash leaves[LEAVES_MAX])
{
	struct pen_rng rng = {3};
	pen_rng_bytes(&rng, leaves, LEAVES_MAX * sizeof leaves[0]);
}

Test(part_raw, roots_of_the_vectors)
{
	struct pen_raw_tree tree = {.count = 0};
	struct pen_hash root, leaf;
	pen_raw_tree_root(&tree, &root);
	struct pen_hash empty = from_hex(
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	cr_expect(pen_hash_equal(&root, &empty));
	for (uint32_t i = 0; i < PEN_COUNT(vectors); i++) {
		struct pen_hash want = from_hex(vectors[i].root);
		leaf = vector_leaf(i);
		pen_raw_tree_push(&tree, &leaf);
		pen_raw_tree_root(&tree, &root);
		cr_expect(pen_hash_equal(&root, &want), "%u leaves", i + 1);
	}
}

Test(part_raw, paths_of_the_vectors)
{
	static const struct {
		uint32_t index, count, hashes;
		const char *path[3];
	} rows[] = {
		{0, 1, 0, {NULL}},
		{0, 8, 3,
			{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
				"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
				"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e"
				"4"}},
		{5, 8, 3,
			{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
				"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
				"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b"
				"7"}},
		{2, 3, 1, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
	};
	struct pen_hash leaves[PEN_COUNT(vectors)], root;
	struct pen_raw_path path;
	for (uint32_t i = 0; i < PEN_COUNT(vectors); i++)
		leaves[i] = vector_leaf(i);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_hash want = from_hex(vectors[rows[i].count - 1].root);
		pen_raw_path_make(leaves, rows[i].count, rows[i].index, &path);
		cr_assert_eq(path.count, rows[i].hashes);
		for (uint32_t j = 0; j < path.count; j++) {
			struct pen_hash hash = from_hex(rows[i].path[j]);
			cr_expect(pen_hash_equal(&path.hashes[j], &hash));
		}
		pen_raw_path_root(
			&path, rows[i].index, rows[i].count, &leaves[rows[i].index], &root);
		cr_expect(pen_hash_equal(&root, &want));
	}
}

Test(part_raw, every_path_of_every_size)
{
	struct pen_hash leaves[LEAVES_MAX], root;
	struct pen_raw_path path;
	random_leaves(leaves);
	for (uint32_t count = 1; count <= LEAVES_MAX; count++) {
		struct pen_hash want = reference_root(leaves, count);
		pen_raw_leaves_root(leaves, count, &root);
		cr_assert(pen_hash_equal(&root, &want), "%u leaves", count);
		for (uint32_t index = 0; index < count; index++) {
			pen_raw_path_make(leaves, count, index, &path);
			pen_raw_path_root(&path, index, count, &leaves[index], &root);
			cr_assert(pen_hash_equal(&root, &want), "%u of %u", index, count);
		}
	}
}

/* A leaf at another place, another leaf, another hash in the path: another root. */
Test(part_raw, a_wrong_path_leads_elsewhere)
{
	struct pen_hash leaves[LEAVES_MAX], want, root;
	struct pen_raw_path path;
	random_leaves(leaves);
	for (uint32_t count = 2; count <= 20; count++) {
		want = reference_root(leaves, count);
		for (uint32_t index = 0; index < count; index++) {
			pen_raw_path_make(leaves, count, index, &path);
			for (uint32_t other = 0; other < count; other++) {
				if (pen_raw_path_count(other, count) != path.count ||
					other == index)
					continue;
				pen_raw_path_root(&path, other, count, &leaves[index], &root);
				cr_expect(!pen_hash_equal(&root, &want));
			}
			pen_raw_path_root(&path, index, count, &leaves[count], &root);
			cr_expect(!pen_hash_equal(&root, &want));
			path.hashes[index % path.count].bytes[index % 32] ^= 1;
			pen_raw_path_root(&path, index, count, &leaves[index], &root);
			cr_expect(!pen_hash_equal(&root, &want));
		}
	}
}

Test(part_raw, decodes_paths_of_the_right_length)
{
	static const uint8_t bytes[21 * 32];
	static const struct {
		uint32_t index, count;
		size_t len;
		int err;
	} rows[] = {
		{0, 1, 0, 0},
		{0, 1, 32, PEN_EINPUT},
		{0, 2, 32, 0},
		{0, 2, 31, PEN_EINPUT},
		{0, 2, 33, PEN_EINPUT},
		{2, 3, 32, 0},
		{2, 3, 64, PEN_EINPUT},
		{1, 3, 64, 0},
		{3, 3, 32, PEN_EINPUT},
		{0, 0, 0, PEN_EINPUT},
		{0, PEN_RAW_BLOCKS_MAX, 20 * 32, 0},
		{PEN_RAW_BLOCKS_MAX - 1, PEN_RAW_BLOCKS_MAX, 20 * 32, 0},
		{0, PEN_RAW_BLOCKS_MAX + 1, 21 * 32, PEN_EINPUT},
		{UINT32_MAX, UINT32_MAX, 0, PEN_EINPUT},
	};
	struct pen_raw_path path;
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_expect_eq(pen_raw_path_decode((struct pen_bytes){bytes, rows[i].len},
				     rows[i].index, rows[i].count, &path),
			rows[i].err, "row %zu", i);
}

Test(part_raw, cuts_a_file_into_blocks)
{
	static const struct {
		uint64_t bytes;
		uint32_t blocks, last;
	} rows[] = {
		{0, 0, 0},
		{1, 1, 1},
		{PEN_RAW_BLOCK_BYTES, 1, PEN_RAW_BLOCK_BYTES},
		{PEN_RAW_BLOCK_BYTES + 1, 2, 1},
		{3 * (uint64_t)PEN_RAW_BLOCK_BYTES - 1, 3, PEN_RAW_BLOCK_BYTES - 1},
		{PEN_RAW_BYTES_MAX, PEN_RAW_BLOCKS_MAX, PEN_RAW_BLOCK_BYTES},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		cr_expect_eq(pen_raw_blocks(rows[i].bytes), rows[i].blocks);
		if (rows[i].blocks == 0)
			continue;
		cr_expect_eq(pen_raw_block_bytes(rows[i].bytes, rows[i].blocks - 1), rows[i].last);
		if (rows[i].blocks > 1)
			cr_expect_eq(pen_raw_block_bytes(rows[i].bytes, 0), PEN_RAW_BLOCK_BYTES);
	}
}

/* The tallest tree keeps its stack. */
Test(part_raw, holds_the_largest_file)
{
	static struct pen_raw_tree tree;
	struct pen_hash leaf = {{9}}, root, level = leaf;
	for (uint32_t i = 0; i < PEN_RAW_BLOCKS_MAX; i++)
		pen_raw_tree_push(&tree, &leaf);
	pen_raw_tree_root(&tree, &root);
	for (uint32_t i = 0; i < PEN_RAW_DEPTH_MAX; i++) {
		struct pen_hash both[2] = {level, level};
		level = reference_root(both, 2);
	}
	cr_expect(pen_hash_equal(&root, &level));
}
