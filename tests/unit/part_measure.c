#include <criterion/criterion.h>

#include "part/measure.h"
#include "util.h"

static const struct test_pair *pairs_of(const struct test_state *state, size_t *count)
{
	*count = state->pairs.len / sizeof(struct test_pair);
	return (const struct test_pair *)(const void *)state->pairs.at;
}

/* All keys of a state, up or down; what all of them cost. */
static uint64_t measure(struct pen_measure *measure, const struct test_state *state, bool down)
{
	size_t count;
	const struct test_pair *pairs = pairs_of(state, &count), *before = NULL;
	uint64_t sum = 0, cost;
	for (size_t i = 0; i < count; i++) {
		const struct test_pair *pair = &pairs[down ? count - 1 - i : i];
		uint32_t common = before ? pen_key_common(before->key, pair->key) : 0;
		cr_assert_eq(pen_measure_push(measure, (uint32_t)pair->key.len * 2, common,
				     (uint32_t)pair->value.len, &cost),
			0);
		sum += cost;
		before = pair;
	}
	return sum + pen_measure_finish(measure);
}

Test(part_measure, agrees_with_tries_up_and_down)
{
	struct pen_rng rng = {41};
	struct pen_measure memory = {0};
	for (int i = 0; i < 3000; i++) {
		struct test_state state;
		test_state_random(&state, &rng);
		cr_assert_eq(measure(&memory, &state, false), state.sum.memory_usage);
		cr_assert_eq(measure(&memory, &state, true), state.sum.memory_usage);
		test_state_fini(&state);
	}
	pen_measure_fini(&memory);
}

Test(part_measure, real_states)
{
	static const char *const names[] = {
		"mainnet-genesis.hex", "golden/small.kv.zst", "golden/edges.kv.zst"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct test_state state;
		struct pen_measure memory = {0};
		test_state_load(&state, names[i]);
		cr_expect_eq(measure(&memory, &state, false), state.sum.memory_usage);
		cr_expect_eq(measure(&memory, &state, true), state.sum.memory_usage);
		pen_measure_fini(&memory);
		test_state_fini(&state);
	}
}

Test(part_measure, nothing_costs_nothing)
{
	struct pen_measure measure = {0};
	cr_expect_eq(pen_measure_finish(&measure), 0);
	pen_measure_fini(&measure);
	pen_measure_fini(NULL);
}

/* Keys that no sorted stream has: no sum is promised, but nothing breaks. */
Test(part_measure, keys_in_no_order)
{
	struct pen_rng rng = {42};
	struct pen_measure measure = {0};
	uint32_t last = 0;
	uint64_t cost;
	for (int i = 0; i < 20000; i++) {
		uint32_t nibbles = 2 * pen_rng_below(&rng, 9);
		uint32_t most = nibbles < last ? nibbles : last;
		cr_assert_eq(pen_measure_push(&measure, nibbles,
				     (uint32_t)pen_rng_below(&rng, most + 1), 3, &cost),
			0);
		last = nibbles;
	}
	pen_measure_finish(&measure);
	pen_measure_fini(&measure);
}
