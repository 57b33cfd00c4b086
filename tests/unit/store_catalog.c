#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "part/id.h"
#include "store/catalog.h"

static struct pen_hash hash_of(uint8_t byte)
{
	struct pen_hash hash;
	memset(hash.bytes, byte, sizeof hash.bytes);
	return hash;
}

static void add(struct pen_catalog *catalog, const char *dir, uint8_t root, uint32_t k, uint32_t n)
{
	struct pen_catalog_file file = {
		.root = hash_of(root), .memory_usage = 1000, .n = n, .k = k, .bytes = 10 + k};
	cr_assert_eq(pen_catalog_dir(catalog, dir, &file.dir), 0);
	cr_assert_eq(pen_catalog_add(catalog, &file), 0);
}

Test(store_catalog, answers_by_root_and_n)
{
	struct pen_catalog catalog = {0};
	uint32_t count;
	char path[PEN_CATALOG_PATH_BYTES];
	cr_assert_eq(pen_catalog_settle(&catalog), 0);
	pen_catalog_sets(&catalog, &count);
	cr_assert_eq(count, 0);
	for (uint32_t k = 19; k != UINT32_MAX; k -= 2)
		add(&catalog, "b", 2, k, 20);
	add(&catalog, "a", 2, 3, 20);
	add(&catalog, "a", 2, 0, 9);
	add(&catalog, "c", 1, 65535, PEN_PARTS_MAX);
	cr_assert_eq(pen_catalog_settle(&catalog), 0);

	pen_catalog_sets(&catalog, &count);
	cr_assert_eq(count, 3);
	struct pen_hash two = hash_of(2), three = hash_of(3);
	const struct pen_catalog_set *set = pen_catalog_root(&catalog, &two, &count);
	cr_assert_eq(count, 2);
	cr_assert_eq(set[0].n, 9);
	cr_assert_eq(set[1].n, 20);
	cr_assert_eq(set[1].have, 10);
	cr_assert_eq(set[1].file_count, 11);
	cr_assert_eq(set[1].memory_usage, 1000);
	cr_assert_eq(pen_catalog_set(&catalog, &two, 20), set + 1);
	cr_assert_null(pen_catalog_set(&catalog, &two, 21));
	cr_assert_null(pen_catalog_root(&catalog, &three, &count));
	cr_assert_eq(count, 0);
	static const uint8_t bits[] = {0xaa, 0xaa, 0x0a};
	cr_assert_arr_eq(pen_catalog_bits(&catalog, set + 1), bits, sizeof bits);
	cr_assert_null(pen_catalog_part(&catalog, set + 1, 4));
	cr_assert_null(pen_catalog_part(&catalog, set + 1, 20));
	cr_assert_str_eq(pen_catalog_path(&catalog, pen_catalog_part(&catalog, set + 1, 5), path),
		"b/state_part_000005_of_000020");
	pen_catalog_fini(&catalog);
}

Test(store_catalog, remembers_places)
{
	struct pen_catalog catalog = {0};
	struct pen_catalog_file newer = {
		.root = hash_of(1), .n = 4, .k = 2, .mtime_ns = 5, .bytes = 77};
	struct pen_catalog_file refused = {.n = 999999, .k = 999999, .refused = true};
	add(&catalog, "a", 1, 2, 4);
	cr_assert_eq(pen_catalog_add(&catalog, &newer), 0);
	cr_assert_eq(pen_catalog_add(&catalog, &refused), 0);
	add(&catalog, "", 1, 2, 4);
	cr_assert_eq(pen_catalog_settle(&catalog), 0);
	uint32_t count, a = pen_catalog_dir_find(&catalog, "a");
	pen_catalog_sets(&catalog, &count);
	cr_assert_eq(count, 1, "a refused file is in no set");
	cr_assert_eq(pen_catalog_file_count(&catalog), 3, "the newer of two is kept");
	const struct pen_catalog_file *file = pen_catalog_at(&catalog, a, 4, 2);
	cr_assert(pen_catalog_matches(file, 77, 5));
	cr_assert_not(pen_catalog_matches(file, 77, 6));
	cr_assert(pen_catalog_at(&catalog, a, 999999, 999999)->refused);
	cr_assert_null(pen_catalog_at(&catalog, a, 4, 1));
	cr_assert_not_null(pen_catalog_at(&catalog, pen_catalog_dir_find(&catalog, ""), 4, 2));
	cr_assert_eq(pen_catalog_dir_find(&catalog, "none"), UINT32_MAX);
	pen_catalog_reset(&catalog);
	cr_assert_eq(pen_catalog_dir_find(&catalog, "a"), UINT32_MAX);
	char dir[PEN_CATALOG_DIR_BYTES + 1];
	memset(dir, 'x', sizeof dir - 1);
	dir[sizeof dir - 1] = 0;
	cr_assert_eq(pen_catalog_dir(&catalog, dir, &a), PEN_EREFUSED);
	pen_catalog_fini(&catalog);
	pen_catalog_fini(NULL);
}
