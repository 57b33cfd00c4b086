#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/check.h"
#include "drivers/table.h"
#include "scratch.h"

static char hello[] = "hello";

static struct pen_disk *disk_at(const struct scratch *scratch, const char *name)
{
	struct pen_disk *disk;
	struct pen_why why = {0};
	cr_assert_eq(
		pen_disk_open_dir(scratch_at(scratch, name), true, &disk, &why), 0, "%s", why.text);
	return disk;
}

static int64_t run(struct pen_disk *disk, struct pen_disk_op op)
{
	struct pen_disk_done done;
	op.tag = 77;
	cr_assert_eq(disk->ops->submit(disk, &op, 1), 1);
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 0), 1);
	cr_assert_eq(done.tag, 77);
	return done.result;
}

Test(dir_disk, names_never_leave_the_root)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "root");
	scratch_write(&scratch, "secret", "s");
	scratch_write(&scratch, "root/file", "f");
	cr_assert_eq(mkdir(scratch_at(&scratch, "root/sub"), 0777), 0);
	cr_assert_eq(symlink("../secret", scratch_at(&scratch, "root/out")), 0);
	cr_assert_eq(symlink("/etc/passwd", scratch_at(&scratch, "root/absolute")), 0);
	cr_assert_eq(symlink("..", scratch_at(&scratch, "root/up")), 0);
	cr_assert_eq(mkfifo(scratch_at(&scratch, "root/pipe"), 0666), 0);
	static const struct {
		const char *name;
		int result; /* 0: opens */
	} rows[] = {{"file", 0}, {"sub/../file", -EXDEV}, {"../secret", -EXDEV}, {"..", -EXDEV},
		{"/etc/passwd", -EXDEV}, {"sub//x", -EACCES}, {"./file", -EACCES},
		{"file/", -EACCES}, {"out", -EXDEV}, {"absolute", -EXDEV}, {"up/secret", -EXDEV},
		{"pipe", -EACCES}, {"none", -ENOENT}, {"file/x", -ENOTDIR}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		int file = disk->ops->open(disk, rows[i].name, PEN_DISK_RDONLY, NULL);
		cr_expect_eq(file < 0 ? file : 0, rows[i].result, "%s: %d", rows[i].name, file);
		disk->ops->close(disk, file);
		if (rows[i].result != -EXDEV)
			continue;
		cr_expect_lt(disk->ops->open(disk, rows[i].name, PEN_DISK_CREATE, NULL), 0);
		/* A link itself may be replaced; what it points to may not. */
		if (strchr(rows[i].name, '/'))
			cr_expect_lt(disk->ops->rename(disk, "file", rows[i].name), 0);
	}
	char text[8] = {0};
	FILE *file = fopen(scratch_at(&scratch, "secret"), "r");
	cr_assert_eq(fread(text, 1, sizeof text, file), 1);
	fclose(file);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(dir_disk, writes_reads_renames)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "a/b");
	struct pen_disk_stat stat;
	char out[16] = {0};
	int file = disk->ops->open(disk, "x/y/z", PEN_DISK_CREATE, NULL);
	cr_assert_geq(file, 0);
	cr_assert_eq(run(disk, (struct pen_disk_op){PEN_DISK_WRITE, file, 2, hello, 5}), 5);
	cr_assert_eq(run(disk, (struct pen_disk_op){PEN_DISK_SYNC, file}), 0);
	disk->ops->close(disk, file);
	cr_assert_eq(
		disk->ops->open(disk, "x/y/z", PEN_DISK_CREATE | PEN_DISK_EXCL, NULL), -EEXIST);
	cr_assert_eq(disk->ops->rename(disk, "x/y/z", "new/place/z"), 0);
	cr_assert_eq(disk->ops->open(disk, "x/y/z", 0, NULL), -ENOENT);
	file = disk->ops->open(disk, "new/place/z", 0, &stat);
	cr_assert_eq(stat.bytes, 7);
	cr_assert_gt(stat.mtime_ns, 0);
	cr_assert_eq(run(disk, (struct pen_disk_op){PEN_DISK_READ, file, 2, out, 16}), 5);
	cr_assert_str_eq(out, "hello");
	cr_assert_eq(run(disk, (struct pen_disk_op){PEN_DISK_READ, file, 100, out, 16}), 0);
	cr_assert_eq(run(disk, (struct pen_disk_op){PEN_DISK_WRITE, file, 0, out, 1}), -EBADF);
	disk->ops->close(disk, file);
	file = disk->ops->open(disk, "new/place/z", PEN_DISK_UPDATE, &stat);
	cr_assert_geq(file, 0);
	cr_assert_eq(stat.bytes, 7, "what is there stays");
	cr_assert_eq(run(disk, (struct pen_disk_op){PEN_DISK_WRITE, file, 6, hello, 1}), 1);
	disk->ops->close(disk, file);
	cr_assert_eq(disk->ops->open(disk, "new/none", PEN_DISK_UPDATE, NULL), -ENOENT);
	cr_assert_eq(disk->ops->unlink(disk, "new/place"), -ENOTEMPTY);
	cr_assert_eq(disk->ops->unlink(disk, "new/place/z"), 0);
	cr_assert_eq(disk->ops->unlink(disk, "new/place"), 0);
	cr_assert_eq(disk->ops->unlink(disk, "new/place"), -ENOENT);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(dir_disk, a_full_queue_takes_no_more)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "root");
	struct pen_disk_op ops[80];
	struct pen_disk_done done[80];
	int file = disk->ops->open(disk, "f", PEN_DISK_CREATE, NULL);
	for (unsigned i = 0; i < PEN_COUNT(ops); i++)
		ops[i] = (struct pen_disk_op){PEN_DISK_WRITE, file, i, hello, 1, i};
	cr_assert_eq(disk->ops->submit(disk, ops, PEN_COUNT(ops)), disk->depth_max);
	cr_assert_eq(disk->ops->submit(disk, ops, 1), 0);
	cr_assert_eq(disk->ops->reap(disk, done, 10, 0), 10);
	cr_assert_eq(done[9].tag, 9);
	cr_assert_eq(disk->ops->submit(disk, ops + 64, PEN_COUNT(ops) - 64), 10);
	cr_assert_eq(disk->ops->reap(disk, done, PEN_COUNT(done), 0), 64);
	cr_assert_eq(done[0].tag, 10);
	cr_assert_eq(done[63].tag, 73);
	disk->ops->close(disk, file);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

