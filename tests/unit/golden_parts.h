/* golden_parts: nearcore's own parts of a small state, as errands of a workshop. */
#ifndef PEN_TESTS_GOLDEN_PARTS_H
#define PEN_TESTS_GOLDEN_PARTS_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "../../tools/penstock/workshop.h"
#include "util.h"

#define GOLDEN_ROOT "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv"
#define GOLDEN_PARTS 7u

struct golden_parts {
	struct pen_buf bytes[GOLDEN_PARTS];
	struct errand errands[GOLDEN_PARTS];
};

/* Read them; each comes back by `back`. golden_close is due. */
static inline void golden_open(
	struct golden_parts *golden, void (*back)(struct errand *errand, int64_t now_ns))
{
	struct pen_hash root;
	cr_assert_eq(pen_hash_parse(GOLDEN_ROOT, &root), 0);
	for (uint32_t k = 0; k < GOLDEN_PARTS; k++) {
		char name[64];
		snprintf(name, sizeof name, "golden/small/state_part_%06u_of_000007", k);
		golden->bytes[k] = test_data(name);
		golden->errands[k] = (struct errand){.kind = ERRAND_PART,
			.back = back,
			.id = {root, k, GOLDEN_PARTS},
			.form = PEN_FORM_NEARCORE,
			.bytes = pen_buf_bytes(&golden->bytes[k])};
	}
}

static inline void golden_close(struct golden_parts *golden)
{
	for (uint32_t k = 0; k < GOLDEN_PARTS; k++)
		pen_buf_fini(&golden->bytes[k]);
}

/* Let the workshop turn, at this time, until all has come back. */
static inline void golden_run(struct workshop *workshop, int64_t now_ns)
{
	while (workshop->count) {
		if (!workshop_turn(workshop, now_ns))
			pen_wake_wait(workshop_wake(workshop), -1);
	}
}

#endif
