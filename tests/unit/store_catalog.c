#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "part/id.h"
#include "store/catalog.h"
#include "store/layout.h"

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
	cr_assert_eq(pen_catalog_set(&catalog, &two, 20, PEN_FORM_NEARCORE), set + 1);
	cr_assert_null(pen_catalog_set(&catalog, &two, 21, PEN_FORM_NEARCORE));
	cr_assert_null(pen_catalog_set(&catalog, &two, 20, PEN_FORM_LEAN));
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

static void add_form(struct pen_catalog *catalog, enum pen_form form, uint32_t k)
{
	struct pen_catalog_file file = {.root = hash_of(7), .form = form, .n = 9, .k = k};
	cr_assert_eq(pen_catalog_note(catalog, "d", &file), 0);
}

/* One bitmap a form; the same part in two forms lies under two names. */
Test(store_catalog, tells_forms_apart)
{
	struct pen_catalog catalog = {0};
	struct pen_hash seven = hash_of(7);
	char path[PEN_CATALOG_PATH_BYTES];
	add_form(&catalog, PEN_FORM_LEAN, 8);
	add_form(&catalog, PEN_FORM_NEARCORE, 3);
	add_form(&catalog, PEN_FORM_LEAN, 3);
	cr_assert_eq(pen_catalog_settle(&catalog), 0);
	uint32_t count;
	const struct pen_catalog_set *sets = pen_catalog_root(&catalog, &seven, &count);
	cr_assert_eq(count, 2);
	cr_assert_eq(sets[0].form, PEN_FORM_NEARCORE);
	cr_assert_eq(sets[0].have, 1);
	cr_assert_eq(sets[1].form, PEN_FORM_LEAN);
	cr_assert_eq(sets[1].have, 2);
	cr_assert_eq(pen_catalog_set(&catalog, &seven, 9, PEN_FORM_LEAN), sets + 1);
	cr_assert_null(pen_catalog_part(&catalog, &sets[0], 8));
	cr_assert_eq(pen_catalog_bits(&catalog, &sets[1])[1], 1);
	const struct pen_catalog_file *file = pen_catalog_part(&catalog, &sets[1], 3);
	cr_assert_str_eq(pen_catalog_path(&catalog, file, path), "d/lean_part_000003_of_000009");
	cr_assert_eq(pen_catalog_at(&catalog, file), file);
	pen_catalog_fini(&catalog);
}

/* Raw objects lie in one directory and are told apart by their roots, refused or not. */
Test(store_catalog, names_raw_objects_by_root)
{
	struct pen_catalog catalog = {0};
	char path[PEN_CATALOG_PATH_BYTES], name[PEN_NAME_BYTES];
	for (uint8_t i = 1; i < 4; i++) {
		struct pen_catalog_file file = {
			.root = hash_of(i), .form = PEN_FORM_RAW, .n = 1, .refused = i == 2};
		cr_assert_eq(pen_catalog_note(&catalog, "raw", &file), 0);
	}
	cr_assert_eq(pen_catalog_settle(&catalog), 0);
	uint32_t count;
	pen_catalog_sets(&catalog, &count);
	cr_assert_eq(count, 2);
	for (uint32_t i = 0; i < pen_catalog_file_count(&catalog); i++) {
		const struct pen_catalog_file *file = pen_catalog_file_at(&catalog, i);
		cr_assert_eq(pen_catalog_at(&catalog, file), file);
		cr_assert_str_eq(
			pen_catalog_path(&catalog, file, path), pen_raw_path(&file->root, name));
	}
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
	struct pen_catalog_file name = {.dir = a, .n = 4, .k = 2};
	const struct pen_catalog_file *file = pen_catalog_at(&catalog, &name);
	cr_assert(pen_catalog_matches(file, 77, 5));
	cr_assert_not(pen_catalog_matches(file, 77, 6));
	name.dir = pen_catalog_dir_find(&catalog, "");
	cr_assert_not_null(pen_catalog_at(&catalog, &name));
	name.form = PEN_FORM_LEAN;
	cr_assert_null(pen_catalog_at(&catalog, &name), "it is there in another form");
	name = (struct pen_catalog_file){.dir = a, .n = 4, .k = 1};
	cr_assert_null(pen_catalog_at(&catalog, &name));
	name = refused;
	cr_assert(pen_catalog_at(&catalog, &name)->refused);
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
