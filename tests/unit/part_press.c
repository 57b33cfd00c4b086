/* Making lean parts: in one go or frame by frame, and which states have none. */
#include <criterion/criterion.h>

#include "fakes/lean.h"
#include "part/press.h"
#include "part/rebuild.h"

static bool is_inside(const struct pen_press *press, struct pen_bytes key)
{
	struct pen_path path;
	pen_path_of_key(&path, key);
	return pen_path_compare(&path, &press->begin.path) >= 0 &&
		(press->end.none || pen_path_compare(&path, &press->end.path) < 0);
}

static void push_all(struct pen_press *press, struct fake_state *state)
{
	for (size_t i = 0; i < fake_pairs_count(&state->pairs); i++) {
		const struct pen_pair *pair = &fake_pairs(&state->pairs)[i];
		if (is_inside(press, pair->key))
			cr_assert_eq(pen_press_push(press, pair, NULL, NULL), 0);
	}
}

/* Raw frames on their way to whoever seals them. */
struct sealer {
	struct pen_buf raw[8];
	uint32_t count;
};

static int keep_raw(void *context, uint32_t i, struct pen_bytes raw, uint32_t pairs)
{
	struct sealer *sealer = context;
	cr_assert_eq(i, sealer->count++);
	cr_assert_gt(pairs, 0);
	return pen_buf_append(&sealer->raw[i], raw.at, raw.len);
}

/* A state whose one part has several frames. */
static void load_long(struct fake_state *state)
{
	enum { COUNT = 6 };
	static uint8_t values[COUNT][PEN_LEAN_CUT_BYTES];
	struct pen_pair pairs[COUNT];
	uint8_t keys[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		keys[i] = (uint8_t)(i * 40);
		values[i][0] = (uint8_t)i;
		pairs[i] = (struct pen_pair){
			{&keys[i], 1}, {values[i], PEN_LEAN_CUT_BYTES - 90000 * (i % 3)}};
	}
	fake_state_of(state, pairs, COUNT);
}

Test(part_press, frames_may_be_sealed_elsewhere_and_in_any_order)
{
	struct fake_state state;
	struct pen_press press = {0};
	struct pen_zstd zstd = {0};
	struct sealer sealer = {0};
	struct pen_buf whole = {0}, head = {0}, stored[8] = {0};
	load_long(&state);
	const struct pen_part_id id = {state.sum.root, 0, 1};
	const struct pen_reader reader = fake_state_reader(&state);
	cr_assert_eq(pen_press_open(&press, &id, &reader, 3, NULL), 0);
	push_all(&press, &state);
	cr_assert_eq(pen_press_close(&press, &whole, NULL), 0);
	press.fn = keep_raw;
	press.context = &sealer;
	cr_assert_eq(pen_press_open(&press, &id, &reader, 3, NULL), 0);
	push_all(&press, &state);
	cr_assert_eq(pen_press_flush(&press, NULL), 0);
	cr_assert_gt(sealer.count, 2);
	for (uint32_t i = sealer.count; i-- > 0;) {
		struct pen_lean_row row;
		cr_assert_eq(pen_lean_frame_seal(&zstd, pen_buf_bytes(&sealer.raw[i]), 3,
				     &stored[i], &row, NULL),
			0);
		pen_press_row(&press, i, &row);
	}
	cr_assert_eq(pen_press_head(&press, &head, NULL), 0);
	for (uint32_t i = 0; i < sealer.count; i++)
		pen_buf_append(&head, stored[i].at, stored[i].len);
	cr_expect_eq(pen_bytes_compare(pen_buf_bytes(&head), pen_buf_bytes(&whole)), 0);
	for (uint32_t i = 0; i < sealer.count; i++) {
		pen_buf_fini(&sealer.raw[i]);
		pen_buf_fini(&stored[i]);
	}
	pen_buf_fini(&whole);
	pen_buf_fini(&head);
	pen_zstd_fini(&zstd);
	pen_press_fini(&press);
	fake_state_fini(&state);
}

