#include <criterion/criterion.h>

#include "make/survey.h"
#include "util.h"

/* A stretch of a state's pairs, as a feed would have cut it. */
static void stretch_of(
	const struct test_state *state, size_t from, size_t to, struct pen_stretch *out)
{
	const struct test_pair *pairs = (const struct test_pair *)(const void *)state->pairs.at;
	size_t count = state->pairs.len / sizeof *pairs;
	struct pen_pair pair;
	out->pairs.len = 0;
	for (size_t i = from; i < to; i++) {
		pair = (struct pen_pair){pairs[i].key, pairs[i].value};
		cr_assert_eq(pen_buf_append(&out->pairs, &pair, sizeof pair), 0);
	}
	out->count = (uint32_t)(to - from);
	out->record = from;
	out->offset = 100 * from;
	out->follows = from > 0;
	out->before_len = from ? pairs[from - 1].key.len : 0;
	if (out->before_len)
		memcpy(out->before, pairs[from - 1].key.at, out->before_len);
	out->last = to == count;
	if (!out->last)
		out->next = pairs[to].key;
}

/* Everything that a survey holds is a node of the state, and its limbs say where they are. */
static void expect_nodes(const struct pen_survey *survey, const struct test_state *state)
{
	const struct pen_below *below = (const struct pen_below *)(const void *)survey->below.at;
	cr_assert_eq(survey->below.len / sizeof *below, survey->nodes.count);
	for (uint32_t i = 0; i < survey->nodes.count; i++) {
		const struct pen_hash *hash = pen_entries_hash(&survey->nodes, i);
		uint32_t at = pen_entries_find(&state->entries, hash);
		cr_assert_neq(at, PEN_ENTRY_NONE);
		cr_assert_eq(pen_entries_at(&state->entries, at)->len,
			pen_entries_at(&survey->nodes, i)->len);
		cr_assert(below[i].stretch == PEN_BELOW_NONE ||
			below[i].stretch < survey->marks.len / sizeof(struct pen_mark));
	}
}

Test(make_survey, finds_the_root_in_any_stretches)
{
	static const size_t lens[] = {1, 7, 100, 10000};
	struct test_state state;
	test_state_load(&state, "golden/small.kv.zst");
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct pen_survey survey;
		struct pen_stretch stretch = {0};
		struct pen_limbs limbs = {0};
		struct pen_make_time time = {0};
		pen_survey_init(&survey);
		for (size_t from = 0, to; from < state.sum.keys; from = to) {
			to = from + lens[i] < state.sum.keys ? from + lens[i] : state.sum.keys;
			stretch_of(&state, from, to, &stretch);
			cr_assert_eq(pen_survey_build(&stretch, &limbs, &time), 0);
			cr_assert_eq(pen_survey_add(&survey, &limbs), 0);
		}
		cr_assert_eq(pen_survey_finish(&survey), 0);
		cr_expect(pen_hash_equal(&survey.sum.root, &state.sum.root));
		cr_expect_eq(survey.sum.memory_usage, state.sum.memory_usage);
		cr_expect_eq(survey.sum.keys, state.sum.keys);
		expect_nodes(&survey, &state);
		cr_expect_null(pen_survey_find(&survey, (struct pen_bytes){0}));
		const struct test_pair *pairs = (const struct test_pair *)(const void *)
							state.pairs.at;
		const struct pen_mark *mark = pen_survey_find(&survey, pairs[150].key);
		cr_expect_eq(mark->record, 150 / lens[i] * lens[i]);
		pen_limbs_fini(&limbs);
		pen_buf_fini(&stretch.pairs);
		pen_survey_fini(&survey);
	}
	test_state_fini(&state);
}

Test(make_survey, the_empty_state)
{
	struct pen_survey survey;
	pen_survey_init(&survey);
	cr_assert_eq(pen_survey_finish(&survey), 0);
	cr_expect(pen_hash_is_zero(&survey.sum.root));
	pen_survey_fini(&survey);
	pen_survey_fini(NULL);
}

Test(make_survey, stretches_grow_with_the_file)
{
	cr_expect_eq(pen_survey_stretch(0), PEN_STRETCH_BYTES);
	cr_expect_eq(pen_survey_stretch(UINT64_C(3) << 30), PEN_STRETCH_BYTES);
	cr_expect_eq(pen_survey_stretch(UINT64_C(40) << 30), (size_t)20 << 20);
}
