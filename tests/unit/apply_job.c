#include "apply/job.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "drivers/sim/sink.h"
#include "util.h"

/* A row as a sink was given it. */
struct seen {
	enum pen_column column;
	struct pen_buf key, value; /* as stored, State without its count */
	int64_t refs;
};

/* Keeps each row that is put, and finds all of them right. */
static bool see(const void *context, uint32_t k, const struct pen_row *row)
{
	/* The test's own, which hands it to the sink as something to be looked at. */
	struct pen_buf *all = (struct pen_buf *)(uintptr_t)context;
	struct seen seen = {.column = row->column, .refs = row->refs};
	(void)k;
	PEN_CHECK(!pen_buf_append(&seen.key, row->key.at, row->key.len));
	PEN_CHECK(!pen_buf_append(&seen.value, row->head.at, row->head.len));
	PEN_CHECK(!pen_buf_append(&seen.value, row->value.at, row->value.len));
	PEN_CHECK(!pen_buf_append(all, &seen, sizeof seen));
	return true;
}

static struct seen *rows_of(const struct pen_buf *all, size_t *count)
{
	*count = all->len / sizeof(struct seen);
	return (struct seen *)(void *)all->at;
}

static int row_order(const void *left, const void *right)
{
	const struct seen *a = left, *b = right;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return pen_bytes_compare(pen_buf_bytes(&a->key), pen_buf_bytes(&b->key));
}

static void row_drop(struct seen *row)
{
	pen_buf_fini(&row->key);
	pen_buf_fini(&row->value);
}

/* Sort the rows by column and key and add up the counts of equal State keys. */
static void fold(struct pen_buf *all)
{
	size_t count, kept = 0;
	struct seen *rows = rows_of(all, &count);
	if (count)
		qsort(rows, count, sizeof *rows, row_order);
	for (size_t i = 0; i < count; i++) {
		if (kept && !row_order(&rows[kept - 1], &rows[i])) {
			cr_assert_eq(rows[i].column, PEN_COLUMN_STATE);
			rows[kept - 1].refs += rows[i].refs;
			row_drop(&rows[i]);
		} else {
			rows[kept++] = rows[i];
		}
	}
	all->len = kept * sizeof *rows;
}

static void drop(struct pen_buf *all)
{
	size_t count;
	struct seen *rows = rows_of(all, &count);
	for (size_t i = 0; i < count; i++)
		row_drop(&rows[i]);
	pen_buf_fini(all);
}

static void task_run(
	struct pen_job *job, const struct pen_apply *apply, struct pen_task *task, uint32_t k)
{
	struct pen_buf *bytes = task->bytes;
	memset(task, 0, sizeof *task);
	task->k = k;
	task->bytes = bytes;
	pen_job_run(job, apply, task);
}

/* Compare one column with the lines of a golden file: what nearcore's own application gave. */
static void column_check(const struct pen_buf *all, enum pen_column column, const char *golden)
{
	struct pen_buf text = test_data(golden);
	size_t count, at = 0, row = 0;
	struct seen *rows = rows_of(all, &count);
	while (row < count && rows[row].column != column)
		row++;
	for (char *line; test_line(&text, &at, &line); row++) {
		struct pen_buf ours = {0};
		char hex[2 * 8192 + 64];
		cr_assert(row < count);
		cr_assert_eq(rows[row].column, column);
		pen_hex(pen_buf_bytes(&rows[row].key), hex);
		pen_buf_append(&ours, hex, strlen(hex));
		if (column == PEN_COLUMN_STATE)
			snprintf(hex, sizeof hex, " %lld %zu", (long long)rows[row].refs,
				rows[row].value.len);
		else
			pen_hex(pen_buf_bytes(&rows[row].value), hex + (int)(hex[0] = ' ', 1));
		pen_buf_append(&ours, hex, strlen(hex) + 1);
		cr_assert_str_eq((char *)ours.at, line);
		pen_buf_fini(&ours);
	}
	cr_assert(row == count || rows[row].column != column);
	pen_buf_fini(&text);
}

