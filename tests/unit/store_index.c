#include <criterion/criterion.h>

#include "house.h"
#include "store/index.h"

static void fill(struct pen_catalog *catalog, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char dir[16];
		struct pen_catalog_file file = {.memory_usage = UINT64_MAX,
			.form = i % 2 ? PEN_FORM_LEAN : PEN_FORM_NEARCORE,
			.n = 9 + i % 2,
			.k = i % 9,
			.head_bytes = i % 2 * (1000 + i),
			.frames = i % 2 * i,
			.bytes = (uint64_t)i << 33,
			.mtime_ns = 1700000000123456789 + i};
		memset(file.root.bytes, (int)(i % 5), 32);
		memset(file.blob, (int)i, PEN_BLOB_BYTES);
		snprintf(dir, sizeof dir, "dir=%u", i % 7);
		if (i % 7 == 0)
			dir[0] = 0;
		cr_assert_eq(pen_catalog_dir(catalog, dir, &file.dir), 0);
		cr_assert_eq(pen_catalog_add(catalog, &file), 0);
	}
	struct pen_catalog_file refused = {.refused = true, .n = 1};
	cr_assert_eq(pen_catalog_add(catalog, &refused), 0);
	cr_assert_eq(pen_catalog_settle(catalog), 0);
}

Test(store_index, comes_back_as_it_was)
{
	struct pen_catalog catalog = {0}, back = {0};
	struct pen_buf bytes = {0}, again = {0};
	fill(&catalog, 100);
	cr_assert_eq(pen_index_encode(&catalog, &bytes), 0);
	cr_assert_eq(pen_index_decode(pen_buf_bytes(&bytes), &back, NULL), 0);
	cr_assert_eq(pen_catalog_file_count(&back), pen_catalog_file_count(&catalog) - 1);
	cr_assert_eq(pen_index_encode(&back, &again), 0);
	const struct pen_catalog_file *a = pen_catalog_file_at(&back, 42);
	struct pen_catalog_file name = *a;
	name.dir = pen_catalog_dir_find(&catalog, pen_catalog_dir_name(&back, a->dir));
	const struct pen_catalog_file *b = pen_catalog_at(&catalog, &name);
	cr_assert(pen_catalog_matches(a, b->bytes, b->mtime_ns));
	cr_assert_arr_eq(a->blob, b->blob, PEN_BLOB_BYTES);
	cr_assert(pen_hash_equal(&a->root, &b->root));
	cr_assert_eq(a->memory_usage, UINT64_MAX);
	cr_assert_eq(a->head_bytes, b->head_bytes);
	cr_assert_eq(a->frames, b->frames);
	pen_buf_fini(&bytes);
	pen_buf_fini(&again);
	pen_catalog_fini(&catalog);
	pen_catalog_fini(&back);
}

/* Every byte changed, and every length cut, is noticed and harms nothing. */
Test(store_index, damage_is_noticed)
{
	struct pen_catalog catalog = {0}, back = {0};
	struct pen_buf bytes = {0};
	struct pen_why why;
	fill(&catalog, 3);
	cr_assert_eq(pen_index_encode(&catalog, &bytes), 0);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.at[i] ^= 1;
		cr_assert_eq(pen_index_decode(pen_buf_bytes(&bytes), &back, &why), PEN_EINPUT);
		bytes.at[i] ^= 1;
		struct pen_bytes cut = {bytes.at, i};
		cr_assert_eq(pen_index_decode(cut, &back, &why), PEN_EINPUT);
		cr_assert_eq(pen_catalog_file_count(&back), 0);
	}
	pen_buf_fini(&bytes);
	pen_catalog_fini(&catalog);
	pen_catalog_fini(&back);
}

#define ROOT "11111111111111111111111111111111"
#define BLOB "00112233445566778899aabbccddeeff"

