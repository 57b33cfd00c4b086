/* Events come out by time, and equal ones in the order they were pushed. */
#include "drivers/sim/queue.h"

#include <criterion/criterion.h>

#include "base/rng.h"

Test(sim_queue, orders_by_time_then_by_push)
{
	enum { EVENTS = 5000 };
	static int64_t at[EVENTS];
	struct pen_sim_queue queue;
	struct pen_sim_event event, last = {.at_ns = -1};
	struct pen_rng rng = {1};
	cr_assert_eq(pen_sim_queue_init(&queue, EVENTS), 0);
	cr_assert_eq(pen_sim_queue_next_ns(&queue), INT64_MAX);
	queue.pushed = UINT32_MAX - 100; /* the order's number wraps */
	for (uint32_t i = 0; i < EVENTS; i++) {
		at[i] = (int64_t)pen_rng_below(&rng, 300);
		pen_sim_queue_push(&queue, at[i], i);
	}
	for (uint32_t i = 0; i < EVENTS; i++) {
		cr_assert_eq(pen_sim_queue_next_ns(&queue), queue.events[0].at_ns);
		cr_assert(pen_sim_queue_pop(&queue, 300, &event));
		cr_assert_eq(event.at_ns, at[event.what]);
		cr_assert(event.at_ns > last.at_ns ||
			(event.at_ns == last.at_ns && event.what > last.what));
		last = event;
	}
	cr_assert(!pen_sim_queue_pop(&queue, INT64_MAX, &event));
	pen_sim_queue_fini(&queue);
	pen_sim_queue_fini(&queue);
	pen_sim_queue_fini(NULL);
}

Test(sim_queue, keeps_what_is_not_due)
{
	struct pen_sim_queue queue;
	struct pen_sim_event event;
	cr_assert_eq(pen_sim_queue_init(&queue, 4), 0);
	pen_sim_queue_push(&queue, 20, 2);
	pen_sim_queue_push(&queue, 10, 1);
	cr_assert(!pen_sim_queue_pop(&queue, 9, &event));
	cr_assert(pen_sim_queue_pop(&queue, 10, &event));
	cr_assert_eq(event.what, 1);
	cr_assert(!pen_sim_queue_pop(&queue, 19, &event));
	cr_assert_eq(pen_sim_queue_next_ns(&queue), 20);
	pen_sim_queue_fini(&queue);
}

Test(sim_queue, agrees_with_a_plain_list)
{
	enum { ROOM = 256 };
	struct pen_sim_queue queue;
	struct pen_sim_event list[ROOM], event;
	struct pen_rng rng = {9};
	unsigned count = 0;
	cr_assert_eq(pen_sim_queue_init(&queue, ROOM), 0);
	for (uint32_t turn = 0; turn < 20000; turn++) {
		if (count < ROOM && (!count || pen_rng_below(&rng, 2))) {
			int64_t at_ns = turn + (int64_t)pen_rng_below(&rng, 50);
			list[count++] = (struct pen_sim_event){at_ns, turn, turn};
			pen_sim_queue_push(&queue, at_ns, turn);
			continue;
		}
		unsigned least = 0;
		for (unsigned i = 1; i < count; i++)
			if (list[i].at_ns < list[least].at_ns ||
				(list[i].at_ns == list[least].at_ns &&
					list[i].order < list[least].order))
				least = i;
		cr_assert(pen_sim_queue_pop(&queue, INT64_MAX, &event));
		cr_assert_eq(event.what, list[least].what);
		list[least] = list[--count];
	}
	pen_sim_queue_fini(&queue);
}
