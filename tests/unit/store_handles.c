#include <criterion/criterion.h>
#include <errno.h>

#include "base/check.h"
#include "fakes/disk.h"
#include "store/handles.h"

static const uint8_t bytes[100];

static void disk_with(struct fake_disk *disk)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	fake_disk_init(disk, 8, 1);
	for (size_t i = 0; i < PEN_COUNT(names); i++)
		fake_disk_add(disk, names[i], (struct pen_bytes){bytes, 10 + i}, 1000 + (int)i);
}

static struct pen_handle_ask ask(struct fake_disk *disk, const char *name)
{
	return (struct pen_handle_ask){.disk = &disk->disk, .name = name};
}

Test(store_handles, a_file_is_open_once)
{
	struct fake_disk disk;
	struct pen_handles handles;
	disk_with(&disk);
	cr_assert_eq(pen_handles_open(&handles, 2), 0);
	struct pen_handle_ask a = ask(&disk, "a");
	int first = pen_handles_get(&handles, &a), second = pen_handles_get(&handles, &a);
	cr_assert_geq(first, 0);
	cr_expect_eq(first, second);
	cr_expect_eq(disk.opened, 1);
	cr_expect_eq(pen_handles_at(&handles, (uint32_t)first)->bytes, 10);
	pen_handles_keep(&handles, (uint32_t)first);
	for (int i = 0; i < 3; i++)
		pen_handles_put(&handles, (uint32_t)first);
	/* Nobody has it, and it is still open. */
	cr_expect_eq(pen_handles_get(&handles, &a), first);
	cr_expect_eq(disk.opened, 1);
	pen_handles_put(&handles, (uint32_t)first);
	pen_handles_close(&handles);
	cr_expect_eq(disk.files[0].opens, 0);
}

Test(store_handles, the_one_unused_for_longest_makes_room)
{
	struct fake_disk disk;
	struct pen_handles handles;
	disk_with(&disk);
	cr_assert_eq(pen_handles_open(&handles, 2), 0);
	struct pen_handle_ask a = ask(&disk, "a"), b = ask(&disk, "b"), c = ask(&disk, "c");
	int in_a = pen_handles_get(&handles, &a), in_b = pen_handles_get(&handles, &b);
	uint64_t id = pen_handles_at(&handles, (uint32_t)in_a)->id;
	cr_expect_eq(pen_handles_get(&handles, &c), -EBUSY);
	cr_expect(pen_handles_full(&handles));
	pen_handles_put(&handles, (uint32_t)in_b);
	cr_expect(!pen_handles_full(&handles));
	pen_handles_put(&handles, (uint32_t)in_a);
	cr_expect_eq(pen_handles_get(&handles, &a), in_a);
	pen_handles_put(&handles, (uint32_t)in_a);
	cr_expect_eq(pen_handles_find(&handles, &c), -ENOENT);
	cr_expect_eq(pen_handles_get(&handles, &c), in_b);
	cr_expect_eq(pen_handles_find(&handles, &c), in_b);
	pen_handles_put(&handles, (uint32_t)in_b);
	cr_expect_eq(disk.files[1].opens, 0);
	cr_expect_eq(pen_handles_get(&handles, &b), in_a);
	cr_expect_neq(pen_handles_at(&handles, (uint32_t)in_a)->id, id);
	pen_handles_put(&handles, (uint32_t)in_a);
	pen_handles_put(&handles, (uint32_t)in_b);
	pen_handles_close(&handles);
}

Test(store_handles, refuses_what_is_not_the_file_that_was_meant)
{
	struct fake_disk disk;
	struct pen_handles handles;
	disk_with(&disk);
	const struct {
		struct pen_handle_ask ask;
		int err;
	} rows[] = {
		{{&disk.disk, "a", 10, 1000, false}, 0},
		{{&disk.disk, "a", 0, 1000, false}, 0},
		{{&disk.disk, "a", 10, 0, true}, 0},
		{{&disk.disk, "a", 11, 1000, false}, -ESTALE},
		{{&disk.disk, "a", 10, 1001, false}, -ESTALE},
		{{&disk.disk, "x", 10, 1000, false}, -ENOENT},
	};
	cr_assert_eq(pen_handles_open(&handles, 4), 0);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		int place = pen_handles_get(&handles, &rows[i].ask);
		cr_expect_eq(place < 0 ? place : 0, rows[i].err, "row %zu", i);
		if (place >= 0)
			pen_handles_put(&handles, (uint32_t)place);
	}
	cr_expect_eq(handles.stale, 2);
	pen_handles_close(&handles);
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(disk.files[i].opens, 0);
	pen_handles_close(NULL);
	pen_handles_close(&handles);
}
