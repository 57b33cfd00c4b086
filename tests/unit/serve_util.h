/*
 * serve_util: a small store for tests of the room serve: parts in nearcore form, one in lean form,
 * a raw object with its pages, a header; on fake disks, with handles, a cache and a catalog.
 */
#ifndef PEN_TESTS_SERVE_UTIL_H
#define PEN_TESTS_SERVE_UTIL_H

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/rng.h"
#include "fakes/disk.h"
#include "part/lean.h"
#include "part/raw_page.h"
#include "serve/reach.h"

#define HOUSE_MIB ((size_t)1 << 20)
/* Parts of the state; part 4 is not there. */
#define HOUSE_PARTS 20u
#define HOUSE_MISSING 4u
/* Part 3 in nearcore form; all others have 100 + k bytes. */
#define HOUSE_PART_3_BYTES (2 * HOUSE_MIB + HOUSE_MIB / 2)
#define HOUSE_RAW_BYTES (3 * HOUSE_MIB + 77)
/* Frames of lean part 1, as stored. */
#define HOUSE_FRAMES 3u
static const uint32_t house_frames[HOUSE_FRAMES] = {100, 1500000, 300};
#define HOUSE_MTIME 1000
/* What is called the root node. */
#define HOUSE_NODE_BYTES 539u

struct house {
	struct fake_disk disk, side;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_handles handles;
	struct pen_cache cache;
	struct pen_catalog catalog;
	struct pen_listing listing;
	struct pen_reacher reacher;
	struct pen_hash root, raw;
	char names[HOUSE_PARTS + 5][PEN_CATALOG_PATH_BYTES];
	unsigned name_count;
	uint8_t *bytes; /* random: what all files but the lean head and the pages are cut from */
	struct pen_buf lean, pages;
	struct pen_lean_head head; /* of the lean part, decoded */
};

static inline void house_file(
	struct house *house, struct fake_disk *disk, const char *name, struct pen_bytes bytes)
{
	char *kept = house->names[house->name_count++];
	PEN_CHECK(house->name_count <= PEN_COUNT(house->names));
	memcpy(kept, name, strlen(name) + 1);
	fake_disk_add(disk, kept, bytes, HOUSE_MTIME);
}

/* A file of the catalog, and on the disk. */
static inline void house_part(struct house *house, const char *dir, enum pen_form form,
	const struct pen_hash *root, uint32_t k, uint32_t n, struct pen_bytes bytes)
{
	char path[PEN_CATALOG_PATH_BYTES];
	struct pen_catalog_file file = {.root = *root,
		.memory_usage = form == PEN_FORM_RAW ? bytes.len : 50000,
		.form = form,
		.n = n,
		.k = k,
		.bytes = bytes.len,
		.mtime_ns = HOUSE_MTIME};
	memset(file.blob, (int)k + 1, sizeof file.blob);
	struct pen_buf scratch = {0};
	if (form == PEN_FORM_LEAN)
		cr_assert_eq(pen_catalog_lean(bytes, &scratch, &file), 0);
	pen_buf_fini(&scratch);
	cr_assert_eq(pen_catalog_dir(&house->catalog, dir, &file.dir), 0);
	cr_assert_eq(pen_catalog_add(&house->catalog, &file), 0);
	house_file(house, &house->disk, pen_catalog_path(&house->catalog, &file, path), bytes);
}

static inline void house_lean(struct house *house, const char *dir)
{
	static const uint8_t node[] = {2, 0, 'n', 'n'};
	uint8_t rows[HOUSE_FRAMES * PEN_LEAN_ROW_BYTES];
	struct pen_lean_head head = {.id = {.root = house->root, .k = 1, .n = HOUSE_PARTS},
		.memory_usage = 50000,
		.pairs = HOUSE_FRAMES,
		.proof_nodes = 1,
		.frames = HOUSE_FRAMES,
		.endless = true,
		.proof = {node, sizeof node},
		.rows = {rows, sizeof rows}};
	for (uint32_t i = 0; i < HOUSE_FRAMES; i++) {
		struct pen_lean_row row = {house_frames[i], house_frames[i], 1, i};
		pen_lean_row_encode(&row, rows + i * PEN_LEAN_ROW_BYTES);
		head.raw_bytes += row.raw_bytes;
	}
	cr_assert_eq(pen_lean_encode(&head, &house->lean, NULL), 0);
	for (uint32_t i = 0; i < HOUSE_FRAMES; i++)
		pen_buf_append(&house->lean, house->bytes + i, house_frames[i]);
	cr_assert_eq(pen_lean_decode(pen_buf_bytes(&house->lean), &house->head, NULL), 0);
	house_part(house, dir, PEN_FORM_LEAN, &house->root, 1, HOUSE_PARTS,
		pen_buf_bytes(&house->lean));
}

