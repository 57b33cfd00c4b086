/* The age of gaps in a stream, against what it really is. */
#include "flow/marks.h"

#include <criterion/criterion.h>

#include "base/check.h"

Test(flow_marks, ages_are_never_overstated)
{
	static const struct {
		int64_t window, step; /* between numbers */
	} rows[] = {{4000, 1}, {4000, 100}, {4000, 999}, {4000, 5000}, {1, 1}, {200000, 1000}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_marks marks;
		int64_t grain = rows[i].window / 4 + 1;
		pen_marks_init(&marks, rows[i].window);
		cr_expect_eq(pen_marks_passed_ns(&marks, 0), INT64_MAX);
		for (uint64_t n = 0; n < 1000; n++) {
			int64_t now = (int64_t)n * rows[i].step;
			pen_marks_note(&marks, n + 1, now);
			cr_assert_eq(pen_marks_passed_ns(&marks, n), INT64_MAX);
			for (uint64_t x = 0; x < n; x += 7) {
				int64_t age = (int64_t)(n - x - 1) * rows[i].step;
				int64_t seen = now - pen_marks_passed_ns(&marks, x);
				int64_t least = age - grain < 6 * grain ? age - grain : 6 * grain;
				cr_assert(seen <= age && seen >= least,
					"row %zu: %llu of %llu is %lld old, not %lld", i,
					(unsigned long long)x, (unsigned long long)n,
					(long long)age, (long long)seen);
			}
		}
	}
}

Test(flow_marks, several_at_once)
{
	struct pen_marks marks;
	pen_marks_init(&marks, 400);
	pen_marks_note(&marks, 10, 1000);
	pen_marks_note(&marks, 20, 1000);
	cr_expect_eq(marks.count, 1);
	cr_expect_eq(pen_marks_passed_ns(&marks, 18), 1000);
	cr_expect_eq(pen_marks_passed_ns(&marks, 19), INT64_MAX);
	pen_marks_window(&marks, 4);
	pen_marks_note(&marks, 30, 1010);
	cr_expect_eq(marks.count, 2);
	cr_expect_eq(pen_marks_passed_ns(&marks, 5), 1000);
	cr_expect_eq(pen_marks_passed_ns(&marks, 19), 1010);
}
