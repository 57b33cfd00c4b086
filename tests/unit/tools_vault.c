/* A database as the place where workers put parts: what is there, what gets in, and what does not.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../tools/penstock/vault.h"
#include "base/check.h"
#include "golden_parts.h"
#include "scratch.h"

#define OTHER "28dXfKSczkZrkaRUrxLpwxGmnxNtbz2Uw5Dt3zseFiir"
#define SMALL_KEYS 6605u /* lines of nearcore's own dump of its FlatState */
#define FORMS (1u << PEN_FORM_NEARCORE)

static struct scratch scratch;
static struct vault vault;
static struct workshop workshop;
static struct golden_parts golden;
static struct pen_buf here;
static struct pen_why why;

static void back(struct errand *errand, int64_t now_ns)
{
	(void)errand, (void)now_ns;
}

static struct vault_ask ask_of(const char *root, uint32_t parts)
{
	struct vault_ask ask = {.dir = scratch_at(&scratch, "db"),
		.shard = {.version = 3, .id = 7},
		.parts = parts,
		.quiet = true};
	cr_assert_eq(pen_hash_parse(root, &ask.root), 0);
	return ask;
}

static void open_all(size_t content_bytes)
{
	const struct pen_allowance all = {.content_bytes = PEN_PART_BYTES_MAX,
		.entries = PEN_PART_ENTRIES_MAX,
		.batch_bytes = PEN_PART_BYTES_MAX};
	struct pen_allowance part = all;
	const struct vault_ask ask = ask_of(GOLDEN_ROOT, 0);
	part.content_bytes = content_bytes;
	cr_assert_eq(vault_open(&vault, &ask, &why), 0, "%s", why.text);
	cr_assert_eq(vault.depot.ops->look(&vault.depot, GOLDEN_PARTS, FORMS, &here, &why), 0, "%s",
		why.text);
	const struct workshop_ask work = {
		.depot = &vault.depot, .jobs = 2, .part = part, .alone = all};
	cr_assert_eq(workshop_open(&workshop, &work, &why), 0, "%s", why.text);
	golden_open(&golden, back);
}

static void run(uint32_t from, uint32_t to)
{
	for (uint32_t k = from; k < to; k++)
		workshop_put(&workshop, &golden.errands[k]);
	golden_run(&workshop, 1);
}

static void close_all(void)
{
	workshop_close(&workshop);
	vault_close(&vault);
	golden_close(&golden);
	pen_buf_fini(&here);
}

/* What one run applied the next finds; when all is in it is done, and says so. */
Test(tools_vault, goes_on_and_ends)
{
	scratch = scratch_open();
	open_all(PEN_PART_BYTES_MAX);
	cr_expect_eq(here.len, 1);
	cr_expect_eq(here.at[0], 0);
	run(0, 3);
	for (uint32_t k = 0; k < 3; k++) {
		cr_expect_eq(
			golden.errands[k].verdict, ERRAND_DONE, "%s", golden.errands[k].why.text);
		cr_expect_eq(golden.errands[k].stored_bytes, golden.bytes[k].len);
		cr_expect_gt(golden.errands[k].counts.values, 0);
		cr_expect_gt(golden.errands[k].store_ns, 0);
	}
	cr_expect_eq(vault_finish(&vault, &why), PEN_EREFUSED, "parts are missing");
	uint64_t values = workshop.values;
	close_all();
	open_all(PEN_PART_BYTES_MAX);
	cr_expect_eq(vault.want.parts, GOLDEN_PARTS, "it knows N");
	cr_expect_eq(here.at[0], 7);
	run(3, GOLDEN_PARTS);
	values += workshop.values;
	cr_expect_eq(values, SMALL_KEYS, "%llu", (unsigned long long)values);
	cr_expect_eq(vault_finish(&vault, &why), 0, "%s", why.text);
	close_all();
	const struct vault_ask again = ask_of(GOLDEN_ROOT, 0);
	cr_expect_eq(vault_open(&vault, &again, &why), 1, "it is done");
	vault_close(&vault);
	scratch_close(&scratch);
}

