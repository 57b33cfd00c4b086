/* Payload sizes against paths that carry so much and no more. */
#include "fetch/sizes.h"

#include <criterion/criterion.h>

#include "base/check.h"

#define S INT64_C(1000000000)

/* Slots one after another on a path that carries sizes up to `carries`; returns the last size, and
 * how many tries got nothing. */
static enum pen_wire_size slots(struct pen_sizes *sizes, enum pen_wire_size carries, unsigned count,
	int64_t now, unsigned *failed)
{
	for (unsigned i = 0; i < count; i++) {
		enum pen_wire_size size = pen_sizes_try(sizes, now);
		if (sizes->proven > carries)
			pen_sizes_swallowed(sizes, sizes->proven, now);
		else
			pen_sizes_came(sizes, sizes->proven);
		if (size <= carries) {
			pen_sizes_came(sizes, size);
		} else if (size > sizes->proven) {
			pen_sizes_failed(sizes, size, S / 20, now);
			(*failed)++;
		}
		pen_sizes_ended(sizes);
	}
	return sizes->proven;
}

Test(fetch_sizes, finds_what_the_path_carries)
{
	for (unsigned most = 0; most < PEN_WIRE_SIZES; most++) {
		for (unsigned carries = 0; carries < PEN_WIRE_SIZES; carries++) {
			struct pen_sizes sizes = {0};
			unsigned failed = 0, best = most < carries ? most : carries;
			/* Between Ethernet and what both can nothing is tried. */
			if (best > PEN_WIRE_SIZE_1408 && best < most)
				best = PEN_WIRE_SIZE_1408;
			pen_sizes_begin(&sizes, (enum pen_wire_size)most);
			cr_expect_eq(pen_sizes_try(&sizes, 0), PEN_WIRE_SIZE_1200, "safe at first");
			enum pen_wire_size size = slots(
				&sizes, (enum pen_wire_size)carries, 12, S, &failed);
			cr_expect_eq(size, best, "%u of %u: %d", carries, most, size);
			cr_expect_leq(failed, 3);
			cr_expect(failed > 0 || best == most);
		}
	}
}

Test(fetch_sizes, tries_one_slot_beside_safe_ones)
{
	struct pen_sizes sizes = {0};
	pen_sizes_begin(&sizes, PEN_WIRE_SIZE_8192);
	pen_sizes_came(&sizes, PEN_WIRE_SIZE_1200);
	cr_expect_eq(pen_sizes_try(&sizes, 0), PEN_WIRE_SIZE_8192);
	cr_expect_eq(sizes.proven, PEN_WIRE_SIZE_1200);
	for (unsigned i = 0; i < 5; i++)
		cr_expect_eq(pen_sizes_try(&sizes, 0), PEN_WIRE_SIZE_1200);
	pen_sizes_ended(&sizes);
	cr_expect_eq(pen_sizes_try(&sizes, 0), PEN_WIRE_SIZE_8192, "it ended otherwise");
	pen_sizes_came(&sizes, PEN_WIRE_SIZE_8192);
	pen_sizes_ended(&sizes);
	cr_expect_eq(sizes.proven, PEN_WIRE_SIZE_8192);
	for (unsigned i = 0; i < 5; i++)
		cr_expect_eq(pen_sizes_try(&sizes, 0), PEN_WIRE_SIZE_8192);
}

Test(fetch_sizes, a_path_that_becomes_narrow)
{
	struct pen_sizes sizes = {0};
	unsigned failed = 0;
	pen_sizes_begin(&sizes, PEN_WIRE_SIZE_8192);
	slots(&sizes, PEN_WIRE_SIZE_8192, 5, S, &failed);
	cr_assert_eq(sizes.proven, PEN_WIRE_SIZE_8192);
	pen_sizes_swallowed(&sizes, PEN_WIRE_SIZE_8192, 2 * S);
	pen_sizes_swallowed(&sizes, PEN_WIRE_SIZE_1200, 2 * S);
	cr_expect_eq(sizes.proven, PEN_WIRE_SIZE_1200);
	/* Old slots that come late change nothing. */
	pen_sizes_came(&sizes, PEN_WIRE_SIZE_8192);
	for (unsigned i = 0; i < 5; i++)
		cr_expect_eq(slots(&sizes, PEN_WIRE_SIZE_1408, 1, 2 * S + S / 10, &failed),
			PEN_WIRE_SIZE_1200, "no more tries for now");
	cr_expect_eq(failed, 0);
	cr_expect_eq(slots(&sizes, PEN_WIRE_SIZE_1408, 9, 4 * S, &failed), PEN_WIRE_SIZE_1408);
	cr_expect_eq(failed, 1);
}

