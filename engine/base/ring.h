/*
 * ring: pointers from one thread to one other, in order, without locks: Concurrency Kit's
 * ck_ring. What the pusher wrote before the push is seen by the popper after the pop. Bounded;
 * neither end ever waits.
 */
#ifndef PEN_BASE_RING_H
#define PEN_BASE_RING_H

#include <ck_ring.h>
#include <stdbool.h>

/* Slots of a ring, a power of two; ck_ring leaves one free. */
#define PEN_RING_SLOTS 8u
/* Pointers that a ring holds. */
#define PEN_RING_DEPTH (PEN_RING_SLOTS - 1)

struct pen_ring {
	struct ck_ring ring;
	struct ck_ring_buffer slots[PEN_RING_SLOTS];
};

/* Make it empty. Before either thread uses it. */
void pen_ring_init(struct pen_ring *ring);

/* Put a pointer (not NULL) in; false if the ring is full. By the one thread that pushes. */
bool pen_ring_push(struct pen_ring *ring, void *item);

/* Take the oldest out, NULL if the ring is empty. By the one thread that pops. */
void *pen_ring_pop(struct pen_ring *ring);

#endif