/* Nothing of a part that fails its proof, or takes more than it may, is in the database. */
Test(tools_vault, keeps_out_what_is_wrong)
{
	scratch = scratch_open();
	open_all(PEN_PART_BYTES_MAX);
	golden.errands[0].bytes = pen_buf_bytes(&golden.bytes[1]); /* another part */
	golden.errands[1].bytes.len /= 2;
	run(0, 2);
	for (uint32_t k = 0; k < 2; k++) {
		cr_expect_eq(golden.errands[k].verdict, ERRAND_REFUTED, "%u", k);
		cr_expect_eq(pen_err_exit(golden.errands[k].err), PEN_EXIT_PROOF);
	}
	workshop.ask.part.content_bytes = workshop.ask.alone.content_bytes = 1000;
	run(2, 3);
	cr_expect_eq(golden.errands[2].verdict, ERRAND_LARGE, "not even alone");
	workshop.ask.part.content_bytes = workshop.ask.alone.content_bytes = PEN_PART_BYTES_MAX;
	workshop.ask.part.batch_bytes = 1000;
	workshop.ask.alone.batch_bytes = 1000;
	run(3, 4);
	cr_expect_eq(golden.errands[3].verdict, ERRAND_LARGE, "its rows are too many");
	cr_expect_eq(workshop.values, 0);
	close_all();
	open_all(1000);
	cr_expect_eq(here.at[0], 0, "nothing was applied");
	run(0, GOLDEN_PARTS);
	for (uint32_t k = 0; k < GOLDEN_PARTS; k++)
		cr_expect_eq(golden.errands[k].verdict, ERRAND_DONE, "alone: %s",
			golden.errands[k].why.text);
	close_all();
	scratch_close(&scratch);
}

/* A sink that has no room. */
static int full_open(struct pen_sink *sink, const struct pen_sink_state *shard, uint32_t k,
	struct pen_batch **batch, struct pen_why *said)
{
	(void)sink, (void)shard, (void)k, (void)batch;
	return pen_fail(said, -ENOSPC, "no room");
}

Test(tools_vault, says_what_the_machine_said)
{
	scratch = scratch_open();
	open_all(PEN_PART_BYTES_MAX);
	struct pen_sink_ops ops = *vault.sink->ops;
	const struct pen_sink_ops *kept = vault.sink->ops;
	ops.open = full_open;
	vault.sink->ops = &ops;
	run(0, 1);
	vault.sink->ops = kept;
	cr_expect_eq(golden.errands[0].verdict, ERRAND_BROKEN);
	cr_expect_eq(golden.errands[0].err, -ENOSPC);
	cr_expect_str_eq(golden.errands[0].why.text, "put: no room");
	close_all();
	scratch_close(&scratch);
}

/* Another root or N is refused as soon as a part is in, and forgotten before. */
Test(tools_vault, holds_one_state)
{
	static const struct {
		const char *name, *root;
		uint32_t parts;
		unsigned applied; /* parts of GOLDEN_ROOT in GOLDEN_PARTS, before */
		int opened, begun; /* what open says, and if that is 0, begin */
	} rows[] = {
		{"the same", GOLDEN_ROOT, GOLDEN_PARTS, 1, 0, 0},
		{"the same, and no N", GOLDEN_ROOT, 0, 1, 0, 0},
		{"another N", GOLDEN_ROOT, 6, 1, PEN_EREFUSED, 0},
		{"another root", OTHER, 6, 1, PEN_EREFUSED, 0},
		{"another N, nothing applied", GOLDEN_ROOT, 6, 0, 0, 0},
		{"another root, nothing applied", OTHER, 6, 0, 0, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		scratch = scratch_open();
		open_all(PEN_PART_BYTES_MAX);
		run(0, rows[i].applied);
		close_all();
		const struct vault_ask ask = ask_of(rows[i].root, rows[i].parts);
		int err = vault_open(&vault, &ask, &why);
		cr_expect_eq(err, rows[i].opened, "%s: %d", rows[i].name, err);
		cr_expect(!vault_is_begun(&vault));
		if (!err) {
			uint32_t n = vault.want.parts;
			cr_expect_eq(n, rows[i].parts ? rows[i].parts : GOLDEN_PARTS, "%s",
				rows[i].name);
			cr_expect_eq(
				vault_begin(&vault, n, &why), rows[i].begun, "%s", rows[i].name);
			cr_expect(vault_is_begun(&vault));
			cr_expect_eq(vault.applied.at[0], rows[i].applied, "%s", rows[i].name);
		}
		vault_close(&vault);
		scratch_close(&scratch);
	}
}