/* Lines that carry a right sum and are still not ours. */
Test(store_index, foreign_lines)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{"penstock index 2\n", 0},
		{"penstock index 1\n", PEN_EINPUT},
		{"penstock index 3\n", PEN_EINPUT},
		{"", PEN_EINPUT},
		{"penstock index 2", PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 500 6 " BLOB " 104 7\n",
			0},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 5 6 " BLOB " 6 7\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 5 6 " BLOB " 0 7\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 5 6 " BLOB "\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 5 6 " BLOB " 104\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 5 6 " BLOB " 1048577 7\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate raw " ROOT " 1 5\npart 0 5 6 " BLOB " 104 7\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 1 500 6 " BLOB " 104 7\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 0 5\n", PEN_EINPUT},
		{"penstock index 2\ndir \nstate raw " ROOT " 1 5\npart 0 5 6 " BLOB "\n", 0},
		{"penstock index 2\ndir \nstate raw " ROOT " 2 5\n", PEN_EINPUT},
		{"penstock index 2\ndir \nstate any " ROOT " 1 5\n", PEN_EINPUT},
		{"penstock index 2\ndir \nstate " ROOT " 1 5\n", PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 65537 5\n", PEN_EINPUT},
		{"penstock index 2\nstate lean " ROOT " 1 5\n", PEN_EINPUT},
		{"penstock index 2\ndir \npart 0 5 6 " BLOB "\n", PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\ndir x\npart 0 5 6 " BLOB "\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 500 6 0" BLOB " 104 7\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 500 -6 " BLOB " 104 7\n",
			PEN_EINPUT},
		{"penstock index 2\ndir \nstate lean " ROOT " 1 5\npart 0 5 6 " BLOB " \n",
			PEN_EINPUT},
		{"penstock index 2\ndir a=1/b\n", 0},
		{"penstock index 2\ndir a/../b\n", PEN_EINPUT},
		{"penstock index 2\ndir /a\n", PEN_EINPUT},
		{"penstock index 2\ndir a/\n", PEN_EINPUT},
		{"penstock index 2\ndir a b\n", PEN_EINPUT},
		{"penstock index 2\nend\n", PEN_EINPUT},
		{"penstock index 2\n\n", PEN_EINPUT},
	};
	struct pen_catalog back = {0};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pen_buf bytes = {0};
		char hex[PEN_HASH_HEX_BYTES];
		pen_buf_append(&bytes, rows[i].text, strlen(rows[i].text));
		test_sha_hex(pen_buf_bytes(&bytes), hex);
		pen_buf_append(&bytes, "end ", 4);
		pen_buf_append(&bytes, hex, 64);
		pen_buf_append(&bytes, "\n", 1);
		cr_expect_eq(pen_index_decode(pen_buf_bytes(&bytes), &back, NULL), rows[i].result,
			"%s", rows[i].text);
		pen_buf_fini(&bytes);
	}
	pen_catalog_fini(&back);
}

Test(store_index, lies_in_the_store)
{
	struct house house = house_open();
	struct pen_catalog catalog = {0}, back = {0};
	struct pen_why why = {0};
	cr_assert_eq(pen_index_load(&house.store, &back, &why), 0, "none is fine: %s", why.text);
	fill(&catalog, 10);
	cr_assert_eq(pen_index_save(&house.store, &catalog, &why), 0, "%s", why.text);
	cr_assert_eq(pen_index_load(&house.store, &back, &why), 0, "%s", why.text);
	cr_assert_eq(pen_catalog_file_count(&back), 10);
	scratch_write(&house.scratch, ".penstock/index", "nonsense");
	cr_assert_eq(pen_index_load(&house.store, &back, &why), PEN_EINPUT);
	cr_assert_neq(strstr(why.text, ".penstock/index: "), NULL, "%s", why.text);
	cr_assert_eq(pen_catalog_file_count(&back), 0);
	pen_catalog_fini(&catalog);
	pen_catalog_fini(&back);
	house_close(&house);
}
