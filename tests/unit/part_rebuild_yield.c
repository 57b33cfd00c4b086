/* What a proved lean part yields: of every part that nearcore cut, nearcore's own bytes. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "part/envelope.h"
#include "part/press.h"
#include "part/rebuild.h"
#include "util.h"

static const struct pen_rebuild_limits keep = {.keep = true};

static int count_value(void *context, const struct pen_item *item)
{
	*(uint64_t *)context += item->value;
	return 0;
}

static int stop(void *context, const struct pen_item *item)
{
	(void)context, (void)item;
	return -77;
}

static void expect_part(struct test_state *state, const char *name, unsigned k, unsigned n)
{
	char path[128];
	struct pen_zstd zstd = {0};
	struct pen_envelope envelope;
	struct pen_buf plain = {0}, lean = {0}, again = {0};
	struct pen_proof proof = {0};
	struct pen_press press = {0};
	struct pen_rebuild rebuild = {0};
	struct pen_part_counts ours, theirs;
	struct pen_why why = {0};
	const struct pen_part_id id = {state->sum.root, k, n};
	snprintf(path, sizeof path, "golden/%s/state_part_%06u_of_%06u", name, k, n);
	struct pen_buf file = test_data(path);
	cr_assert_eq(
		pen_envelope_open(&zstd, pen_buf_bytes(&file), false, &plain, &envelope, &why), 0);
	cr_assert_eq(pen_proof_check(&proof, &id, envelope.content, &why), 0, "%s", why.text);
	cr_assert_eq(pen_press_proof(&press, &proof, 1, &lean, &why), 0, "%s", why.text);
	cr_assert_eq(pen_rebuild_check(&rebuild, &id, pen_buf_bytes(&lean), &keep, &why), 0, "%s",
		why.text);
	cr_assert_eq(pen_rebuild_content(&rebuild, &again, &why), 0);
	cr_expect_eq(pen_bytes_compare(pen_buf_bytes(&again), envelope.content), 0, "%s", path);
	pen_rebuild_counts(&rebuild, &ours);
	pen_proof_counts(&proof, &theirs);
	cr_expect_eq(memcmp(&ours, &theirs, sizeof ours), 0);
	uint64_t values = 0;
	cr_expect_eq(pen_rebuild_visit(&rebuild, count_value, &values, NULL), 0);
	cr_expect_eq(values, theirs.values);
	if (values)
		cr_expect_eq(pen_rebuild_visit(&rebuild, stop, NULL, NULL), -77);
	pen_buf_fini(&file);
	pen_buf_fini(&plain);
	pen_buf_fini(&lean);
	pen_buf_fini(&again);
	pen_zstd_fini(&zstd);
	pen_proof_fini(&proof);
	pen_press_fini(&press);
	pen_rebuild_fini(&rebuild);
}

Test(part_rebuild_yield, every_part_that_nearcore_cut)
{
	static const struct {
		const char *name, *pairs;
		unsigned parts;
	} states[] = {{"genesis", "mainnet-genesis.hex", 5}, {"small", "golden/small.kv.zst", 7},
		{"edges", "golden/edges.kv.zst", 6}};
	for (size_t i = 0; i < 3; i++) {
		struct test_state state;
		test_state_load(&state, states[i].pairs);
		for (unsigned k = 0; k < states[i].parts; k++)
			expect_part(&state, states[i].name, k, states[i].parts);
		test_state_fini(&state);
	}
}

/* Without keeping there are counts of what went by, and none of what would have stayed. */
Test(part_rebuild_yield, counts_of_what_was_not_kept)
{
	struct test_state state;
	struct pen_proof proof = {0};
	struct pen_press press = {0};
	struct pen_rebuild rebuild = {0};
	struct pen_buf part = {0}, lean = {0};
	struct pen_part_counts ours, theirs;
	test_state_load(&state, "mainnet-genesis.hex");
	const struct pen_part_id id = {state.sum.root, 1, 5};
	test_state_part(&state, 1, 5, &part);
	cr_assert_eq(pen_proof_check(&proof, &id, pen_buf_bytes(&part), NULL), 0);
	cr_assert_eq(pen_press_proof(&press, &proof, 1, &lean, NULL), 0);
	cr_assert_eq(pen_rebuild_check(&rebuild, &id, pen_buf_bytes(&lean), NULL, NULL), 0);
	pen_rebuild_counts(&rebuild, &ours);
	pen_proof_counts(&proof, &theirs);
	cr_expect_eq(ours.nodes, theirs.nodes);
	cr_expect_eq(ours.values, theirs.values);
	cr_expect_eq(ours.entries, 0);
	pen_buf_fini(&part);
	pen_buf_fini(&lean);
	pen_proof_fini(&proof);
	pen_press_fini(&press);
	pen_rebuild_fini(&rebuild);
	test_state_fini(&state);
}
