#include <criterion/criterion.h>

#include "base/check.h"
#include "serve/brake.h"

#define S INT64_C(1000000000)

Test(serve_brake, halves_and_lifts)
{
	/* One second each: bytes sent in it, packets settled and proved, and the limit after it. */
	static const struct {
		uint64_t sent;
		uint32_t settled, proved;
		uint64_t limit;
	} rows[] = {
		{10000000, 1000, 1000, 0},
		{10000000, 1000, 500, 0},
		{10000000, 1000, 499, 5000000},
		{5000000, 63, 0, 5000000},
		{5000000, 64, 0, 2500000},
		{2500000, 500, 499, 5000000},
		{5000000, 500, 300, 10000000},
		{7000000, 500, 500, 20000000},
		{7000000, 500, 500, 0},
		{100, 100, 0, PEN_BRAKE_RATE_MIN},
	};
	struct pen_brake brake;
	pen_brake_init(&brake, 7);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		int64_t now_ns = 7 + (int64_t)i * S;
		pen_brake_sent(&brake, rows[i].sent / 2);
		pen_brake_report(&brake, rows[i].settled / 2, rows[i].proved / 2, now_ns + S / 2);
		pen_brake_sent(&brake, rows[i].sent - rows[i].sent / 2);
		pen_brake_report(&brake, rows[i].settled - rows[i].settled / 2,
			rows[i].proved - rows[i].proved / 2, now_ns + S);
		cr_expect_eq(brake.limit, rows[i].limit, "row %zu: %lu", i, brake.limit);
	}
	cr_expect_eq(brake.braked, 3);
}
