#include <criterion/criterion.h>

#include "base/check.h"
#include "store/listing.h"

static void add(struct pen_catalog *catalog, const char *dir, uint8_t root, enum pen_form form,
	uint32_t k, uint32_t n)
{
	struct pen_catalog_file file = {.form = form, .n = n, .k = k, .bytes = 10};
	memset(file.root.bytes, root, sizeof file.root.bytes);
	cr_assert_eq(pen_catalog_dir(catalog, dir, &file.dir), 0);
	cr_assert_eq(pen_catalog_add(catalog, &file), 0);
}

static const char *dir(uint64_t epoch, uint64_t shard)
{
	static char name[PEN_NAME_BYTES];
	struct pen_labels labels = {.chain = "c", .epoch_height = epoch, .shard = shard};
	return pen_labels_dir(&labels, name);
}

Test(store_listing, a_row_for_each_state_and_label)
{
	struct pen_catalog catalog = {0};
	struct pen_listing listing = {0};
	for (uint32_t k = 0; k < 5; k++) {
		add(&catalog, dir(8, 1), 1, PEN_FORM_NEARCORE, k, 5);
		add(&catalog, dir(9, 1), 1, PEN_FORM_NEARCORE, k, 5);
	}
	add(&catalog, "elsewhere", 1, PEN_FORM_NEARCORE, 2, 5);
	add(&catalog, dir(9, 1), 1, PEN_FORM_LEAN, 2, 5);
	add(&catalog, dir(9, 2), 2, PEN_FORM_NEARCORE, 0, 1);
	add(&catalog, "raw", 3, PEN_FORM_RAW, 0, 1);
	cr_assert_eq(pen_catalog_settle(&catalog), 0);
	for (int again = 0; again < 2; again++)
		cr_assert_eq(pen_listing_make(&listing, &catalog, 5), 0);
	cr_expect_eq(pen_listing_count(&listing), 6);

	struct pen_hash root = {{0}};
	memset(root.bytes, 1, sizeof root.bytes);
	const struct {
		struct pen_listing_filter filter;
		uint32_t rows;
	} rows[] = {
		{{.root = NULL}, 6},
		{{.root = &root}, 4},
		{{.chain = "c"}, 4},
		{{.chain = "d"}, 0},
		{{.by_epoch = true, .epoch_height = 9}, 3},
		{{.by_epoch = true, .epoch_height = 0}, 0},
		{{.by_shard = true, .shard = 1}, 3},
		{{.by_form = true, .form = PEN_FORM_LEAN}, 1},
		{{.by_form = true, .form = PEN_FORM_RAW}, 1},
		{{.root = &root, .chain = "c", .by_epoch = true, .epoch_height = 8}, 1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint32_t passed = 0;
		for (uint32_t j = 0; j < pen_listing_count(&listing); j++)
			passed += pen_listing_passes(
				&listing, pen_listing_at(&listing, j), &rows[i].filter);
		cr_expect_eq(passed, rows[i].rows, "row %zu: %u", i, passed);
	}
	pen_listing_fini(&listing);
	pen_listing_fini(&listing);
	pen_listing_fini(NULL);
	pen_catalog_fini(&catalog);
}
