#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/thread.h"
#include "base/wake.h"

static void signal_once(void *context)
{
	pen_wake_signal(context);
}

Test(base_wake, signals_are_kept_and_add_up)
{
	struct pen_wake wake = PEN_WAKE_NONE;
	cr_assert_eq(pen_wake_open(&wake), 0);
	pen_wake_signal(&wake);
	pen_wake_signal(&wake);
	pen_wake_wait(&wake, -1);
	int64_t before = pen_clock_ns();
	pen_wake_wait(&wake, 20 * PEN_NS_PER_MS);
	cr_assert_geq(pen_clock_ns() - before, 19 * PEN_NS_PER_MS, "one wait takes all signals");
	struct pen_thread thread = {0};
	cr_assert_geq(pen_cpu_count(), 1);
	cr_assert_eq(pen_thread_start(&thread, signal_once, &wake, pen_cpu_count() + 1), 0);
	pen_wake_wait(&wake, -1);
	pen_thread_join(&thread);
	pen_thread_join(&thread);
	pen_wake_close(&wake);
	pen_wake_close(&wake);
}
