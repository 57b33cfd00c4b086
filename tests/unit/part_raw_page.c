/* Pages of leaves: what a page says fits the root, and nothing else does. */
#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"
#include "part/raw_page.h"

/* Two whole pages and a short one. */
#define BLOCKS (2 * PEN_RAW_PAGE_LEAVES + 5)

static struct pen_hash leaves[BLOCKS];

static void fill(void)
{
	struct pen_rng rng = {5};
	pen_rng_bytes(&rng, leaves, sizeof leaves);
}

static int decode(
	const struct pen_buf *page, uint32_t blocks, uint32_t index, const struct pen_hash **found)
{
	struct pen_raw_page_ask ask = {.blocks = blocks, .page = index};
	pen_raw_leaves_root(leaves, blocks, &ask.root);
	return pen_raw_page_decode(pen_buf_bytes(page), &ask, found);
}

Test(part_raw_page, every_page_is_proved_alone)
{
	static const uint32_t rows[] = {1, 2, 3, PEN_RAW_PAGE_LEAVES - 1, PEN_RAW_PAGE_LEAVES,
		PEN_RAW_PAGE_LEAVES + 1, 2 * PEN_RAW_PAGE_LEAVES, BLOCKS};
	struct pen_buf page = {0};
	const struct pen_hash *found;
	fill();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		for (uint32_t k = 0; k < pen_raw_pages(rows[i]); k++) {
			page.len = 0;
			cr_assert_eq(pen_raw_page_encode(leaves, rows[i], k, &page), 0);
			cr_assert_eq(page.len, pen_raw_page_bytes(rows[i], k));
			cr_assert_leq(page.len, PEN_RAW_PAGE_BYTES_MAX);
			cr_assert_eq(decode(&page, rows[i], k, &found), 0, "%u of %u", k, rows[i]);
			cr_expect_eq(memcmp(found, leaves + (size_t)k * PEN_RAW_PAGE_LEAVES,
					     (size_t)pen_raw_page_leaves(rows[i], k) * 32),
				0);
		}
	}
	pen_buf_fini(&page);
}

Test(part_raw_page, refuses)
{
	struct pen_buf page = {0};
	const struct pen_hash *found = NULL;
	fill();
	cr_assert_eq(pen_raw_page_encode(leaves, BLOCKS, 0, &page), 0);
	cr_expect_eq(decode(&page, BLOCKS, 1, &found), PEN_EVERIFY);
	cr_expect_eq(decode(&page, BLOCKS, 2, &found), PEN_EINPUT);
	cr_expect_eq(decode(&page, BLOCKS, 3, &found), PEN_EINPUT);
	cr_expect_eq(decode(&page, 5, 0, &found), PEN_EINPUT);
	for (size_t at = 0; at < page.len; at += page.len / 50) {
		page.at[at] ^= 0x40;
		cr_expect_eq(decode(&page, BLOCKS, 0, &found), PEN_EVERIFY);
		page.at[at] ^= 0x40;
	}
	for (size_t cut = 0; cut < 3; cut++) {
		page.len--;
		cr_expect_eq(decode(&page, BLOCKS, 0, &found), PEN_EINPUT);
	}
	struct pen_raw_page_ask ask = {.blocks = 0};
	cr_expect_eq(pen_raw_page_decode((struct pen_bytes){NULL, 0}, &ask, &found), PEN_EINPUT);
	ask.blocks = PEN_RAW_BLOCKS_MAX + 1;
	cr_expect_eq(pen_raw_page_decode(pen_buf_bytes(&page), &ask, &found), PEN_EINPUT);
	cr_expect_null(found);
	pen_buf_fini(&page);
}

/* The lie that the header names: too few blocks, with inner nodes for leaves, fits the root. */
Test(part_raw_page, inner_nodes_fit_the_root_and_match_no_block)
{
	struct pen_hash nodes[2];
	struct pen_buf page = {0};
	const struct pen_hash *found;
	uint8_t node[65] = {1};
	fill();
	struct pen_raw_page_ask ask = {.blocks = 2};
	pen_raw_leaves_root(leaves, 4, &ask.root);
	pen_raw_leaves_root(leaves, 2, &nodes[0]);
	pen_raw_leaves_root(leaves + 2, 2, &nodes[1]);
	cr_assert_eq(pen_raw_page_encode(nodes, 2, 0, &page), 0);
	cr_expect_eq(pen_raw_page_decode(pen_buf_bytes(&page), &ask, &found), 0);
	memcpy(node + 1, leaves, 64);
	struct pen_hash leaf;
	pen_raw_leaf((struct pen_bytes){node, sizeof node}, &leaf);
	cr_expect(!pen_hash_equal(&leaf, &found[0]));
	pen_buf_fini(&page);
}

Test(part_raw_page, the_largest_object_has_64_pages)
{
	cr_expect_eq(pen_raw_pages(PEN_RAW_BLOCKS_MAX), PEN_RAW_PAGES_MAX);
	cr_expect_eq(pen_raw_page_bytes(PEN_RAW_BLOCKS_MAX, 63), PEN_RAW_PAGE_BYTES_MAX);
	cr_expect_eq(pen_raw_page_bytes(PEN_RAW_PAGE_LEAVES, 0), PEN_RAW_PAGE_LEAVES * 32);
	cr_expect_eq(pen_raw_pages(0), 0);
}
