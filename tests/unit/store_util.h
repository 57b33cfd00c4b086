/* store_util: what tests of the room store share: disks in a scratch directory, and what is on
 * them. */
#ifndef PEN_TESTS_STORE_UTIL_H
#define PEN_TESTS_STORE_UTIL_H

#include <criterion/criterion.h>

#include "drivers/table.h"
#include "scratch.h"
#include "store/file.h"

static inline struct pen_bytes text_bytes(const char *text)
{
	return (struct pen_bytes){(const uint8_t *)text, strlen(text)};
}

static inline struct pen_disk *disk_at(const struct scratch *scratch, const char *name)
{
	struct pen_disk *disk;
	struct pen_why why = {0};
	cr_assert_eq(
		pen_disk_open_dir(scratch_at(scratch, name), true, &disk, &why), 0, "%s", why.text);
	return disk;
}

static inline void expect_file(struct pen_disk *disk, const char *name, const char *text)
{
	struct pen_buf buf = {0};
	cr_assert_eq(pen_file_read(disk, name, 4096, &buf, NULL), 0, "%s", name);
	cr_assert_eq(pen_bytes_compare(pen_buf_bytes(&buf), text_bytes(text)), 0, "%s", name);
	pen_buf_fini(&buf);
}

static inline int count_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	(void)name, (void)stat;
	++*(unsigned *)context;
	return 0;
}

static inline unsigned count_names(struct pen_disk *disk, const char *name)
{
	unsigned count = 0;
	cr_assert_eq(disk->ops->list(disk, name, count_name, &count), 0);
	return count;
}

#endif
