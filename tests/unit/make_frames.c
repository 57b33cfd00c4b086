/* Frames sealed by many: the same bytes whoever helps, and no failure that hangs anybody. */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/check.h"
#include "fakes/pressing.h"

Test(make_frames, bytes_do_not_depend_on_who_seals, .timeout = 100)
{
	static const unsigned jobs[] = {1, 2, 5}, parts[] = {1, 3, 8};
	struct fake_state state = {0};
	fake_pressing_state(&state);
	for (size_t i = 0; i < PEN_COUNT(jobs) * PEN_COUNT(parts); i++) {
		struct fake_pressing pressing = {
			.state = &state, .jobs = jobs[i / 3], .parts = parts[i % 3]};
		cr_assert_eq(fake_pressing_run(&pressing), 0, "%s", pressing.why.text);
		cr_expect(fake_pressing_right(&pressing), "%u workers, %u parts", pressing.jobs,
			pressing.parts);
		fake_pressing_fini(&pressing);
	}
	fake_state_fini(&state);
}

Test(make_frames, a_failure_is_the_parts, .timeout = 100)
{
	static const struct {
		enum fake_pressing_fault fault;
		unsigned jobs, parts;
		int err;
		const char *why;
	} rows[] = {
		{FAKE_PRESSING_AWAY, 2, 1, PEN_EFRAME, "sealed badly"},
		{FAKE_PRESSING_AWAY, 5, 1, PEN_EFRAME, "sealed badly"},
		{FAKE_PRESSING_AWAY, 5, 3, PEN_EFRAME, "sealed badly"},
		{FAKE_PRESSING_HERE, 1, 1, PEN_EFRAME, "sealed badly"},
		{FAKE_PRESSING_HERE, 2, 5, PEN_EFRAME, "sealed badly"},
		{FAKE_PRESSING_PAIRS, 1, 1, -ENOSPC, "no more pairs"},
		{FAKE_PRESSING_PAIRS, 5, 1, -ENOSPC, "no more pairs"},
		{FAKE_PRESSING_PAIRS, 2, 8, -ENOSPC, "no more pairs"},
		{FAKE_PRESSING_STOP, 2, 1, PEN_EINTERRUPTED, ""},
		{FAKE_PRESSING_STOP, 5, 8, PEN_EINTERRUPTED, ""},
	};
	struct fake_state state = {0};
	fake_pressing_state(&state);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct fake_pressing pressing = {.state = &state,
			.jobs = rows[i].jobs,
			.parts = rows[i].parts,
			.fault = rows[i].fault};
		cr_expect_eq(fake_pressing_run(&pressing), rows[i].err, "row %zu", i);
		cr_expect_str_eq(pressing.why.text, rows[i].why, "row %zu", i);
		fake_pressing_fini(&pressing);
	}
	fake_state_fini(&state);
}

/* What is dropped half way leaves nothing behind, neither with its own worker nor with others. */
Test(make_frames, a_part_may_be_dropped_and_begun_again, .timeout = 100)
{
	static const unsigned jobs[] = {1, 5};
	struct fake_state state = {0};
	fake_pressing_state(&state);
	for (size_t i = 0; i < PEN_COUNT(jobs); i++) {
		struct fake_pressing pressing = {
			.state = &state, .jobs = jobs[i], .parts = 2, .fault = FAKE_PRESSING_TWICE};
		cr_assert_eq(fake_pressing_run(&pressing), 0, "%s", pressing.why.text);
		cr_expect(fake_pressing_right(&pressing), "%u workers", jobs[i]);
		fake_pressing_fini(&pressing);
	}
	fake_state_fini(&state);
}