/* Two makers differ in their stored bytes alone: the part has one name, and both are proved. */
Test(part_press, levels_differ_in_stored_bytes_alone)
{
	struct fake_state state;
	struct pen_press press = {0};
	struct pen_rebuild rebuild = {0};
	struct pen_buf scratch = {0};
	struct pen_hash names[2];
	load_long(&state);
	const struct pen_part_id id = {state.sum.root, 1, 3};
	const struct pen_reader reader = fake_state_reader(&state);
	for (int i = 0; i < 2; i++) {
		struct pen_buf out = {0};
		struct pen_lean_head head;
		int level = i ? PEN_LEAN_LEVEL_MAX : PEN_LEAN_LEVEL_MIN;
		cr_assert_eq(pen_press_open(&press, &id, &reader, level, NULL), 0);
		push_all(&press, &state);
		cr_assert_eq(pen_press_close(&press, &out, NULL), 0);
		cr_expect_eq(pen_rebuild_check(&rebuild, &id, pen_buf_bytes(&out), NULL, NULL), 0);
		cr_assert_eq(pen_lean_decode(pen_buf_bytes(&out), &head, NULL), 0);
		pen_lean_name(&head, pen_buf_bytes(&out), &scratch, &names[i]);
		pen_buf_fini(&out);
	}
	cr_expect(pen_hash_equal(&names[0], &names[1]));
	pen_buf_fini(&scratch);
	pen_press_fini(&press);
	pen_rebuild_fini(&rebuild);
	fake_state_fini(&state);
}

/* A last part that hangs 700 branches deep: each has a leaf of 2 KiB to its left, all proof nodes.
 */
static void load_deep(struct fake_state *state)
{
	enum { DEPTH = 700 };
	static uint8_t keys[DEPTH][PEN_KEY_BYTES_MAX];
	static struct pen_pair pairs[DEPTH];
	for (size_t i = 0; i < DEPTH; i++) {
		memset(keys[i], 'b', i);
		memset(keys[i] + i, 'a', PEN_KEY_BYTES_MAX - i);
		pairs[i] = (struct pen_pair){{keys[i], PEN_KEY_BYTES_MAX}, {keys[i], 1}};
	}
	fake_state_of(state, pairs, DEPTH);
}

Test(part_press, a_proof_too_long_is_no_lean_form)
{
	struct fake_state state;
	struct pen_press press = {0};
	struct pen_buf out = {0};
	struct pen_why why = {0};
	load_deep(&state);
	const struct pen_part_id id = {state.sum.root, 99999, 100000};
	const struct pen_reader reader = fake_state_reader(&state);
	cr_assert_eq(pen_press_open(&press, &id, &reader, 1, &why), 0, "%s", why.text);
	push_all(&press, &state);
	cr_expect_eq(pen_press_close(&press, &out, &why), PEN_EREFUSED);
	cr_expect_not_null(strstr(why.text, "no lean form"));
	pen_buf_fini(&out);
	pen_press_fini(&press);
	fake_state_fini(&state);
}

Test(part_press, a_state_without_its_nodes_is_said)
{
	struct fake_state state, other;
	struct pen_press press = {0};
	struct pen_why why = {0};
	static const char *const texts[] = {"a", "1", "b", "2"};
	fake_state_text(&state, texts, 2);
	fake_state_text(&other, texts, 1);
	const struct pen_part_id id = {state.sum.root, 0, 2};
	const struct pen_reader reader = fake_state_reader(&other);
	cr_expect_eq(pen_press_open(&press, &id, &reader, 1, &why), PEN_EMISSING);
	cr_expect_not_null(strstr(why.text, "MissingTrieValue"));
	pen_press_fini(&press);
	fake_state_fini(&state);
	fake_state_fini(&other);
}
