#include <criterion/criterion.h>
#include <errno.h>

#include "drivers/table.h"
#include "make/runs.h"
#include "scratch.h"

static void write_run(const struct pen_gather_spill *spill, unsigned run, const char *const *words)
{
	struct pen_run_writer writer;
	cr_assert_eq(pen_run_create(&writer, spill, run), 0);
	for (; *words; words++) {
		uint8_t entry[64];
		pen_put_le32(entry, (uint32_t)strlen(*words));
		memcpy(entry + 4, *words, strlen(*words));
		cr_assert_eq(
			pen_run_put(&writer, (struct pen_bytes){entry, 4 + strlen(*words)}), 0);
	}
	cr_assert_eq(pen_run_close(&writer), 0);
	cr_assert_eq(pen_run_close(&writer), 0);
}

static int join(void *context, struct pen_bytes entry)
{
	pen_buf_append(context, entry.at + 4, entry.len - 4);
	return pen_buf_append(context, ",", 1);
}

Test(make_runs, merge_gives_each_once)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk;
	struct pen_buf out = {0};
	cr_assert_eq(pen_disk_open_dir(scratch.path, false, &disk, NULL), 0);
	struct pen_gather_spill spill = {disk, "run"};
	write_run(&spill, 0, (const char *const[]){"", "a", "c", "ca", NULL});
	write_run(&spill, 1, (const char *const[]){NULL});
	write_run(&spill, 2, (const char *const[]){"a", "b", "ca", "d", NULL});
	cr_assert_eq(pen_runs_merge(&spill, 3, join, &out), 0);
	cr_assert_eq(pen_buf_append(&out, "", 1), 0);
	cr_expect_str_eq((char *)out.at, ",a,b,c,ca,d,");
	for (unsigned i = 0; i < 4; i++)
		pen_run_remove(&spill, i);
	cr_expect_eq(pen_runs_merge(&spill, 1, join, &out), -ENOENT);
	pen_buf_fini(&out);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(make_runs, a_cut_run_is_an_error)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk;
	struct pen_buf out = {0};
	cr_assert_eq(pen_disk_open_dir(scratch.path, false, &disk, NULL), 0);
	struct pen_gather_spill spill = {disk, "run"};
	write_run(&spill, 0, (const char *const[]){"abc", "def", NULL});
	cr_assert_eq(truncate(scratch_at(&scratch, "run.0"), 12), 0);
	cr_expect_eq(pen_runs_merge(&spill, 1, join, &out), -EIO);
	pen_buf_fini(&out);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}
