#include "base/ring.h"

#include <criterion/criterion.h>

#include "base/thread.h"

#define ITEMS 20000u

struct passing {
	struct pen_ring ring;
	unsigned items[ITEMS];
};

static void push_all(void *context)
{
	struct passing *passing = context;
	for (unsigned i = 0; i < ITEMS; i++) {
		passing->items[i] = i;
		while (!pen_ring_push(&passing->ring, &passing->items[i]))
			;
	}
}

Test(base_ring, holds_its_depth_and_keeps_order)
{
	static struct passing passing;
	unsigned depth = 0, next = 0;
	struct pen_thread thread = {0};
	pen_ring_init(&passing.ring);
	cr_assert_null(pen_ring_pop(&passing.ring));
	while (pen_ring_push(&passing.ring, &passing.items[depth]))
		depth++;
	cr_assert_eq(depth, PEN_RING_DEPTH);
	for (unsigned i = 0; i < depth; i++)
		cr_assert_eq(pen_ring_pop(&passing.ring), &passing.items[i]);
	cr_assert_null(pen_ring_pop(&passing.ring));
	cr_assert_eq(pen_thread_start(&thread, push_all, &passing, 1), 0);
	while (next < ITEMS) {
		unsigned *item = pen_ring_pop(&passing.ring);
		cr_assert(!item || *item == next);
		next += item != NULL;
	}
	pen_thread_join(&thread);
}
