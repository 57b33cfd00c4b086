#include <criterion/criterion.h>

#include <errno.h>

#include "base/check.h"
#include "base/rng.h"
#include "store/file.h"
#include "store/layout.h"
#include "store/object.h"
#include "store_util.h"

#define MIB ((size_t)PEN_RAW_BLOCK_BYTES)

/* A store, and files beside it. */
struct yard {
	struct scratch scratch;
	struct pen_disk *files, *disk;
	struct pen_store store;
	struct pen_buf bytes; /* random */
};

static struct yard yard_open(void)
{
	struct yard yard = {.scratch = scratch_open()};
	struct pen_why why = {0};
	struct pen_rng rng = {3};
	yard.files = disk_at(&yard.scratch, "files");
	yard.disk = disk_at(&yard.scratch, "store");
	struct pen_store_config config = {.disk = yard.disk, .write = true};
	cr_assert_eq(pen_store_open(&yard.store, &config, &why), 0, "%s", why.text);
	cr_assert_eq(pen_buf_reserve(&yard.bytes, 3 * MIB), 0);
	yard.bytes.len = 3 * MIB;
	pen_rng_bytes(&rng, yard.bytes.at, yard.bytes.len);
	return yard;
}

static void yard_close(struct yard *yard)
{
	pen_store_close(&yard->store);
	pen_disk_shut(yard->files);
	pen_disk_shut(yard->disk);
	scratch_close(&yard->scratch);
	pen_buf_fini(&yard->bytes);
}

static struct pen_hash root_of(struct pen_bytes bytes)
{
	struct pen_raw_tree tree = {.count = 0};
	struct pen_hash leaf, root;
	for (uint32_t i = 0; i < pen_raw_blocks(bytes.len); i++) {
		pen_raw_leaf(
			(struct pen_bytes){bytes.at + i * MIB, pen_raw_block_bytes(bytes.len, i)},
			&leaf);
		pen_raw_tree_push(&tree, &leaf);
	}
	pen_raw_tree_root(&tree, &root);
	return root;
}

Test(store_object, is_brought_in_whole_and_proved)
{
	static const size_t lengths[] = {0, 1, MIB, MIB + 1, 2 * MIB + 777};
	struct yard yard = yard_open();
	struct pen_object object = {0}, again = {0};
	struct pen_why why = {0};
	struct pen_buf there = {0};
	char path[PEN_NAME_BYTES], pages[PEN_ASIDE_NAME_BYTES];
	for (size_t i = 0; i < PEN_COUNT(lengths); i++) {
		struct pen_bytes bytes = {yard.bytes.at, lengths[i]};
		struct pen_hash root = root_of(bytes);
		yard.files->ops->unlink(yard.files, "f");
		cr_assert_eq(pen_file_write(yard.files, "f", bytes), 0);
		cr_assert_eq(pen_object_bring(&object, yard.files, "f", &yard.store, &why), 0, "%s",
			why.text);
		cr_expect(pen_hash_equal(&object.root, &root));
		cr_expect_eq(object.bytes, lengths[i]);
		pen_raw_path(&root, path);
		cr_assert_eq(pen_file_read(yard.disk, path, 4 * MIB, &there, NULL), 0);
		cr_expect_eq(pen_bytes_compare(pen_buf_bytes(&there), bytes), 0);
		cr_assert_eq(pen_object_read(&again, yard.disk, path, &why), 0);
		cr_expect(pen_hash_equal(&again.root, &root));
		cr_expect_eq(pen_object_paged(&yard.store, &root), lengths[i] > 0);
		if (lengths[i] == 0)
			continue;
		pen_pages_name(".penstock/", &root, pages);
		cr_assert_eq(pen_file_read(yard.disk, pages, 4 * MIB, &there, NULL), 0);
		struct pen_raw_page_ask ask = {.root = root, .blocks = object.blocks};
		const struct pen_hash *leaves;
		cr_expect_eq(pen_raw_page_decode(pen_buf_bytes(&there), &ask, &leaves), 0);
	}
	cr_expect_eq(count_names(yard.disk, ".penstock/tmp"), 0);
	pen_buf_fini(&there);
	pen_object_fini(&object);
	pen_object_fini(&again);
	pen_object_fini(NULL);
	yard_close(&yard);
}

/* More digests than one page has: the second begins at 1 MiB. */
Test(store_object, pages_lie_a_mib_apart)
{
	struct yard yard = yard_open();
	struct pen_object object = {.blocks = PEN_RAW_PAGE_LEAVES + 3};
	struct pen_buf there = {0};
	char pages[PEN_ASIDE_NAME_BYTES];
	pen_buf_append(&object.leaves, yard.bytes.at, object.blocks * PEN_HASH_BYTES);
	pen_raw_leaves_root((const void *)object.leaves.at, object.blocks, &object.root);
	cr_assert_eq(pen_object_page(&object, &yard.store, NULL), 0);
	pen_pages_name(yard.store.prefix, &object.root, pages);
	cr_assert_eq(pen_file_read(yard.disk, pages, 4 * MIB, &there, NULL), 0);
	cr_assert_eq(there.len, MIB + pen_raw_page_bytes(object.blocks, 1));
	for (uint32_t i = 0; i < 2; i++) {
		struct pen_raw_page_ask ask = {object.root, object.blocks, i};
		struct pen_bytes page = {there.at + i * MIB, pen_raw_page_bytes(object.blocks, i)};
		const struct pen_hash *leaves;
		cr_expect_eq(pen_raw_page_decode(page, &ask, &leaves), 0, "page %u", i);
	}
	pen_buf_fini(&there);
	pen_object_fini(&object);
	yard_close(&yard);
}

static int stop_at_once(void *context, uint64_t bytes)
{
	*(uint64_t *)context += bytes;
	return PEN_EINTERRUPTED;
}

Test(store_object, what_fails_leaves_nothing)
{
	struct yard yard = yard_open();
	uint64_t seen = 0;
	struct pen_object object = {.watch = stop_at_once, .context = &seen};
	struct pen_why why = {0};
	cr_assert_eq(pen_file_write(yard.files, "d/f", (struct pen_bytes){yard.bytes.at, 5}), 0);
	cr_expect_eq(pen_object_bring(&object, yard.files, "none", &yard.store, &why), -ENOENT);
	cr_expect_eq(
		pen_object_bring(&object, yard.files, "d/f", &yard.store, &why), PEN_EINTERRUPTED);
	cr_expect_eq(seen, 5);
	cr_expect_eq(pen_object_read(&object, yard.files, "d", &why), PEN_EINPUT);
	cr_expect(why.text[0]);
	cr_expect_eq(count_names(yard.disk, ".penstock/tmp"), 0);
	cr_expect_neq(yard.disk->ops->list(yard.disk, "raw", count_name, &seen), 0);
	pen_object_fini(&object);
	yard_close(&yard);
}
