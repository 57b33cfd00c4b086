#include "serve_budget.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "store/cache.h"
#include "store/vet.h"

#define MIB ((uint64_t)1 << 20)

/* The sum is the cap or a little less; what is refused names what would do, and that does. */
Test(tools_serve_budget, holds_the_cap)
{
	static const struct serve_budget_ask rows[] = {{0, 1, 256, true}, {0, 0, 256, true},
		{100 * MIB, 1, 256, false}, {400 * MIB, 1, 256, true}, {1024 * MIB, 1, 256, true},
		{1024 * MIB, 8, 256, true}, {16384 * MIB, 2, 256, false}, {512 * MIB, 0, 256, true},
		{UINT64_C(1) << 40, 1, 256, true}, {1, 1, 256, true}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct serve_budget budget;
		struct pen_why why = {0};
		struct serve_budget_ask ask = rows[i];
		int err = serve_budget_make(&budget, &ask, &why);
		uint64_t total = pen_budget_total(&budget.lines);
		if (err) {
			cr_expect_eq(err, PEN_EREFUSED);
			cr_expect_gt(total, ask.memory_bytes, "%zu", i);
			cr_expect_neq(strstr(why.text, "MiB would do"), NULL, "%s", why.text);
			ask.memory_bytes = (total + MIB - 1) / MIB * MIB;
			cr_expect_eq(serve_budget_make(&budget, &ask, &why), 0, "%s", why.text);
			total = pen_budget_total(&budget.lines);
		}
		cr_expect_eq(budget.capped, ask.memory_bytes > 0);
		cr_expect(!ask.memory_bytes || total <= ask.memory_bytes, "%zu", i);
		cr_expect_geq(budget.content_bytes, PEN_VET_CONTENT_MIN, "%zu", i);
		cr_expect_leq(budget.content_bytes, PEN_PART_BYTES_MAX, "%zu", i);
		cr_expect_leq(budget.blocks, PEN_CACHE_BLOCKS_MAX, "%zu", i);
		cr_expect_eq(budget.blocks > 0, ask.halls > 0, "%zu", i);
		/* Nothing is left over that would make one more block for each. */
		bool most = budget.blocks == PEN_CACHE_BLOCKS_MAX;
		if (ask.memory_bytes && ask.halls && !most)
			cr_expect_lt(ask.memory_bytes - total, ask.halls * MIB, "%zu", i);
	}
}

Test(tools_serve_budget, more_memory_takes_larger_parts)
{
	struct serve_budget less, more;
	struct serve_budget_ask ask = {.halls = 1, .guests = 256, .http = true};
	ask.memory_bytes = 700 * MIB;
	cr_assert_eq(serve_budget_make(&less, &ask, NULL), 0);
	ask.memory_bytes = 8192 * MIB;
	cr_assert_eq(serve_budget_make(&more, &ask, NULL), 0);
	cr_expect_gt(more.content_bytes, less.content_bytes);
	cr_expect_gt(more.blocks, less.blocks);
}
