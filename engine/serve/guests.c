#include "serve/guests.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

int pen_guests_open(struct pen_guests *guests, uint32_t count)
{
	PEN_CHECK(count > 0);
	PEN_CHECK(count <= PEN_GUESTS_MAX);
	*guests = (struct pen_guests){.count = count};
	guests->places = calloc(count, sizeof *guests->places);
	guests->waiters = calloc(count, sizeof *guests->waiters);
	if (!guests->places || !guests->waiters) {
		pen_guests_close(guests);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++)
		guests->places[i].next_free = i + 1;
	return 0;
}

void pen_guests_close(struct pen_guests *guests)
{
	if (!guests)
		return;
	free(guests->places);
	free(guests->waiters);
	*guests = (struct pen_guests){.count = 0};
}

uint32_t pen_guests_place(const struct pen_guests *guests, const struct pen_guest *guest)
{
	PEN_CHECK(guest >= guests->places);
	PEN_CHECK(guest < guests->places + guests->count);
	return (uint32_t)(guest - guests->places);
}

struct pen_guest *pen_guests_find(struct pen_guests *guests, uint64_t number)
{
	uint32_t place = pen_session_index(number);
	if (place >= guests->count)
		return NULL;
	struct pen_guest *guest = &guests->places[place];
	return guest->open && guest->session.channel.own == number ? guest : NULL;
}

struct pen_guest *pen_guests_free(struct pen_guests *guests)
{
	if (guests->free_first == guests->count)
		return NULL;
	PEN_CHECK(!guests->places[guests->free_first].open);
	return &guests->places[guests->free_first];
}

void pen_guests_enter(struct pen_guests *guests, struct pen_guest *guest)
{
	PEN_CHECK(guest == pen_guests_free(guests));
	guests->free_first = guest->next_free;
	guests->open++;
	guest->open = true;
}

void pen_guests_leave(struct pen_guests *guests, struct pen_guest *guest)
{
	PEN_CHECK(guest->open);
	PEN_CHECK(guest->slots.count == 0);
	guest->open = false;
	guest->next_free = guests->free_first;
	guests->free_first = pen_guests_place(guests, guest);
	guests->open--;
}

void pen_guests_wait(struct pen_guests *guests, struct pen_guest *guest)
{
	PEN_CHECK(guest->open);
	if (guest->waiting)
		return;
	/* One that left while it waited is still on the list; so is its place's next guest. */
	guest->waiting = true;
	PEN_CHECK(guests->waiting < guests->count);
	guests->waiters[guests->waiting++] = pen_guests_place(guests, guest);
}

struct pen_guest *pen_guests_wake(struct pen_guests *guests)
{
	while (guests->waiting) {
		struct pen_guest *guest = &guests->places[guests->waiters[--guests->waiting]];
		guest->waiting = false;
		if (guest->open)
			return guest;
	}
	return NULL;
}
