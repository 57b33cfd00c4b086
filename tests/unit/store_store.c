#include <criterion/criterion.h>

#include <errno.h>
#include <sys/stat.h>

#include "store/store.h"
#include "store_util.h"

Test(store_store, one_writer_who_cleans_up)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s");
	struct pen_store store, other, second;
	struct pen_why why = {0};
	disk->ops->close(disk, disk->ops->open(disk, ".penstock/tmp/left", PEN_DISK_CREATE, NULL));
	const struct pen_store_config reader = {.disk = disk}, writer = {.disk = disk, .write = 1};
	cr_assert_eq(pen_store_open(&other, &reader, &why), 0, "%s", why.text);
	cr_assert_eq(count_names(disk, ".penstock/tmp"), 1, "a reader cleans nothing");
	cr_assert_eq(pen_store_open(&store, &writer, &why), 0, "%s", why.text);
	cr_assert_eq(count_names(disk, ".penstock/tmp"), 0);
	expect_file(disk, ".penstock/version", "1\n");
	cr_assert_eq(pen_store_lock(&other, &why), PEN_ELOCKED);
	cr_assert_neq(strstr(why.text, "process"), NULL, "%s", why.text);
	pen_store_unlock(&store);
	cr_assert_eq(pen_store_lock(&other, &why), PEN_ELOCKED, "a writer stays one");
	cr_assert_eq(pen_store_open(&second, &writer, &why), PEN_ELOCKED);
	pen_store_close(&second);
	pen_store_close(&store);
	cr_assert_eq(pen_store_lock(&other, &why), 0, "%s", why.text);
	pen_store_unlock(&other);
	cr_assert_eq(pen_store_open(&store, &writer, &why), 0, "%s", why.text);
	pen_store_close(&store);
	pen_store_close(&other);
	pen_store_close(NULL);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(store_store, versions)
{
	static const struct {
		const char *version;
		int result;
	} rows[] = {{"1\n", 0}, {"1", 0}, {"2\n", PEN_EREFUSED}, {"4294967295", PEN_EREFUSED},
		{"", PEN_EINPUT}, {"one", PEN_EINPUT}, {"11111111111111111111111111", PEN_EINPUT}};
	struct scratch scratch = scratch_open();
	struct pen_disk *disk = disk_at(&scratch, "s"), *index = disk_at(&scratch, "index");
	struct pen_store store;
	struct pen_why why = {0};
	cr_assert_eq(mkdir(scratch_at(&scratch, "s/.penstock"), 0777), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		scratch_write(&scratch, "s/.penstock/version", rows[i].version);
		scratch_write(&scratch, "index/version", rows[i].version);
		const struct pen_store_config inside = {.disk = disk, .write = true};
		const struct pen_store_config beside = {.disk = disk, .index = index};
		cr_assert_eq(pen_store_open(&store, &inside, &why), rows[i].result);
		pen_store_close(&store);
		cr_assert_eq(pen_store_open(&store, &beside, &why), rows[i].result);
		pen_store_close(&store);
	}
	const struct pen_store_config both = {.disk = disk, .index = index, .write = true};
	cr_assert_eq(pen_store_open(&store, &both, &why), PEN_EUSAGE);
	pen_store_close(&store);
	pen_disk_shut(index);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}
