#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "drivers/table.h"

#define FILE_BYTES (3 << 20)

static char scratch[] = "/tmp/pen-dir-origin-XXXXXX";

static const char *path(const char *name)
{
	static char text[256];
	snprintf(text, sizeof text, "%s/%s", scratch, name);
	return text;
}

static void file_write(const char *name, size_t len)
{
	FILE *file = fopen(path(name), "w");
	for (size_t i = 0; i < len; i++)
		putc((int)(i % 251), file);
	fclose(file);
}

static void scratch_make(void)
{
	cr_assert(mkdtemp(scratch));
	mkdir(path("sub"), 0700);
	file_write("sub/part", 1000);
	file_write("large", FILE_BYTES);
	file_write("empty", 0);
	mkfifo(path("fifo"), 0600);
	cr_assert_eq(symlink("/etc/passwd", path("out")), 0);
	cr_assert_eq(symlink("sub/part", path("in")), 0);
}

static void scratch_drop(void)
{
	static const char *const names[] = {"sub/part", "large", "empty", "fifo", "out", "in"};
	for (size_t i = 0; i < PEN_COUNT(names); i++)
		unlink(path(names[i]));
	rmdir(path("sub"));
	rmdir(scratch);
}

/* A new scratch directory, as an origin. */
static struct pen_origin *scratch_open(void)
{
	struct pen_origin *origin;
	struct pen_why why = {0};
	char word[64];
	scratch_make();
	snprintf(word, sizeof word, "dir:%s", scratch);
	cr_assert_eq(pen_origin_open(word, NULL, &origin, &why), 0, "%s", why.text);
	return origin;
}

static struct pen_origin_done end_of(struct pen_origin *origin)
{
	struct pen_origin_done done = {0};
	for (int i = 0; i < 100; i++) {
		if (origin->ops->reap(origin, &done, 1, 0))
			return done;
	}
	cr_assert(false, "a get never ends");
	return done;
}

static int count_name(void *context, const char *name)
{
	char *names = context;
	strcat(strcat(names, name), " ");
	return 0;
}

Test(dir_origin, reads_pieces)
{
	static const struct {
		const char *name;
		uint64_t offset, max;
		int result;
		size_t len;
		uint64_t all;
	} rows[] = {
		{"sub/part", 0, 1000, 0, 1000, 1000},
		{"sub/part", 0, 999, 0, 999, 1000},
		{"sub/part", 300, 1, 0, 1, 1000},
		{"sub/part", 900, 1000, 0, 100, 1000},
		{"sub/part", 5000, 1000, 0, 0, 1000},
		{"large", 7, FILE_BYTES - 8, 0, FILE_BYTES - 8, FILE_BYTES},
		{"sub/none", 0, 1000, PEN_ENOTFOUND, 0, 0},
	};
	struct pen_origin *origin = scratch_open();
	struct pen_buf into = {0};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_origin_get get = {.name = rows[i].name,
			.offset = rows[i].offset,
			.bytes_max = rows[i].max,
			.piece = true,
			.into = &into};
		into.len = 0;
		cr_assert_eq(origin->ops->submit(origin, &get, 1), 1);
		struct pen_origin_done done = end_of(origin);
		cr_expect_eq(done.result, rows[i].result, "%zu: %s", i, done.why.text);
		cr_expect_eq(into.len, rows[i].len, "%zu: %zu", i, into.len);
		cr_expect_eq(done.object_bytes, rows[i].all, "%zu", i);
		for (size_t at = 0; at < into.len; at++)
			cr_assert_eq(into.at[at], (at + rows[i].offset) % 251);
	}
	origin->ops->close(origin);
	pen_buf_fini(&into);
	scratch_drop();
}

Test(dir_origin, reads_files_and_nothing_else)
{
	static const struct {
		const char *name;
		uint64_t offset, max;
		int result;
		size_t len;
	} rows[] = {
		{"sub/part", 0, 1000, 0, 1000},
		{"in", 0, 1000, 0, 1000},
		{"sub/part", 900, 1000, 0, 100},
		{"sub/part", 5000, 1000, 0, 0},
		{"large", 0, 1 << 30, 0, FILE_BYTES},
		{"empty", 0, 0, 0, 0},
		{"sub/part", 0, 999, PEN_EINPUT, 0},
		{"sub/none", 0, 1000, PEN_ENOTFOUND, 0},
		{"large/x", 0, 1000, PEN_ENOTFOUND, 0},
		{"sub", 0, 1000, -EACCES, 0},
		{"fifo", 0, 1000, -EACCES, 0},
		{"out", 0, 1000, -EXDEV, 0},
		{"../x", 0, 1000, -EXDEV, 0},
		{"/etc/passwd", 0, 1000, -EXDEV, 0},
	};
	struct pen_origin *origin = scratch_open();
	struct pen_why why = {0};
	struct pen_buf into = {0};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_origin_get get = {.name = rows[i].name,
			.offset = rows[i].offset,
			.bytes_max = rows[i].max,
			.into = &into,
			.tag = i};
		into.len = 0;
		cr_assert_eq(origin->ops->submit(origin, &get, 1), 1);
		struct pen_origin_done done = end_of(origin);
		cr_expect_eq(done.result, rows[i].result, "%s: %s", rows[i].name, done.why.text);
		cr_expect_eq(done.tag, i);
		cr_expect_eq(into.len, rows[i].len, "%s", rows[i].name);
		cr_expect_eq(done.bytes_wire, rows[i].len);
		for (size_t at = 0; at < into.len; at++)
			cr_assert_eq(into.at[at], (at + rows[i].offset) % 251);
	}
	struct pen_origin_get get = {.name = "large", .bytes_max = FILE_BYTES, .into = &into};
	cr_assert_eq(origin->ops->submit(origin, &get, 1), 1);
	origin->ops->cancel(origin, 0);
	cr_expect_eq(end_of(origin).result, -ECANCELED);
	cr_assert_eq(origin->ops->submit(origin, &get, 1), 1);
	origin->ops->close(origin);
	cr_expect_eq(pen_origin_open("dir:/nowhere/at/all", NULL, &origin, &why), -ENOENT);
	pen_buf_fini(&into);
	scratch_drop();
}

Test(dir_origin, lists_by_prefix)
{
	struct pen_origin *origin = scratch_open();
	struct pen_why why = {0};
	char names[256] = "";
	cr_expect_eq(origin->ops->list(origin, "s", count_name, names, &why), 0);
	cr_expect_str_eq(names, "sub/ ");
	names[0] = 0;
	cr_expect_eq(origin->ops->list(origin, "sub/", count_name, names, &why), 0);
	cr_expect_str_eq(names, "sub/part ");
	names[0] = 0;
	cr_expect_eq(origin->ops->list(origin, "none/", count_name, names, &why), 0);
	cr_expect_eq(origin->ops->list(origin, "../", count_name, names, &why), -EXDEV);
	cr_expect_str_eq(names, "");
	origin->ops->close(origin);
	scratch_drop();
}