/* Turn a stored part in nearcore's form into its lean form. */
static void lean_make(struct pen_buf *bytes, const struct pen_hash *root, uint64_t k, uint64_t n)
{
	const struct pen_part_id id = {*root, k, n};
	struct pen_buf lean = {0};
	test_lean(pen_buf_bytes(bytes), &id, &lean);
	pen_buf_fini(bytes);
	*bytes = lean;
}

Test(apply_job, applies_golden_parts_as_nearcore_did)
{
	static const struct {
		const char *name, *root;
		uint32_t parts;
	} rows[] = {
		{"genesis", "8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU", 5},
		{"small", "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv", 7},
		{"edges", "28dXfKSczkZrkaRUrxLpwxGmnxNtbz2Uw5Dt3zseFiir", 6},
	};
	static struct pen_job job;
	/* First in nearcore's form, then in lean form. */
	for (size_t way = 0; way < 2 * PEN_COUNT(rows); way++) {
		size_t i = way % PEN_COUNT(rows);
		bool lean = way >= PEN_COUNT(rows);
		static struct pen_sim_sink sink;
		struct pen_sim_clock simclock;
		struct pen_hash root;
		char name[128];
		cr_assert_eq(pen_hash_parse(rows[i].root, &root), 0);
		pen_sim_sink_tame(&sink, &simclock, &root, rows[i].parts);
		struct pen_buf all = {0};
		sink.right = see;
		sink.right_context = &all;
		struct pen_apply apply = {.sink = &sink.sink, .shard = sink.shard};
		uint64_t values = 0;
		for (uint32_t k = rows[i].parts; k-- > 0;) {
			snprintf(name, sizeof name, "golden/%s/state_part_%06u_of_%06u",
				rows[i].name, k, rows[i].parts);
			struct pen_buf bytes = test_data(name);
			struct pen_task task = {.bytes = &bytes};
			if (lean)
				lean_make(&bytes, &root, k, rows[i].parts);
			task_run(&job, &apply, &task, k);
			cr_assert_eq(task.result, 0, "%s: %s", name, task.why.text);
			cr_assert_eq(task.stage, PEN_STAGE_DONE);
			cr_assert_eq(job.judge.form, lean ? PEN_FORM_LEAN : PEN_FORM_NEARCORE);
			values += task.counts.values;
			pen_buf_fini(&bytes);
		}
		cr_assert_eq(sink.commits, rows[i].parts);
		fold(&all);
		snprintf(name, sizeof name, "golden/%s.state.zst", rows[i].name);
		column_check(&all, PEN_COLUMN_STATE, name);
		snprintf(name, sizeof name, "golden/%s.flat.zst", rows[i].name);
		column_check(&all, PEN_COLUMN_FLAT, name);
		cr_assert_gt(values, 0);
		drop(&all);
	}
	pen_job_fini(&job);
}

