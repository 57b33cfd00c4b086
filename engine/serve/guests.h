/*
 * guests: the table of a core's sessions: places of fixed size, found by the number of the session,
 * which names the place (peer/session.h). And the list of those who wait for something to be read.
 *
 * Taken at open; one thread.
 */
#ifndef PEN_SERVE_GUESTS_H
#define PEN_SERVE_GUESTS_H

#include "serve/guest.h"

/* Sessions of one core: 256 MiB of state. The number of a session could name more. */
#define PEN_GUESTS_MAX (UINT32_C(1) << 16)

/* Zeroed is closed. */
struct pen_guests {
	struct pen_guest *places; /* `count` of them */
	uint32_t *waiters; /* places of those who wait: `waiting` of them, in no order */
	uint32_t count, open; /* places; those that are taken */
	uint32_t waiting;
	uint32_t free_first; /* a free place, or `count` */
};

/* 0 or -ENOMEM; 1 <= count <= PEN_GUESTS_MAX. */
int pen_guests_open(struct pen_guests *guests, uint32_t count);

/* NULL and zeroed are fine. */
void pen_guests_close(struct pen_guests *guests);

/* The guest whose session has this number (ours), or NULL. */
struct pen_guest *pen_guests_find(struct pen_guests *guests, uint64_t number);

/* A free place, which stays free until pen_guests_enter; NULL if there is none. */
struct pen_guest *pen_guests_free(struct pen_guests *guests);

/* The guest at the free place got a session; its place is taken. */
void pen_guests_enter(struct pen_guests *guests, struct pen_guest *guest);

/* The guest goes; whatever it held was given back. */
void pen_guests_leave(struct pen_guests *guests, struct pen_guest *guest);

/* Place of a guest in the table. */
uint32_t pen_guests_place(const struct pen_guests *guests, const struct pen_guest *guest);

/* The guest waits for something to be read, or for a block. Again is fine. */
void pen_guests_wait(struct pen_guests *guests, struct pen_guest *guest);

/* One of those who wait, which it does no more; NULL if nobody does. */
struct pen_guest *pen_guests_wake(struct pen_guests *guests);

#endif