static int count_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	*(unsigned *)context += stat->directory ? 100 : 1;
	return strcmp(name, "stop") ? 0 : 42;
}

Test(dir_disk, lists_and_watches)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "root");
	unsigned count = 0;
	disk->ops->close(disk, disk->ops->open(disk, "d/f", PEN_DISK_CREATE, NULL));
	disk->ops->close(disk, disk->ops->open(disk, "g", PEN_DISK_CREATE, NULL));
	cr_assert_eq(symlink("g", scratch_at(&scratch, "root/link")), 0);
	cr_assert_eq(symlink("/etc", scratch_at(&scratch, "root/out")), 0);
	cr_assert_eq(disk->ops->list(disk, "", count_name, &count), 0);
	cr_assert_eq(count, 102);
	cr_assert_eq(disk->ops->list(disk, "none", count_name, &count), -ENOENT);
	cr_assert_eq(disk->ops->list(disk, "..", count_name, &count), -EXDEV);
	int watch = disk->ops->watch(disk, "d");
	cr_assert_geq(watch, 0);
	struct pollfd poll_fd = {watch, POLLIN, 0};
	cr_assert_eq(poll(&poll_fd, 1, 0), 0);
	disk->ops->close(disk, disk->ops->open(disk, "d/stop", PEN_DISK_CREATE, NULL));
	cr_assert_eq(poll(&poll_fd, 1, 1000), 1);
	close(watch);
	cr_assert_eq(disk->ops->list(disk, "d", count_name, &count), 42);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(dir_disk, refuses_what_is_no_directory)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk;
	struct pen_why why;
	scratch_write(&scratch, "file", "");
	cr_assert_eq(pen_disk_open_dir(scratch_at(&scratch, "none"), false, &disk, &why), -ENOENT);
	cr_assert_neq(strstr(why.text, "none"), NULL);
	cr_assert_eq(pen_disk_open_dir(scratch_at(&scratch, "file"), false, &disk, &why), -ENOTDIR);
	cr_assert_eq(
		pen_disk_open_dir(scratch_at(&scratch, "file/x"), true, &disk, &why), -ENOTDIR);
	pen_disk_shut(NULL);
	scratch_close(&scratch);
}
