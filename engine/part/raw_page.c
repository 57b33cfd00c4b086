#include "part/raw_page.h"

#include "base/check.h"

static_assert(PEN_RAW_PAGES_MAX == UINT32_C(1) << PEN_RAW_PAGE_PATH_MAX, "paths have 6 hashes");
static_assert(PEN_RAW_PAGE_BYTES_MAX <= UINT32_C(1) << 20, "a page is a small object");
static_assert(_Alignof(struct pen_hash) == 1, "hashes are borrowed from bytes");

uint32_t pen_raw_pages(uint32_t blocks)
{
	PEN_CHECK(blocks <= PEN_RAW_BLOCKS_MAX);
	return (blocks + PEN_RAW_PAGE_LEAVES - 1) / PEN_RAW_PAGE_LEAVES;
}

uint32_t pen_raw_page_leaves(uint32_t blocks, uint32_t page)
{
	PEN_CHECK(page < pen_raw_pages(blocks));
	uint32_t rest = blocks - page * PEN_RAW_PAGE_LEAVES;
	return rest < PEN_RAW_PAGE_LEAVES ? rest : PEN_RAW_PAGE_LEAVES;
}

uint32_t pen_raw_page_bytes(uint32_t blocks, uint32_t page)
{
	uint32_t path = pen_raw_path_count(page, pen_raw_pages(blocks));
	return (pen_raw_page_leaves(blocks, page) + path) * PEN_HASH_BYTES;
}

int pen_raw_page_encode(
	const struct pen_hash *leaves, uint32_t blocks, uint32_t page, struct pen_buf *out)
{
	struct pen_hash roots[PEN_RAW_PAGES_MAX];
	struct pen_raw_path path;
	uint32_t pages = pen_raw_pages(blocks), count = pen_raw_page_leaves(blocks, page);
	int err = pen_buf_grow(out, pen_raw_page_bytes(blocks, page));
	if (err)
		return err;
	for (uint32_t i = 0; i < pages; i++)
		pen_raw_leaves_root(leaves + (size_t)i * PEN_RAW_PAGE_LEAVES,
			pen_raw_page_leaves(blocks, i), &roots[i]);
	pen_raw_path_make(roots, pages, page, &path);
	err = pen_buf_append(
		out, leaves + (size_t)page * PEN_RAW_PAGE_LEAVES, (size_t)count * PEN_HASH_BYTES);
	if (!err)
		err = pen_buf_append(out, path.hashes, (size_t)path.count * PEN_HASH_BYTES);
	return err;
}

int pen_raw_page_decode(
	struct pen_bytes bytes, const struct pen_raw_page_ask *ask, const struct pen_hash **leaves)
{
	struct pen_raw_path path;
	struct pen_hash root;
	if (ask->blocks > PEN_RAW_BLOCKS_MAX || ask->page >= pen_raw_pages(ask->blocks))
		return PEN_EINPUT;
	if (bytes.len != pen_raw_page_bytes(ask->blocks, ask->page))
		return PEN_EINPUT;
	uint32_t pages = pen_raw_pages(ask->blocks);
	uint32_t count = pen_raw_page_leaves(ask->blocks, ask->page);
	size_t len = (size_t)count * PEN_HASH_BYTES;
	int err = pen_raw_path_decode(
		(struct pen_bytes){bytes.at + len, bytes.len - len}, ask->page, pages, &path);
	if (err)
		return err;
	const struct pen_hash *hashes = (const struct pen_hash *)(const void *)bytes.at;
	pen_raw_leaves_root(hashes, count, &root);
	pen_raw_path_root(&path, ask->page, pages, &root, &root);
	if (!pen_hash_equal(&root, &ask->root))
		return PEN_EVERIFY;
	*leaves = hashes;
	return 0;
}
