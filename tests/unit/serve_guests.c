#include <criterion/criterion.h>

#include "serve/guests.h"

static struct pen_guest *enter(struct pen_guests *guests, struct pen_draw *draw)
{
	struct pen_guest *guest = pen_guests_free(guests);
	if (!guest)
		return NULL;
	guest->session.channel.own = pen_session_number(2, pen_guests_place(guests, guest), draw);
	pen_guests_enter(guests, guest);
	return guest;
}

Test(serve_guests, are_found_by_number_and_nothing_else)
{
	struct pen_guests guests;
	struct pen_draw draw;
	uint8_t seed[PEN_DRAW_SEED_BYTES] = {1};
	pen_draw_init(&draw, seed);
	cr_assert_eq(pen_guests_open(&guests, 3), 0);
	struct pen_guest *guest[3];
	for (int i = 0; i < 3; i++)
		guest[i] = enter(&guests, &draw);
	cr_expect_null(pen_guests_free(&guests));
	cr_expect_eq(guests.open, 3);
	uint64_t number = guest[1]->session.channel.own;
	cr_expect_eq(pen_guests_find(&guests, number), guest[1]);
	cr_expect_null(pen_guests_find(&guests, number ^ 1));
	cr_expect_null(pen_guests_find(&guests, number ^ UINT64_C(1) << 63));
	cr_expect_null(pen_guests_find(&guests, number | 0xfffff));
	pen_guests_leave(&guests, guest[1]);
	cr_expect_null(pen_guests_find(&guests, number));
	cr_expect_eq(enter(&guests, &draw), guest[1]);
	cr_expect_null(pen_guests_find(&guests, number), "its successor has another");
	pen_guests_close(&guests);
	pen_guests_close(&guests);
	pen_guests_close(NULL);
}

Test(serve_guests, wait_once_and_wake_once)
{
	struct pen_guests guests;
	struct pen_draw draw;
	uint8_t seed[PEN_DRAW_SEED_BYTES] = {1};
	pen_draw_init(&draw, seed);
	cr_assert_eq(pen_guests_open(&guests, 3), 0);
	struct pen_guest *a = enter(&guests, &draw), *b = enter(&guests, &draw);
	cr_expect_null(pen_guests_wake(&guests));
	for (int i = 0; i < 5; i++) {
		pen_guests_wait(&guests, a);
		pen_guests_wait(&guests, b);
	}
	cr_expect_eq(guests.waiting, 2);
	/* One leaves meanwhile, and comes again: it does not wait, whoever it is now. */
	pen_guests_leave(&guests, b);
	cr_expect_eq(pen_guests_wake(&guests), a);
	cr_expect_null(pen_guests_wake(&guests));
	cr_expect_eq(enter(&guests, &draw), b);
	pen_guests_wait(&guests, b);
	pen_guests_leave(&guests, b);
	cr_expect_eq(enter(&guests, &draw), b);
	pen_guests_wait(&guests, b);
	cr_expect_eq(guests.waiting, 1);
	cr_expect_eq(pen_guests_wake(&guests), b);
	pen_guests_close(&guests);
}
