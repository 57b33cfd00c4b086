#include <criterion/criterion.h>

#include <errno.h>

#include "drivers/table.h"
#include "scratch.h"
#include "store/file.h"
#include "store/writer.h"

static struct pen_disk *disk_at(const struct scratch *scratch, const char *name)
{
	struct pen_disk *disk;
	struct pen_why why = {0};
	cr_assert_eq(
		pen_disk_open_dir(scratch_at(scratch, name), true, &disk, &why), 0, "%s", why.text);
	return disk;
}

Test(store_file, large_files_and_bounds)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s");
	struct pen_writer writer;
	struct pen_buf out = {0}, in = {0};
	pen_writer_init(&writer, disk, "tmp");
	cr_assert_eq(pen_buf_reserve(&out, 9 << 20), 0);
	out.len = 9 << 20;
	for (size_t i = 0; i < out.len; i++)
		out.at[i] = (uint8_t)(i * 31 >> 3);
	cr_assert_eq(pen_writer_put(&writer, "big", pen_buf_bytes(&out), NULL, NULL), 0);
	cr_assert_eq(pen_file_read(disk, "big", out.len, &in, NULL), 0);
	cr_assert_eq(pen_bytes_compare(pen_buf_bytes(&in), pen_buf_bytes(&out)), 0);
	cr_assert_eq(pen_file_read(disk, "big", out.len - 1, &in, NULL), PEN_EINPUT);
	cr_assert_eq(pen_file_read(disk, "tmp", out.len, &in, NULL), PEN_EINPUT);
	cr_assert_eq(pen_file_read(disk, "none", out.len, &in, NULL), -ENOENT);
	pen_buf_fini(&out);
	pen_buf_fini(&in);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}
