/* Frames of lean parts sealed by many workers, for builds where Criterion cannot run: under TSan.
 */
#include "base/check.h"
#include "fakes/pressing.h"
#include "plain.h"

static void run(unsigned jobs, unsigned parts, enum fake_pressing_fault fault, int err)
{
	struct fake_state state = {0};
	struct fake_pressing pressing = {
		.state = &state, .jobs = jobs, .parts = parts, .fault = fault};
	fake_pressing_state(&state);
	PLAIN_EXPECT(fake_pressing_run(&pressing) == err);
	if (!err)
		PLAIN_EXPECT(fake_pressing_right(&pressing));
	fake_pressing_fini(&pressing);
	fake_state_fini(&state);
}

static void one_part(void)
{
	run(5, 1, FAKE_PRESSING_NONE, 0);
}

static void many_parts(void)
{
	run(3, 8, FAKE_PRESSING_NONE, 0);
}

static void dropped_parts(void)
{
	run(5, 2, FAKE_PRESSING_TWICE, 0);
}

static void failure_of_a_helper(void)
{
	run(4, 2, FAKE_PRESSING_AWAY, PEN_EFRAME);
}

static void stopped(void)
{
	run(4, 2, FAKE_PRESSING_STOP, PEN_EINTERRUPTED);
}

int main(void)
{
	static const struct plain_test tests[] = {
		{"one part, four that help", one_part},
		{"more parts than workers", many_parts},
		{"parts dropped half way", dropped_parts},
		{"a failure of who helps", failure_of_a_helper},
		{"stopped by who looks on", stopped},
	};
	return plain_main(tests, PEN_COUNT(tests));
}