/* A try that fails after the limit has risen again lowers it all the same. */
Test(fetch_sizes, an_old_try_fails)
{
	struct pen_sizes sizes = {0};
	pen_sizes_begin(&sizes, PEN_WIRE_SIZE_1408);
	pen_sizes_came(&sizes, PEN_WIRE_SIZE_1200);
	cr_assert_eq(pen_sizes_try(&sizes, 0), PEN_WIRE_SIZE_1408);
	pen_sizes_failed(&sizes, PEN_WIRE_SIZE_1408, S / 20, 0);
	pen_sizes_ended(&sizes);
	cr_assert_eq(pen_sizes_try(&sizes, 0), PEN_WIRE_SIZE_1328);
	cr_assert_eq(pen_sizes_try(&sizes, 2 * S), PEN_WIRE_SIZE_1200, "one try at a time");
	cr_expect_eq(sizes.limit, PEN_WIRE_SIZE_1408);
	pen_sizes_failed(&sizes, PEN_WIRE_SIZE_1328, S / 20, 2 * S);
	cr_expect_eq(sizes.limit, PEN_WIRE_SIZE_1200);
}

/* A new session on the same path: what is proven is used at once, what failed is not tried sooner,
 * and no more than both ends can now. */
Test(fetch_sizes, a_new_session_remembers)
{
	static const struct {
		enum pen_wire_size most, carries, again, proven;
		unsigned failed; /* tries in the new session, at once */
	} rows[] = {
		{PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_8192, 0},
		{PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_1408, PEN_WIRE_SIZE_1408, 0},
		{PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_1200, PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_1200, 0},
		{PEN_WIRE_SIZE_1408, PEN_WIRE_SIZE_1408, PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_1408, 1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_sizes sizes = {0};
		unsigned failed = 0;
		pen_sizes_begin(&sizes, rows[i].most);
		slots(&sizes, rows[i].carries, 9, S, &failed);
		failed = 0;
		pen_sizes_begin(&sizes, rows[i].again);
		cr_expect_eq(sizes.proven, rows[i].proven, "row %zu", i);
		cr_expect_eq(pen_sizes_try(&sizes, S), rows[i].proven, "not before packets came");
		cr_expect_eq(slots(&sizes, rows[i].carries, 5, S + S / 100, &failed),
			rows[i].proven, "row %zu", i);
		cr_expect_eq(failed, rows[i].failed, "row %zu: %u", i, failed);
	}
}

/* What failed is tried again, less and less often. */
Test(fetch_sizes, tries_again)
{
	struct pen_sizes sizes = {0};
	unsigned failed = 0;
	pen_sizes_begin(&sizes, PEN_WIRE_SIZE_8192);
	for (int64_t now = 0; now < 600 * S; now += S / 10)
		slots(&sizes, PEN_WIRE_SIZE_1200, 1, now, &failed);
	cr_expect_geq(failed, 10);
	cr_expect_leq(failed, 40, "%u", failed);
	cr_expect_eq(slots(&sizes, PEN_WIRE_SIZE_8192, 5, 700 * S, &failed), PEN_WIRE_SIZE_8192);
}

/* On a slow path, where a failure costs seconds, tries are as rare as that asks for. */
Test(fetch_sizes, what_costs_much_is_tried_seldom)
{
	static const struct {
		bool proven; /* the size had carried packets */
		int64_t cost, wait;
	} rows[] = {
		{false, 0, S / 8},
		{false, S / 200, S / 8},
		{false, S / 20, 4 * S / 5},
		{false, 2 * S, 32 * S},
		{false, 100 * S, PEN_SIZES_AGAIN_NS},
		{true, 2 * S, S / 8},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_sizes sizes = {0};
		pen_sizes_begin(&sizes, PEN_WIRE_SIZE_1328);
		pen_sizes_came(&sizes, PEN_WIRE_SIZE_1200);
		if (rows[i].proven)
			pen_sizes_came(&sizes, PEN_WIRE_SIZE_1328);
		if (rows[i].proven)
			pen_sizes_swallowed(&sizes, PEN_WIRE_SIZE_1328, 0);
		else
			pen_sizes_failed(&sizes, PEN_WIRE_SIZE_1328, rows[i].cost, 0);
		pen_sizes_came(&sizes, PEN_WIRE_SIZE_1200);
		cr_expect_eq(pen_sizes_try(&sizes, rows[i].wait - 1), PEN_WIRE_SIZE_1200);
		cr_expect(pen_sizes_try(&sizes, rows[i].wait) > PEN_WIRE_SIZE_1200, "row %zu", i);
	}
}
