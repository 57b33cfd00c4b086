#include <criterion/criterion.h>
#include <stdio.h>

#include "base/check.h"
#include "part/judge.h"
#include "util.h"

#define SMALL "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv"

static struct pen_part_id small_id(uint64_t k)
{
	struct pen_part_id id = {.k = k, .n = 7};
	cr_assert_eq(pen_hash_parse(SMALL, &id.root), 0);
	return id;
}

/* A part that nearcore made, and its lean form. */
static void load(uint64_t k, struct pen_buf *nearcore, struct pen_buf *lean)
{
	struct pen_part_id id = small_id(k);
	char name[64];
	snprintf(name, sizeof name, "golden/small/state_part_%06u_of_000007", (unsigned)k);
	*nearcore = test_data(name);
	*lean = (struct pen_buf){0};
	test_lean(pen_buf_bytes(nearcore), &id, lean);
}

static int count_value(void *context, const struct pen_item *item)
{
	cr_assert(item->value);
	++*(uint64_t *)context;
	return 0;
}

/* Whatever the form, the same is found in a part. */
Test(part_judge, forms_agree)
{
	struct pen_judge judge = {0};
	struct pen_why why = {0};
	for (uint64_t k = 0; k < 7; k++) {
		struct pen_part_id id = small_id(k);
		struct pen_buf files[2], contents[2] = {{0}, {0}};
		struct pen_part_counts counts[2];
		uint64_t values[2] = {0};
		load(k, &files[0], &files[1]);
		for (unsigned i = 0; i < 2; i++) {
			struct pen_bytes content, file = pen_buf_bytes(&files[i]);
			cr_assert_eq(pen_judge_form(file), i);
			cr_assert_eq(pen_judge_part(&judge, &id, file, &why), 0, "%s", why.text);
			cr_assert_eq(judge.form, i);
			pen_judge_counts(&judge, &counts[i]);
			cr_assert_gt(pen_judge_entries(&judge)->count, 0);
			cr_assert_eq(pen_judge_visit(&judge, count_value, &values[i], &why), 0);
			cr_assert_eq(pen_judge_content(&judge, &content, &why), 0);
			cr_assert_eq(pen_buf_append(&contents[i], content.at, content.len), 0);
		}
		cr_assert_eq(
			memcmp(&counts[0], &counts[1], sizeof counts[0]), 0, "part %d", (int)k);
		cr_assert_eq(values[0], values[1]);
		cr_assert_eq(values[0], counts[0].values);
		cr_assert_eq(
			pen_bytes_compare(pen_buf_bytes(&contents[0]), pen_buf_bytes(&contents[1])),
			0);
		for (unsigned i = 0; i < 2; i++) {
			pen_buf_fini(&files[i]);
			pen_buf_fini(&contents[i]);
		}
	}
	pen_judge_fini(&judge);
	pen_judge_fini(NULL);
}

/* What is wrong with a part, or too much for the caller, is said of either form. */
Test(part_judge, refuses)
{
	static const struct {
		bool lean, brief;
		uint64_t k; /* that it is said to be; it is 3 */
		size_t cut; /* bytes taken off the end */
		size_t bytes_max;
		uint32_t entries_max;
		int result;
	} rows[] = {
		{false, false, 3, 0, 0, 0, 0},
		{true, false, 3, 0, 0, 0, 0},
		{true, true, 3, 0, 0, 0, 0},
		{false, false, 2, 0, 0, 0, PEN_EMISSING},
		{true, false, 2, 0, 0, 0, PEN_EHEAD},
		{false, false, 3, 1, 0, 0, PEN_EENVELOPE},
		{true, false, 3, 1, 0, 0, PEN_EHEAD},
		{true, true, 3, 200, 0, 0, PEN_EHEAD},
		{true, false, 3, SIZE_MAX, 0, 0, PEN_EENVELOPE},
		{false, false, 3, 0, 4096, 0, PEN_ELARGE},
		{true, false, 3, 0, 4096, 0, PEN_ELARGE},
		{false, false, 3, 0, 0, 10, PEN_ELARGE},
		{true, false, 3, 0, 0, 10, PEN_ELARGE},
	};
	struct pen_buf files[2];
	load(3, &files[0], &files[1]);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_judge judge = {.brief = rows[i].brief,
			.bytes_max = rows[i].bytes_max,
			.entries_max = rows[i].entries_max};
		struct pen_part_id id = small_id(rows[i].k);
		struct pen_bytes file = pen_buf_bytes(&files[rows[i].lean]);
		struct pen_why why = {0};
		file.len -= rows[i].cut < file.len ? rows[i].cut : file.len;
		int err = pen_judge_part(&judge, &id, file, &why);
		cr_expect_eq(err, rows[i].result, "row %zu: %d %s", i, err, why.text);
		cr_expect_eq(why.text[0] != 0, err != 0, "row %zu", i);
		pen_judge_fini(&judge);
		cr_expect_eq(judge.brief, rows[i].brief);
		cr_expect_eq(judge.bytes_max, rows[i].bytes_max);
	}
	pen_buf_fini(&files[0]);
	pen_buf_fini(&files[1]);
}

/* A part without envelope is never taken for a lean one. */
Test(part_judge, bare)
{
	struct pen_judge judge = {.bare = true};
	struct pen_part_id id = small_id(3);
	struct pen_buf files[2];
	load(3, &files[0], &files[1]);
	cr_assert_eq(pen_judge_part(&judge, &id, pen_buf_bytes(&files[1]), NULL), PEN_EENVELOPE);
	pen_judge_fini(&judge);
	pen_buf_fini(&files[0]);
	pen_buf_fini(&files[1]);
}