Test(apply_job, failures_leave_nothing_behind)
{
	static const struct {
		uint32_t k; /* which part the bytes are of */
		size_t cut; /* bytes taken off the end */
		uint32_t open, put, commit; /* what the sink fails: the part's number + 1 */
		int result;
		enum pen_stage stage;
		bool bad;
	} rows[] = {
		{2, 0, 0, 0, 0, 0, PEN_STAGE_DONE, false},
		{2, 1, 0, 0, 0, PEN_EENVELOPE, PEN_STAGE_OPENING, true},
		{2, SIZE_MAX, 0, 0, 0, PEN_EENVELOPE, PEN_STAGE_OPENING, true},
		{3, 0, 0, 0, 0, PEN_EMISSING, PEN_STAGE_PROVING, true},
		{2, 0, 3, 0, 0, -ENOSPC, PEN_STAGE_PUTTING, false},
		{2, 0, 0, 3, 0, -ENOSPC, PEN_STAGE_PUTTING, false},
		{2, 0, 0, 0, 3, -ENOSPC, PEN_STAGE_COMMITTING, false},
	};
	static struct pen_job job;
	struct pen_hash root;
	cr_assert_eq(pen_hash_parse("GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv", &root), 0);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		static struct pen_sim_sink sink;
		struct pen_sim_clock simclock;
		char name[128];
		pen_sim_sink_tame(&sink, &simclock, &root, 7);
		sink.faults.open_of = rows[i].open;
		sink.faults.put_of = rows[i].put;
		sink.faults.commit_of = rows[i].commit;
		snprintf(name, sizeof name, "golden/small/state_part_%06u_of_000007", rows[i].k);
		struct pen_buf bytes = test_data(name);
		bytes.len -= rows[i].cut < bytes.len ? rows[i].cut : bytes.len;
		struct pen_apply apply = {.sink = &sink.sink, .shard = sink.shard};
		struct pen_task task = {.bytes = &bytes};
		task_run(&job, &apply, &task, 2);
		cr_expect_eq(task.result, rows[i].result, "%zu: %s", i, task.why.text);
		cr_expect_eq(task.stage, rows[i].stage, "%zu", i);
		cr_expect_eq(pen_task_is_bad(&task), rows[i].bad, "%zu", i);
		cr_expect_eq(sink.commits, rows[i].result == 0, "%zu", i);
		cr_expect_eq(sink.parts[2].rows == 0, rows[i].result != 0, "%zu", i);
		cr_expect_eq(sink.batches, 0, "%zu", i);
		cr_expect_eq(task.why.text[0] != 0, rows[i].result != 0, "%zu", i);
		pen_buf_fini(&bytes);
	}
	pen_job_fini(&job);
}

/* Each allowance by itself: below it nothing reaches the sink, and the bytes are not blamed. */
Test(apply_job, stays_within_its_allowance)
{
	static const struct {
		struct pen_allowance allowance;
		int result;
		enum pen_stage stage;
	} rows[] = {
		{{1 << 20, 10000, 23, 1 << 20, false}, 0, PEN_STAGE_DONE},
		{{100, 10000, 23, 1 << 20, false}, PEN_ELARGE, PEN_STAGE_OPENING},
		{{1 << 20, 3, 23, 1 << 20, false}, PEN_ELARGE, PEN_STAGE_OPENING},
		{{1 << 20, 10000, 10, 1 << 20, false}, PEN_ELARGE, PEN_STAGE_OPENING},
		{{1 << 20, 10000, 23, 1000, false}, PEN_ELARGE, PEN_STAGE_PUTTING},
		{{1 << 20, 10000, 23, 1 << 20, true}, 0, PEN_STAGE_DONE},
	};
	static struct pen_job job;
	struct pen_hash root;
	cr_assert_eq(pen_hash_parse("GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv", &root), 0);
	struct pen_buf bytes = test_data("golden/small/state_part_000002_of_000007");
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		static struct pen_sim_sink sink;
		struct pen_sim_clock simclock;
		pen_sim_sink_tame(&sink, &simclock, &root, 7);
		struct pen_apply apply = {.sink = &sink.sink, .shard = sink.shard};
		struct pen_task task = {.k = 2, .bytes = &bytes, .allowance = &rows[i].allowance};
		pen_job_run(&job, &apply, &task);
		cr_expect_eq(task.result, rows[i].result, "%zu: %s", i, task.why.text);
		cr_expect_eq(task.stage, rows[i].stage, "%zu: %u", i, task.stage);
		cr_expect(!pen_task_is_bad(&task));
		cr_expect_eq(sink.commits, rows[i].result == 0, "%zu", i);
		cr_expect_eq(sink.batches, 0);
	}
	cr_expect_eq(job.judge.plain.cap, 0, "after one that went alone nothing is kept");
	pen_buf_fini(&bytes);
	pen_job_fini(&job);
}
