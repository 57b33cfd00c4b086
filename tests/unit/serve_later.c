#include <criterion/criterion.h>

#include "base/rng.h"
#include "serve/later.h"

#define PLACES 40u

/* Whatever is set, set again and dropped: places come out by their times, each once. */
Test(serve_later, in_order_of_time)
{
	struct pen_later later;
	struct pen_rng rng = {4};
	cr_assert_eq(pen_later_open(&later, PLACES), 0);
	for (int round = 0; round < 200; round++) {
		int64_t due_ns[PLACES], last_ns = 0;
		unsigned count = 0;
		for (uint32_t i = 0; i < PLACES; i++)
			due_ns[i] = -1;
		for (unsigned step = 0; step < 100; step++) {
			uint32_t place = (uint32_t)pen_rng_below(&rng, PLACES);
			due_ns[place] = (int64_t)pen_rng_below(&rng, 30);
			if (pen_rng_below(&rng, 3)) {
				pen_later_set(&later, place, due_ns[place]);
				continue;
			}
			due_ns[place] = -1;
			pen_later_drop(&later, place);
		}
		for (uint32_t i = 0; i < PLACES; i++)
			count += due_ns[i] >= 0;
		cr_assert_eq(later.count, count);
		while (later.count) {
			int64_t next_ns = pen_later_due_ns(&later);
			cr_assert_geq(next_ns, last_ns);
			cr_assert_eq(pen_later_take(&later, next_ns - 1), PEN_LATER_NONE);
			uint32_t place = pen_later_take(&later, next_ns);
			cr_assert_lt(place, PLACES);
			cr_assert_eq(due_ns[place], next_ns);
			due_ns[place] = -1;
			last_ns = next_ns;
		}
		cr_assert_eq(pen_later_due_ns(&later), INT64_MAX);
		cr_assert_eq(pen_later_take(&later, INT64_MAX), PEN_LATER_NONE);
	}
	pen_later_close(&later);
	pen_later_close(NULL);
}
