#include <criterion/criterion.h>

#include "base/clock.h"

Test(base_clock, goes_on_and_sleeps_at_least_that_long)
{
	int64_t before = pen_clock_ns();
	pen_clock_sleep_ns(2 * PEN_NS_PER_MS);
	int64_t after = pen_clock_ns();
	cr_expect_geq(before, 0);
	cr_expect_geq(after - before, 2 * PEN_NS_PER_MS);
}
