/* Workers that prove and store parts, and the labels under which these come to lie. */
#include "../../tools/penstock/stash.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/check.h"
#include "drivers/table.h"
#include "part/raw.h"
#include "golden_parts.h"
#include "scratch.h"

static struct scratch scratch;
static struct stash stash;
static struct workshop workshop;
static struct pen_hash root;
static struct golden_parts golden;
static unsigned came; /* errands that have come back */
static unsigned beside; /* of these, the most that were out when a large one came */

static void back(struct errand *errand, int64_t now_ns)
{
	cr_expect_eq(now_ns, 77);
	if (errand->allowance == &workshop.ask.alone && pen_hands_held(workshop.hands) > beside)
		beside = pen_hands_held(workshop.hands);
	came++;
}

static void open_all(unsigned jobs, size_t content_bytes, const struct pen_labels *labels)
{
	struct pen_why why = {0};
	const struct pen_allowance large = {.content_bytes = PEN_PART_BYTES_MAX,
		.entries = PEN_PART_ENTRIES_MAX,
		.alone = true};
	cr_assert_eq(pen_hash_parse(GOLDEN_ROOT, &root), 0);
	scratch = scratch_open();
	const struct stash_ask ask = {scratch_at(&scratch, "store"), root, labels};
	cr_assert_eq(stash_open(&stash, &ask, &why), 0, "%s", why.text);
	const struct workshop_ask work = {.depot = &stash.depot,
		.jobs = jobs,
		.part = {.content_bytes = content_bytes, .entries = PEN_PART_ENTRIES_MAX},
		.alone = large};
	cr_assert_eq(workshop_open(&workshop, &work, &why), 0, "%s", why.text);
	golden_open(&golden, back);
	came = beside = 0;
}

static void run_all(unsigned count)
{
	golden_run(&workshop, 77);
	cr_expect_eq(came, count);
}

static void close_all(void)
{
	workshop_close(&workshop);
	stash_close(&stash);
	scratch_close(&scratch);
	golden_close(&golden);
}

Test(tools_workshop, proves_and_stores)
{
	struct pen_buf here = {0};
	struct pen_why why = {0};
	const struct pen_labels labels = {.chain = "some", .epoch_height = 5, .shard = 3};
	for (unsigned jobs = 1; jobs < 4; jobs++) {
		open_all(jobs, PEN_PART_BYTES_MAX, jobs == 1 ? &labels : NULL);
		for (uint32_t k = 0; k < GOLDEN_PARTS; k++)
			workshop_put(&workshop, &golden.errands[k]);
		run_all(GOLDEN_PARTS);
		for (uint32_t k = 0; k < GOLDEN_PARTS; k++) {
			cr_expect_eq(golden.errands[k].verdict, ERRAND_DONE, "%s",
				golden.errands[k].why.text);
			cr_expect_eq(golden.errands[k].stored_bytes, golden.bytes[k].len);
		}
		cr_expect_eq(stash_look(&stash, GOLDEN_PARTS, PEN_FORM_NEARCORE, &here, &why), 0,
			"%s", why.text);
		cr_expect_eq(here.at[0], 0x7f);
		cr_expect_str_eq(stash.labels.chain, jobs == 1 ? "some" : "unknown");
		close_all();
	}
	pen_buf_fini(&here);
}

/* What takes more than it may waits until it is alone; the others do not fail for it. */
Test(tools_workshop, large_ones_go_alone)
{
	open_all(2, 1000, NULL);
	for (uint32_t k = 0; k < GOLDEN_PARTS; k++)
		workshop_put(&workshop, &golden.errands[k]);
	run_all(GOLDEN_PARTS);
	for (uint32_t k = 0; k < GOLDEN_PARTS; k++)
		cr_expect_eq(
			golden.errands[k].verdict, ERRAND_DONE, "%s", golden.errands[k].why.text);
	cr_expect_eq(beside, 0);
	close_all();
}

Test(tools_workshop, says_what_is_wrong)
{
	struct pen_buf here = {0};
	open_all(1, PEN_PART_BYTES_MAX, NULL);
	golden.errands[0].bytes = pen_buf_bytes(&golden.bytes[1]); /* another part */
	golden.errands[1].bytes.len /= 2;
	workshop_put(&workshop, &golden.errands[0]);
	workshop_put(&workshop, &golden.errands[1]);
	workshop.ask.alone.content_bytes = 1000;
	workshop.ask.part.content_bytes = PEN_PART_BYTES_MAX;
	run_all(2);
	for (uint32_t k = 0; k < 2; k++) {
		cr_expect_eq(golden.errands[k].verdict, ERRAND_REFUTED, "%u", k);
		cr_expect_eq(pen_err_exit(golden.errands[k].err), PEN_EXIT_PROOF);
	}
	workshop.ask.part.content_bytes = 1000;
	workshop_put(&workshop, &golden.errands[2]);
	run_all(3);
	cr_expect_eq(golden.errands[2].verdict, ERRAND_LARGE, "not even alone");
	cr_expect_eq(stash_look(&stash, GOLDEN_PARTS, PEN_FORM_NEARCORE, &here, NULL), 0);
	cr_expect_eq(here.at[0], 0, "nothing is in the store");
	cr_expect(!stash.labelled);
	pen_buf_fini(&here);
	close_all();
}

/* Whoever is proved first says where all lie, and a later fetch goes on there. */
Test(tools_workshop, labels_of_the_first)
{
	struct pen_buf here = {0};
	struct pen_why why = {0};
	const struct pen_labels first = {.chain = "first"}, second = {.chain = "second"};
	open_all(1, PEN_PART_BYTES_MAX, NULL);
	golden.errands[0].labels = &first;
	golden.errands[1].labels = &second;
	workshop_put(&workshop, &golden.errands[0]);
	workshop_put(&workshop, &golden.errands[1]);
	run_all(2);
	cr_expect_str_eq(stash.labels.chain, "first");
	workshop_close(&workshop);
	stash_close(&stash);
	const struct stash_ask again = {scratch_at(&scratch, "store"), root, NULL};
	cr_assert_eq(stash_open(&stash, &again, &why), 0);
	cr_expect_eq(stash_look(&stash, GOLDEN_PARTS, PEN_FORM_LEAN, &here, &why), 0);
	cr_expect_eq(here.at[0], 0, "in lean form there is none");
	cr_expect_eq(stash_look(&stash, GOLDEN_PARTS, PEN_FORM_NEARCORE, &here, &why), 0);
	cr_expect_eq(here.at[0], 3);
	cr_expect_str_eq(stash.labels.chain, "first");
	stash_close(&stash);
	/* The same labels, and another state. */
	struct stash_ask other = {scratch_at(&scratch, "store"), root, &first};
	other.root.bytes[0] ^= 1;
	cr_assert_eq(stash_open(&stash, &other, &why), 0);
	cr_expect_eq(
		stash_look(&stash, GOLDEN_PARTS, PEN_FORM_NEARCORE, &here, &why), PEN_EREFUSED);
	cr_expect(strstr(why.text, "state_part_000000"), "%s", why.text);
	pen_buf_fini(&here);
	close_all();
}
