#include "flow/past.h"

#include <criterion/criterion.h>

#include "base/check.h"

#define S INT64_C(1000000000)
#define MB UINT64_C(1000000)
#define USUAL (12 * MB)

Test(flow_past, begins_with_half_for_a_while)
{
	static const struct {
		const char *name;
		uint64_t measured; /* when the session ended */
		bool starting;
		uint64_t lowered;
		int64_t after_ns;
		uint64_t start;
		bool unsure; /* all came that was asked for */
	} rows[] = {
		{"a fast path", 100 * MB, false, 3, 2 * S, 50 * MB},
		{"that was still tried out", 100 * MB, true, 0, 2 * S, 50 * MB},
		{"a narrow path", 2 * MB, false, 1, 2 * S, MB},
		{"that was lowered, and timed out then", 2 * MB, true, 1, 2 * S, MB},
		{"a slow start says little", 2 * MB, true, 0, 2 * S, USUAL},
		{"the narrowest of all", 10000, false, 9, S, PEN_RATE_MIN},
		{"nothing came", 0, true, 0, S, USUAL},
		{"little was asked for", 10000, false, 9, S, USUAL, true},
		{"much was, and came", 100 * MB, false, 9, S, 50 * MB, true},
		{"at the end of its time", 100 * MB, false, 3, PEN_PAST_NS, 50 * MB},
		{"too long ago", 100 * MB, false, 3, PEN_PAST_NS + 1, USUAL},
		{"a narrow one, too long ago", 2 * MB, false, 3, PEN_PAST_NS + 1, USUAL},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_past past = {0};
		const struct pen_rate rate = {.measured = rows[i].measured,
			.sure = !rows[i].unsure,
			.starting = rows[i].starting,
			.lowered = rows[i].lowered};
		pen_past_note(&past, &rate, 5 * S);
		cr_expect_eq(pen_past_start(&past, USUAL, 5 * S + rows[i].after_ns), rows[i].start,
			"%s", rows[i].name);
	}
}

/* A session that dies before anything came says nothing of the path; each that moved does. */
Test(flow_past, keeps_the_last_that_is_known)
{
	struct pen_past past = {0};
	const struct pen_rate none = {.starting = true}, fast = {.measured = 100 * MB},
			      slow = {.measured = 30 * MB};
	cr_expect_eq(pen_past_start(&past, USUAL, S), USUAL);
	pen_past_note(&past, &fast, 10 * S);
	pen_past_note(&past, &none, 20 * S);
	cr_expect_eq(pen_past_start(&past, USUAL, 21 * S), 50 * MB);
	cr_expect_eq(pen_past_start(&past, USUAL, 10 * S + PEN_PAST_NS + 1), USUAL,
		"it is no younger for that");
	pen_past_note(&past, &slow, 30 * S);
	cr_expect_eq(pen_past_start(&past, USUAL, 31 * S), 15 * MB);
}