static inline void house_raw(struct house *house)
{
	struct pen_hash leaves[4];
	char name[PEN_ASIDE_NAME_BYTES];
	uint32_t blocks = pen_raw_blocks(HOUSE_RAW_BYTES);
	for (uint32_t i = 0; i < blocks; i++)
		pen_raw_leaf((struct pen_bytes){house->bytes + i * HOUSE_MIB,
				     pen_raw_block_bytes(HOUSE_RAW_BYTES, i)},
			&leaves[i]);
	pen_raw_leaves_root(leaves, blocks, &house->raw);
	cr_assert_eq(pen_raw_page_encode(leaves, blocks, 0, &house->pages), 0);
	house_part(house, PEN_RAW_DIR, PEN_FORM_RAW, &house->raw, 0, 1,
		(struct pen_bytes){house->bytes, HOUSE_RAW_BYTES});
	house_file(house, &house->side, pen_pages_name("s/", &house->raw, name),
		pen_buf_bytes(&house->pages));
}

static inline void house_fill(struct house *house)
{
	struct pen_labels labels = {.chain = "testnet", .epoch_height = 7, .shard = 2};
	char name[PEN_NAME_BYTES];
	struct pen_rng rng = {23};
	house->bytes = malloc(4 * HOUSE_MIB);
	pen_rng_bytes(&rng, house->bytes, 4 * HOUSE_MIB);
	memset(house->root.bytes, 0x11, sizeof house->root.bytes);
	pen_labels_dir(&labels, name);
	for (uint32_t k = 0; k < HOUSE_PARTS; k++) {
		size_t len = k == 3 ? HOUSE_PART_3_BYTES : 100 + k;
		if (k != HOUSE_MISSING)
			house_part(house, name, PEN_FORM_NEARCORE, &house->root, k, HOUSE_PARTS,
				(struct pen_bytes){house->bytes + k, len});
	}
	house_lean(house, name);
	house_raw(house);
	house_file(house, &house->side, pen_node_name("s/", &house->root, name),
		(struct pen_bytes){house->bytes + 9, HOUSE_NODE_BYTES});
	house_file(house, &house->disk, pen_labels_header(&labels, name),
		(struct pen_bytes){house->bytes + 5, HOUSE_MIB + 10});
	cr_assert_eq(pen_catalog_settle(&house->catalog), 0);
	cr_assert_eq(pen_listing_make(&house->listing, &house->catalog, 77), 0);
}

/* A pool of blocks + spare blocks, of which the cache has `blocks`. */
static inline void house_open(struct house *house, uint32_t blocks, uint32_t spare)
{
	memset(house, 0, sizeof *house);
	fake_disk_init(&house->disk, 32, 512);
	fake_disk_init(&house->side, 32, 512);
	house_fill(house);
	struct pen_arena_ask ask = {
		.bytes = (blocks + spare) * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&house->arena, &ask, NULL), 0);
	cr_assert_eq(pen_block_pool_init(&house->pool, &house->arena, blocks + spare), 0);
	cr_assert_eq(pen_handles_open(&house->handles, 8), 0);
	struct pen_cache_config config = {
		&house->handles, &house->pool, blocks, {&house->disk.disk, &house->side.disk}};
	cr_assert_eq(pen_cache_open(&house->cache, &config), 0);
	house->reacher = (struct pen_reacher){
		.room = {&house->listing, &house->disk.disk, &house->side.disk, "s/"},
		.handles = &house->handles,
		.cache = &house->cache};
}

static inline void house_close(struct house *house)
{
	pen_cache_close(&house->cache);
	pen_handles_close(&house->handles);
	for (unsigned i = 0; i < FAKE_DISK_FILES; i++) {
		cr_expect_eq(house->disk.files[i].opens, 0);
		cr_expect_eq(house->side.files[i].opens, 0);
	}
	cr_expect_eq(house->pool.free, house->pool.count);
	pen_block_pool_fini(&house->pool);
	pen_arena_close(&house->arena);
	pen_listing_fini(&house->listing);
	pen_catalog_fini(&house->catalog);
	pen_buf_fini(&house->lean);
	pen_buf_fini(&house->pages);
	free(house->bytes);
}

/* The address of a piece of the state, or of the raw object. */
static inline struct pen_wire_object house_object(const struct house *house, uint8_t form,
	uint8_t kind, uint32_t part, uint32_t piece, uint8_t block)
{
	struct pen_wire_object object = {
		.n = HOUSE_PARTS, .form = form, .kind = kind, .block = block};
	object.part = part;
	object.piece = piece;
	memcpy(object.root, house->root.bytes, 32);
	if (form == PEN_WIRE_FORM_RAW) {
		memcpy(object.root, house->raw.bytes, 32);
		object.n = 1;
	}
	return object;
}

#endif
