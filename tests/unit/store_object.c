#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/rng.h"
#include "store/file.h"
#include "store/index.h"
#include "store/layout.h"
#include "store/object.h"
#include "store/scan.h"
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

static bool always(void *context)
{
	(void)context;
	return true;
}

/* What a server that starts now would find, and what it would read. */
static struct pen_scan_sum scan_first(struct yard *yard, struct pen_catalog *fresh)
{
	struct pen_scan scan = {.store = &yard->store, .hooks.more = always};
	struct pen_catalog known = {0};
	struct pen_why why = {0};
	cr_assert_eq(pen_index_load(&yard->store, &known, &why), 0, "%s", why.text);
	cr_assert_eq(pen_scan_run(&scan, &known, fresh, &why), 0, "%s", why.text);
	pen_catalog_fini(&known);
	struct pen_scan_sum sum = scan.sum;
	pen_scan_fini(&scan);
	return sum;
}

static bool offers(const struct pen_catalog *catalog, const struct pen_hash *root, uint64_t bytes)
{
	const struct pen_catalog_set *set = pen_catalog_set(catalog, root, 1, PEN_FORM_RAW);
	return set && set->have == 1 && set->memory_usage == bytes &&
		!memcmp(pen_catalog_part(catalog, set, 0)->blob, root->bytes, PEN_BLOB_BYTES);
}

/* One made after the other, and an index that is damaged meanwhile. */
Test(store_object, is_known_to_who_serves_it)
{
	static const size_t lengths[] = {0, MIB + 1, 2 * MIB};
	struct yard yard = yard_open();
	struct pen_object object = {0};
	struct pen_catalog found = {0};
	struct pen_hash root[PEN_COUNT(lengths)];
	for (size_t i = 0; i < PEN_COUNT(lengths); i++) {
		struct pen_bytes bytes = {yard.bytes.at, lengths[i]};
		yard.files->ops->unlink(yard.files, "f");
		cr_assert_eq(pen_file_write(yard.files, "f", bytes), 0);
		cr_assert_eq(pen_object_bring(&object, yard.files, "f", &yard.store, NULL), 0);
		root[i] = object.root;
		struct pen_scan_sum sum = scan_first(&yard, &found);
		cr_expect_eq(sum.files, i + 1);
		cr_expect_eq(sum.proved, 0, "%u of %u are read again", sum.proved, sum.files);
		for (size_t j = 0; j <= i; j++)
			cr_expect(offers(&found, &root[j], lengths[j]));
	}
	cr_assert_eq(pen_file_write(yard.disk, ".penstock/junk", text_bytes("index")), 0);
	cr_assert_eq(yard.disk->ops->rename(yard.disk, ".penstock/junk", ".penstock/index"), 0);
	cr_assert_eq(pen_object_keep(&object, &yard.store, NULL), 0);
	cr_expect_eq(scan_first(&yard, &found).proved, PEN_COUNT(lengths) - 1);
	pen_catalog_fini(&found);
	pen_object_fini(&object);
	yard_close(&yard);
}

/* Another file under the name, of another time or length, is read. */
Test(store_object, is_not_known_when_it_is_another)
{
	struct yard yard = yard_open();
	struct pen_object object = {0};
	struct pen_catalog found = {0};
	struct pen_why why = {0};
	char path[PEN_NAME_BYTES];
	struct pen_bytes bytes = {yard.bytes.at, MIB + 1}, other = {yard.bytes.at + 1, MIB + 1};
	cr_assert_eq(pen_file_write(yard.files, "f", bytes), 0);
	cr_assert_eq(pen_object_bring(&object, yard.files, "f", &yard.store, NULL), 0);
	struct pen_hash root = object.root;
	pen_raw_path(&root, path);
	pen_clock_sleep_ns(20 * PEN_NS_PER_MS);
	cr_assert_eq(yard.disk->ops->unlink(yard.disk, path), 0);
	cr_assert_eq(pen_file_write(yard.disk, path, other), 0);
	cr_expect_eq(scan_first(&yard, &found).refused, 1);
	cr_expect(!offers(&found, &root, MIB + 1));
	cr_assert_eq(yard.disk->ops->unlink(yard.disk, path), 0);
	cr_assert_eq(pen_file_write(yard.disk, path, (struct pen_bytes){other.at, 9}), 0);
	cr_expect_eq(pen_object_keep(&object, &yard.store, &why), PEN_EINPUT);
	cr_expect(strstr(why.text, path), "%s", why.text);
	cr_assert_eq(yard.disk->ops->unlink(yard.disk, path), 0);
	cr_expect_eq(pen_object_keep(&object, &yard.store, &why), -ENOENT);
	pen_catalog_fini(&found);
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
