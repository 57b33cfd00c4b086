/* Paths and pages of a raw object out of any bytes: one that is proved says what the object's own
 * leaves say. Byte 0 is the number of blocks, byte 1 the index; the rest is the path or the page.
 */
#include "fuzz.h"
#include "part/raw_page.h"

#define BLOCKS_MAX 64

static void check_page(struct pen_bytes bytes, const struct pen_hash *leaves, uint32_t blocks)
{
	const struct pen_hash *found;
	struct pen_raw_page_ask ask = {.blocks = blocks};
	pen_raw_leaves_root(leaves, blocks, &ask.root);
	if (pen_raw_page_decode(bytes, &ask, &found))
		return;
	PEN_CHECK(fuzz_same(bytes,
		(struct pen_bytes){(const uint8_t *)leaves, (size_t)blocks * PEN_HASH_BYTES}));
	PEN_CHECK((const uint8_t *)found == bytes.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_hash leaves[BLOCKS_MAX], root, found;
	struct pen_raw_path path, own;
	if (len < 2)
		return 0;
	uint32_t blocks = data[0] % BLOCKS_MAX, index = data[1];
	struct pen_bytes rest = {data + 2, len - 2};
	for (uint32_t i = 0; i < BLOCKS_MAX; i++)
		memset(leaves[i].bytes, (int)i, PEN_HASH_BYTES);
	check_page(rest, leaves, blocks);
	int err = pen_raw_path_decode(rest, index, blocks, &path);
	PEN_CHECK(err == 0 || err == PEN_EINPUT);
	if (err)
		return 0;
	PEN_CHECK(index < blocks);
	pen_raw_leaves_root(leaves, blocks, &root);
	pen_raw_path_root(&path, index, blocks, &leaves[index], &found);
	pen_raw_path_make(leaves, blocks, index, &own);
	PEN_CHECK(path.count == own.count);
	bool same = memcmp(path.hashes, own.hashes, path.count * sizeof path.hashes[0]) == 0;
	PEN_CHECK(same == (bool)pen_hash_equal(&root, &found));
	return 0;
}
