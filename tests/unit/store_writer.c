#include <criterion/criterion.h>

#include <errno.h>
#include <sys/stat.h>

#include "drivers/table.h"
#include "scratch.h"
#include "store/file.h"
#include "store/store.h"

static struct pen_bytes text_bytes(const char *text)
{
	return (struct pen_bytes){(const uint8_t *)text, strlen(text)};
}

static struct pen_disk *disk_at(const struct scratch *scratch, const char *name)
{
	struct pen_disk *disk;
	struct pen_why why = {0};
	cr_assert_eq(
		pen_disk_open_dir(scratch_at(scratch, name), true, &disk, &why), 0, "%s", why.text);
	return disk;
}

static void expect_file(struct pen_disk *disk, const char *name, const char *text)
{
	struct pen_buf buf = {0};
	cr_assert_eq(pen_file_read(disk, name, 4096, &buf, NULL), 0, "%s", name);
	cr_assert_eq(pen_bytes_compare(pen_buf_bytes(&buf), text_bytes(text)), 0, "%s", name);
	pen_buf_fini(&buf);
}

static int count_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	(void)name, (void)stat;
	++*(unsigned *)context;
	return 0;
}

static unsigned count_names(struct pen_disk *disk, const char *name)
{
	unsigned count = 0;
	cr_assert_eq(disk->ops->list(disk, name, count_name, &count), 0);
	return count;
}

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
