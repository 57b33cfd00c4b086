#include "flow/marks.h"

#include <string.h>

#include "base/check.h"

void pen_marks_window(struct pen_marks *marks, int64_t window_ns)
{
	PEN_CHECK(window_ns > 0);
	marks->grain_ns = window_ns / PEN_MARKS_OF_WINDOW + 1;
}

void pen_marks_init(struct pen_marks *marks, int64_t window_ns)
{
	marks->count = 0;
	pen_marks_window(marks, window_ns);
}

void pen_marks_note(struct pen_marks *marks, uint64_t top, int64_t now_ns)
{
	struct pen_mark_at *last = marks->count ? &marks->at[marks->count - 1] : NULL;
	PEN_CHECK(!last || top >= last->top);
	if (last && now_ns - last->begun_ns < marks->grain_ns) {
		last->top = top;
		last->at_ns = now_ns;
		return;
	}
	if (marks->count == PEN_MARKS_MAX) {
		/* What the oldest knew is older than a window, and its successor says so too. */
		marks->count--;
		memmove(marks->at, marks->at + 1, marks->count * sizeof marks->at[0]);
	}
	marks->at[marks->count++] = (struct pen_mark_at){top, now_ns, now_ns};
}

int64_t pen_marks_passed_ns(const struct pen_marks *marks, uint64_t x)
{
	for (unsigned i = 0; i < marks->count; i++) {
		if (marks->at[i].top > x + 1)
			return marks->at[i].at_ns;
	}
	return INT64_MAX;
}
