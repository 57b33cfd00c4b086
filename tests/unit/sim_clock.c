/* Chance in streams, and the trace. */
#include "drivers/sim/clock.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(sim_clock, has_streams_of_its_seed)
{
	struct pen_sim_clock a, b;
	pen_sim_clock_init(&a, 1);
	pen_sim_clock_init(&b, 2);
	struct pen_rng first = pen_sim_clock_rng(&a, 1), again = pen_sim_clock_rng(&a, 1);
	struct pen_rng second = pen_sim_clock_rng(&a, 2), other = pen_sim_clock_rng(&b, 1);
	uint64_t word = pen_rng_next(&first);
	cr_assert_eq(word, pen_rng_next(&again));
	cr_assert_neq(word, pen_rng_next(&second));
	cr_assert_neq(word, pen_rng_next(&other));
}

Test(sim_clock, tells_what_happened_when_and_in_which_order)
{
	struct pen_sim_clock a, b;
	pen_sim_clock_init(&a, 1);
	b = a;
	pen_sim_trace(&a, PEN_SIM_SENT, 1);
	pen_sim_trace(&a, PEN_SIM_SENT, 2);
	pen_sim_trace(&b, PEN_SIM_SENT, 2);
	pen_sim_trace(&b, PEN_SIM_SENT, 1);
	cr_assert_neq(a.trace, b.trace);
	cr_assert_eq(a.traced, 2);
	b = a;
	pen_sim_clock_move(&b, 1);
	pen_sim_trace(&a, PEN_SIM_LOST, 3);
	pen_sim_trace(&b, PEN_SIM_LOST, 3);
	cr_assert_neq(a.trace, b.trace);
}

Test(sim_clock, never_goes_back, .signal = SIGABRT)
{
	struct pen_sim_clock clock;
	pen_sim_clock_init(&clock, 1);
	pen_sim_clock_move(&clock, 5);
	pen_sim_clock_move(&clock, 4);
}

Test(sim_clock, ends_the_program_at_a_breach, .signal = SIGABRT)
{
	struct pen_sim_clock clock;
	pen_sim_clock_init(&clock, 1);
	pen_sim_breach(&clock, "number %d", 5);
}
