#include "store/partial.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "store_util.h"

static struct pen_hash root_of(uint8_t number)
{
	struct pen_hash root = {{number}};
	return root;
}

static void put(struct pen_disk *disk, const struct pen_hash *root, const char *text)
{
	char name[PEN_ASIDE_NAME_BYTES];
	pen_partial_drop(disk, root);
	cr_assert_eq(pen_file_write(disk, pen_partial_name(root, name), text_bytes(text)), 0);
}

/* It was written so many seconds after 1970. */
static void age(const struct scratch *scratch, const struct pen_hash *root, uint8_t seconds)
{
	char name[PEN_ASIDE_NAME_BYTES], path[128];
	const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
	snprintf(path, sizeof path, "s/%s", pen_partial_name(root, name));
	cr_assert_eq(utimensat(AT_FDCWD, scratch_at(scratch, path), times, 0), 0);
}

static bool is_there(struct pen_disk *disk, const char *name)
{
	int file = disk->ops->open(disk, name, PEN_DISK_RDONLY, NULL);
	disk->ops->close(disk, file);
	return file >= 0;
}

static bool has(struct pen_disk *disk, uint8_t number)
{
	char name[PEN_ASIDE_NAME_BYTES];
	const struct pen_hash root = root_of(number);
	return is_there(disk, pen_partial_name(&root, name));
}

Test(store_partial, is_kept_until_it_is_whole)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s");
	struct pen_hash root = root_of(1);
	struct pen_why why = {0};
	uint64_t bytes = 7;
	char name[PEN_NAME_BYTES];
	cr_assert_eq(pen_partial_begin(disk, &root, &bytes, &why), 0, "%s", why.text);
	cr_expect_eq(bytes, 0);
	put(disk, &root, "half");
	cr_assert_eq(pen_partial_begin(disk, &root, &bytes, &why), 0, "%s", why.text);
	cr_expect_eq(bytes, 4, "it stays");
	cr_assert_eq(pen_partial_end(disk, &root, 4, &why), 0, "%s", why.text);
	expect_file(disk, pen_raw_path(&root, name), "half");
	cr_expect(!has(disk, 1));
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(store_partial, of_another_length_it_is_not_the_object)
{
	static const char *const texts[] = {"long", "longer"};
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s");
	struct pen_hash root = root_of(1);
	for (unsigned i = 0; i < 2; i++) {
		struct pen_why why = {0};
		char name[PEN_NAME_BYTES];
		put(disk, &root, texts[i]);
		cr_expect_eq(pen_partial_end(disk, &root, 5, &why), PEN_EINPUT);
		cr_expect(strstr(why.text, "fetch it again"), "%s", why.text);
		cr_expect(!has(disk, 1));
		cr_expect(!is_there(disk, pen_raw_path(&root, name)));
	}
	struct pen_why why = {0};
	cr_expect_eq(pen_partial_end(disk, &root, 5, &why), -ENOENT);
	cr_expect(strstr(why.text, "partial"), "%s", why.text);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(store_partial, dropped)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s");
	struct pen_hash root = root_of(1);
	pen_partial_drop(disk, &root);
	put(disk, &root, "x");
	pen_partial_drop(disk, &root);
	cr_expect(!has(disk, 1));
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(store_partial, of_others_the_newest_stay)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s");
	struct pen_hash ours = root_of(1);
	struct pen_why why = {0};
	cr_assert_eq(pen_partial_sweep(disk, &ours, &why), 0, "there is nothing: %s", why.text);
	/* Ours is the oldest, and stays; 2 is older than 3, and so on. */
	for (uint8_t i = 1; i <= PEN_PARTIAL_OTHERS_MAX + 3; i++) {
		struct pen_hash root = root_of(i);
		put(disk, &root, "x");
		age(&scratch, &root, i);
	}
	cr_assert_eq(pen_file_write(disk, ".penstock/partial/other", text_bytes("x")), 0);
	cr_assert_eq(pen_partial_sweep(disk, &ours, &why), 0, "%s", why.text);
	cr_expect(has(disk, 1));
	cr_expect(!has(disk, 2));
	cr_expect(!has(disk, 3));
	for (uint8_t i = 4; i <= PEN_PARTIAL_OTHERS_MAX + 3; i++)
		cr_expect(has(disk, i), "%u", i);
	cr_expect(is_there(disk, ".penstock/partial/other"), "it is none of ours");
	pen_disk_shut(disk);
	scratch_close(&scratch);
}
