#include <criterion/criterion.h>
#include <errno.h>

#include "base/rng.h"
#include "drivers/table.h"
#include "make/gather.h"
#include "scratch.h"

static int append(void *context, struct pen_bytes entry)
{
	return pen_buf_append(context, entry.at, entry.len);
}

/* Gather the same random entries within a limit; what comes out does not depend on it. */
static void gather_some(struct pen_disk *disk, size_t limit, struct pen_buf *out, unsigned *runs)
{
	struct pen_rng rng = {4};
	struct pen_gather gather = {.limit = limit, .spill = {disk, "run"}};
	struct pen_why why = {0};
	uint8_t bytes[600];
	for (int i = 0; i < 3000; i++) {
		struct pen_hash hash;
		size_t len = pen_rng_below(&rng, i % 50 ? 30 : sizeof bytes);
		memset(bytes, (int)pen_rng_below(&rng, 5), sizeof bytes);
		bytes[0] = (uint8_t)pen_rng_below(&rng, 40);
		struct pen_bytes entry = {bytes, len};
		pen_sha256(entry, &hash);
		cr_assert_eq(i % 2 ? pen_gather_add(&gather, entry, &why)
				   : pen_gather_add_value(&gather, entry, &hash, &why),
			0);
	}
	cr_assert_eq(pen_gather_finish(&gather, &why), 0, "%s", why.text);
	*runs = gather.runs;
	cr_assert_eq(pen_gather_each(&gather, append, out, &why), 0);
	cr_assert_eq(out->len, gather.bytes);
	pen_gather_fini(&gather);
}

static int count_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	(void)name, (void)stat;
	++*(unsigned *)context;
	return 0;
}

Test(make_gather, a_limit_changes_nothing)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk;
	struct pen_buf whole = {0};
	unsigned runs, names = 0;
	cr_assert_eq(pen_disk_open_dir(scratch.path, false, &disk, NULL), 0);
	gather_some(disk, 0, &whole, &runs);
	cr_assert_eq(runs, 0);
	static const size_t limits[] = {100000, 30000, 9000};
	for (size_t i = 0; i < 3; i++) {
		struct pen_buf spilled = {0};
		gather_some(disk, limits[i], &spilled, &runs);
		cr_expect_gt(runs, 1);
		cr_expect_eq(pen_bytes_compare(pen_buf_bytes(&whole), pen_buf_bytes(&spilled)), 0);
		pen_buf_fini(&spilled);
	}
	cr_assert_eq(disk->ops->list(disk, "", count_name, &names), 0);
	cr_expect_eq(names, 0, "runs were left behind");
	pen_buf_fini(&whole);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}

Test(make_gather, too_many_runs_are_refused)
{
	struct scratch scratch = scratch_open();
	struct pen_disk *disk;
	struct pen_why why = {0};
	int err = 0;
	cr_assert_eq(pen_disk_open_dir(scratch.path, false, &disk, NULL), 0);
	struct pen_gather gather = {.limit = 100, .spill = {disk, "run"}};
	for (uint32_t i = 0; i < 1000 && !err; i++)
		err = pen_gather_add(&gather, (struct pen_bytes){(uint8_t *)&i, 4}, &why);
	cr_expect_eq(err, PEN_EREFUSED);
	cr_expect_not_null(strstr(why.text, "--of"));
	pen_gather_fini(&gather);
	pen_disk_shut(disk);
	scratch_close(&scratch);
}
