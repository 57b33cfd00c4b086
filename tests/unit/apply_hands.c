/* Threads that do what is handed to them. */
#include "apply/hands.h"

#include <criterion/criterion.h>
#include <stdatomic.h>

#include "base/check.h"

#define THINGS 40u

struct thing {
	unsigned done; /* how often */
	unsigned hand;
};

static struct thing things[THINGS];
static _Atomic bool closed; /* nobody ends while it is */

static void run(void *context, unsigned hand, void *at)
{
	struct thing *thing = at;
	cr_assert_eq(context, things);
	while (atomic_load(&closed))
		;
	thing->done++;
	thing->hand = hand;
}

static struct pen_hands *hands_of(unsigned count, unsigned depth)
{
	struct pen_hands *hands = NULL;
	struct pen_why why = {0};
	const struct pen_hands_config config = {count, depth, run, things};
	memset(things, 0, sizeof things);
	cr_assert_eq(pen_hands_open(&config, &hands, &why), 0, "%s", why.text);
	return hands;
}

Test(apply_hands, everything_is_done_once)
{
	static const struct {
		unsigned count, depth;
	} rows[] = {{0, 1}, {1, 1}, {1, 7}, {3, 2}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_hands *hands = hands_of(rows[i].count, rows[i].depth);
		unsigned most = rows[i].count ? rows[i].count * rows[i].depth : 1, ended = 0;
		for (unsigned k = 0; ended < THINGS;) {
			while (k < THINGS && pen_hands_submit(hands, &things[k]))
				k++;
			cr_assert_leq(pen_hands_held(hands), most);
			if (rows[i].count)
				pen_wake_wait(pen_hands_wake(hands), -1);
			for (struct thing *thing; (thing = pen_hands_reap(hands)); ended++)
				cr_assert_lt(thing->hand, rows[i].count ? rows[i].count : 1);
		}
		cr_expect_null(pen_hands_reap(hands));
		cr_expect_eq(pen_hands_held(hands), 0);
		for (unsigned k = 0; k < THINGS; k++)
			cr_expect_eq(things[k].done, 1, "%zu: %u", i, k);
		pen_hands_close(hands);
	}
	pen_hands_close(NULL);
}

/* They hold so many, share them, and refuse what is more. */
Test(apply_hands, full)
{
	struct pen_hands *hands = hands_of(2, 3);
	unsigned took = 0, by[2] = {0};
	atomic_store(&closed, true);
	while (took < THINGS && pen_hands_submit(hands, &things[took]))
		took++;
	cr_expect_eq(took, 6);
	cr_expect_eq(pen_hands_held(hands), 6);
	atomic_store(&closed, false);
	for (unsigned ended = 0; ended < took;) {
		struct thing *thing = pen_hands_reap(hands);
		by[thing ? thing->hand : 0] += thing != NULL;
		ended += thing != NULL;
	}
	cr_expect_eq(by[0], 3);
	cr_expect_eq(by[1], 3);
	pen_hands_close(hands);
}

/* Closed while things are held: what is under way ends, nothing hangs. */
Test(apply_hands, closed_early)
{
	struct pen_hands *hands = hands_of(1, 7);
	for (unsigned k = 0; k < 7; k++)
		cr_assert(pen_hands_submit(hands, &things[k]));
	pen_hands_close(hands);
	for (unsigned k = 0; k < 7; k++)
		cr_expect_leq(things[k].done, 1);
}
