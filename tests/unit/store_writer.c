#include <criterion/criterion.h>

#include <errno.h>
#include <sys/stat.h>

#include "store/store.h"
#include "store_util.h"

Test(store_writer, a_file_is_whole_or_not_there)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s");
	struct pen_writer writer;
	struct pen_disk_stat stat;
	struct pen_why why = {0};
	pen_writer_init(&writer, disk, "tmp");
	cr_assert_eq(pen_writer_put(&writer, "a/b", text_bytes("one"), &stat, &why), 0);
	cr_assert_eq(stat.bytes, 3);
	expect_file(disk, "a/b", "one");
	cr_assert_eq(pen_writer_put(&writer, "a/b", text_bytes(""), &stat, &why), 0);
	cr_assert_eq(stat.bytes, 0);
	expect_file(disk, "a/b", "");
	cr_assert_eq(pen_writer_put(&writer, "a/b/c", text_bytes("x"), NULL, &why), -ENOTDIR);
	cr_assert_neq(strstr(why.text, "a/b/c"), NULL, "%s", why.text);
	cr_assert_eq(pen_writer_put(&writer, "../c", text_bytes("x"), NULL, &why), -EXDEV);
	cr_assert_eq(pen_writer_put(&writer, "a", text_bytes("x"), NULL, &why), -EISDIR);
	cr_assert_eq(count_names(disk, "tmp"), 0);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(store_writer, bit_by_bit)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s");
	struct pen_writer writer;
	struct pen_writing writing;
	struct pen_why why = {0};
	pen_writer_init(&writer, disk, "tmp");
	cr_assert_eq(pen_writing_begin(&writer, &writing, &why), 0);
	cr_assert_eq(pen_writing_add(&writer, &writing, text_bytes("one "), &why), 0);
	cr_assert_eq(pen_writing_add(&writer, &writing, text_bytes(""), &why), 0);
	cr_assert_eq(pen_writing_add(&writer, &writing, text_bytes("two"), &why), 0);
	cr_assert_eq(count_names(disk, "tmp"), 1);
	cr_assert_eq(pen_writing_end(&writer, &writing, "a/b", &why), 0);
	expect_file(disk, "a/b", "one two");
	pen_writing_drop(&writer, &writing);
	expect_file(disk, "a/b", "one two");
	cr_assert_eq(pen_writing_begin(&writer, &writing, &why), 0);
	cr_assert_eq(pen_writing_end(&writer, &writing, "a", &why), -EISDIR);
	cr_assert_eq(pen_writing_begin(&writer, &writing, &why), 0);
	pen_writing_drop(&writer, &writing);
	cr_assert_eq(count_names(disk, "tmp"), 0);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}
