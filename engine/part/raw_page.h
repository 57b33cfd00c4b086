/*
 * raw_page: leaves of a raw object as they travel, so that each block can be proved alone as it
 * lands, from any peer.
 *
 * A page holds the leaf hashes of 16,384 neighbouring blocks (fewer in the last page), and behind
 * them the audit path from the page's own root up to the object's. 16,384 is a power of two, so the
 * root of a page is a node of the object's tree, and the tree over the pages is the upper part of
 * it (part/raw.h). An object of up to 16 GiB has one page, which is its leaves and nothing else:
 * 32 bytes a MiB. A page is at most 512 KiB + 192 bytes: a small object on the wire.
 *
 * What a page proves: these hashes, at this place, below this root, if the object has `blocks`
 * blocks. `blocks` is a peer's word. Too small a number may come with hashes of inner nodes in the
 * place of leaves, which fit the root and match no block; too large a number cannot fit, since no
 * leaf is a node. So a receiver judges a page by the size that its own sender says, takes blocks
 * from those alone who say the same, and gives up a size of which no block fits (fetch/sized.h).
 * How long the last block is, only that block proves.
 *
 * Pure functions, any thread.
 */
#ifndef PEN_PART_RAW_PAGE_H
#define PEN_PART_RAW_PAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "part/raw.h"

/* Leaves of every page but the last: with its path below 1 MiB, and a power of two. */
#define PEN_RAW_PAGE_LEAVES (UINT32_C(1) << 14)
#define PEN_RAW_PAGES_MAX (PEN_RAW_BLOCKS_MAX / PEN_RAW_PAGE_LEAVES)
/* 64 pages have a path of at most 6 hashes. */
#define PEN_RAW_PAGE_PATH_MAX 6u
#define PEN_RAW_PAGE_BYTES_MAX \
	((size_t)(PEN_RAW_PAGE_LEAVES + PEN_RAW_PAGE_PATH_MAX) * PEN_HASH_BYTES)

/* Pages of an object of `blocks` <= PEN_RAW_BLOCKS_MAX; an empty object has none. */
uint32_t pen_raw_pages(uint32_t blocks);

/* Leaves in page `page` < pen_raw_pages(blocks). */
uint32_t pen_raw_page_leaves(uint32_t blocks, uint32_t page);

/* Bytes of page `page` < pen_raw_pages(blocks). */
uint32_t pen_raw_page_bytes(uint32_t blocks, uint32_t page);

/* Append page `page` of an object whose `blocks` leaves these are. 0 or -ENOMEM. */
int pen_raw_page_encode(
	const struct pen_hash *leaves, uint32_t blocks, uint32_t page, struct pen_buf *out);

/* Which page of which object is expected. */
struct pen_raw_page_ask {
	struct pen_hash root;
	uint32_t blocks; /* 1 to PEN_RAW_BLOCKS_MAX, as its sender says */
	uint32_t page; /* < pen_raw_pages(blocks) */
};

/*
 * Prove a page; *leaves is then the hashes of its blocks, pen_raw_page_leaves() of them, borrowed
 * from `bytes`. 0; PEN_EINPUT for a page or length that cannot be; PEN_EVERIFY if it does not lead
 * to the root.
 */
int pen_raw_page_decode(
	struct pen_bytes bytes, const struct pen_raw_page_ask *ask, const struct pen_hash **leaves);

#endif
