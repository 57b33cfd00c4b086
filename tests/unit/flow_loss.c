/* When a gap is a loss, and how the thresholds learn from what came after all. */
#include "flow/loss.h"

#include <criterion/criterion.h>

#include "base/check.h"

#define MS INT64_C(1000000)

Test(flow_loss, thresholds)
{
	static const struct {
		const char *name;
		uint64_t behind;
		int64_t waited, srtt;
		bool lost;
	} rows[] = {
		{"nothing later came", 0, 1000 * MS, 8 * MS, false},
		{"one later packet", 1, 0, 8 * MS, false},
		{"just not enough", PEN_LOSS_PACKETS_MIN - 1, 2 * MS - 1, 8 * MS, false},
		{"enough packets", PEN_LOSS_PACKETS_MIN, 0, 8 * MS, true},
		{"enough time", 1, 2 * MS, 8 * MS, true},
		{"a short path has the least window", 1, PEN_LOSS_WINDOW_NS_MIN - 1, 8, false},
		{"and no more", 1, PEN_LOSS_WINDOW_NS_MIN, 8, true},
	};
	struct pen_loss loss;
	pen_loss_init(&loss);
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_expect_eq(pen_loss_is_lost(&loss, rows[i].behind, rows[i].waited, rows[i].srtt),
			rows[i].lost, "%s", rows[i].name);
}

Test(flow_loss, learns_reordering_within_limits)
{
	static const struct {
		const char *name;
		uint64_t behind;
		unsigned times;
		uint32_t packets, eighths;
	} rows[] = {
		{"only the time was short", 10, 1, PEN_LOSS_PACKETS_MIN, 3},
		{"half more than what was seen", 100, 1, 150, 3},
		{"once learnt", 100, 2, 150, 4},
		{"the limits", 5000, 50, PEN_LOSS_PACKETS_MAX, PEN_LOSS_EIGHTHS_MAX},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_loss loss;
		pen_loss_init(&loss);
		for (unsigned k = 0; k < rows[i].times; k++)
			pen_loss_spurious(&loss, rows[i].behind);
		cr_expect_eq(loss.packets, rows[i].packets, "%s", rows[i].name);
		cr_expect_eq(loss.eighths, rows[i].eighths, "%s", rows[i].name);
		cr_expect_eq(loss.spurious, rows[i].times, "%s", rows[i].name);
		cr_expect(!pen_loss_is_lost(&loss, rows[i].packets - 1, 0, 8 * MS));
		for (unsigned k = 0; k < 20; k++)
			pen_loss_calm(&loss);
		cr_expect_leq(loss.packets, PEN_LOSS_PACKETS_MIN + 1, "%s", rows[i].name);
		cr_expect_leq(loss.eighths, PEN_LOSS_EIGHTHS_MIN + 1, "%s", rows[i].name);
	}
}
