#include <criterion/criterion.h>

#include "house.h"
#include "store/tree.h"

static void touch(struct house *house, const char *name)
{
	house_put(house, "", name, (struct pen_bytes){(const uint8_t *)"x", 1}, NULL);
}

Test(store_tree, finds_directories_of_the_layout)
{
	static const char *const rows[] = {"", "chain_id=a/epoch_height=1/epoch_id=e/shard_id=0",
		"chain_id=a/epoch_height=1/epoch_id=e/shard_id=1",
		"chain_id=b/epoch_height=1/epoch_id=e/shard_id=0"};
	struct house house = house_open();
	struct pen_buf names = {0};
	touch(&house, "chain_id=b/epoch_height=1/epoch_id=e/shard_id=0/deeper/f");
	touch(&house, "chain_id=a/epoch_height=1/epoch_id=e/shard_id=1/f");
	touch(&house, "chain_id=a/epoch_height=1/epoch_id=e/shard_id=0/f");
	touch(&house, "chain_id=a/epoch_height=1/epoch_id=e/shard_id=9");
	touch(&house, "chain_id=a/epoch_height=1/epoch_id=e/headers/shard_id=0/header");
	touch(&house, "chain_id=a/epoch_height=1/epoch_id=\xff/shard_id=0/f");
	touch(&house, "other/epoch_height=1/epoch_id=e/shard_id=0/f");
	cr_assert_eq(pen_tree_dirs(house.disk, &names), 0);
	size_t at = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		cr_assert_lt(at, names.len);
		cr_assert_str_eq((const char *)names.at + at, rows[i]);
		at += strlen(rows[i]) + 1;
	}
	cr_assert_eq(at, names.len);
	pen_buf_fini(&names);
	house_close(&house);
}

Test(store_tree, finds_parts_by_name)
{
	struct house house = house_open();
	struct pen_buf files = {0};
	touch(&house, "d/state_part_000009_of_000010");
	touch(&house, "d/state_part_000001_of_000010");
	touch(&house, "d/state_part_000003_of_000005");
	touch(&house, "d/state_part_000003_of_000005.tmp");
	touch(&house, "d/state_part_000004_of_000005/f");
	touch(&house, "d/lean_part_000003_of_000005");
	cr_assert_eq(pen_tree_files(house.disk, "d", &files), 0);
	const struct pen_tree_file *file = (const void *)files.at;
	cr_assert_eq(files.len / sizeof *file, 4);
	cr_assert_eq(file[0].n, 5);
	cr_assert_eq(file[0].form, PEN_FORM_NEARCORE);
	cr_assert_eq(file[1].k, 3);
	cr_assert_eq(file[1].form, PEN_FORM_LEAN);
	cr_assert_eq(file[2].k, 1);
	cr_assert_eq(file[3].k, 9);
	cr_assert_eq(file[3].bytes, 1);
	cr_assert_eq(pen_tree_files(house.disk, "none", &files), 0);
	cr_assert_eq(files.len, 0);
	pen_buf_fini(&files);
	house_close(&house);
}

/* Raw objects are called by their roots, and only in their own directory. */
Test(store_tree, finds_raw_objects)
{
	struct house house = house_open();
	struct pen_buf files = {0}, names = {0};
	struct pen_hash roots[2] = {{{1}}, {{2}}};
	char name[PEN_NAME_BYTES], text[PEN_HASH_TEXT_BYTES];
	cr_assert_eq(pen_tree_dirs(house.disk, &names), 0);
	cr_expect_eq(names.len, 1);
	for (int i = 1; i >= 0; i--)
		touch(&house, pen_raw_path(&roots[i], name));
	touch(&house, "raw/state_part_000001_of_000010");
	touch(&house, "raw/raw/f");
	touch(&house, pen_base58(&roots[0], text));
	cr_assert_eq(pen_tree_files(house.disk, "raw", &files), 0);
	const struct pen_tree_file *file = (const void *)files.at;
	cr_assert_eq(files.len / sizeof *file, 2);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(file[i].form, PEN_FORM_RAW);
		cr_expect_eq(file[i].n, 1);
		cr_expect_eq(file[i].k, 0);
		cr_expect(pen_hash_equal(&file[i].root, &roots[i]));
	}
	cr_assert_eq(pen_tree_files(house.disk, "", &files), 0);
	cr_expect_eq(files.len, 0);
	cr_assert_eq(pen_tree_dirs(house.disk, &names), 0);
	cr_expect_eq(names.len, 1 + sizeof "raw");
	cr_expect_str_eq((const char *)names.at + 1, "raw");
	pen_buf_fini(&files);
	pen_buf_fini(&names);
	house_close(&house);
}
