/*
 * fair: whose turn it is to send. Deficit round robin (Shreedhar, Varghese, SIGCOMM 1995): those
 * who have something to send stand in a ring; each sends up to its share when it is at the head,
 * then the next one does. What it sent too much is taken from its next share. So no session waits
 * for more than one share of every other, whatever the sizes of their packets.
 *
 * A share is PEN_FAIR_SHARE_BYTES times the weight: long enough for a run of 16 of the largest
 * packets, so that fairness does not cut runs. Who is at the head and may not send just now is
 * passed over and saves nothing up. Fixed table, taken at open. One thread.
 */
#ifndef PEN_SERVE_FAIR_H
#define PEN_SERVE_FAIR_H

#include <stdbool.h>
#include <stdint.h>

#define PEN_FAIR_SHARE_BYTES 131072
/* A class may weigh so many times the least one. */
#define PEN_FAIR_WEIGHT_MAX 64u
/* Nobody stands in the ring. */
#define PEN_FAIR_NONE UINT32_MAX

struct pen_fair_place {
	uint32_t prev, next; /* in the ring; of no use when not in it */
	int64_t left_bytes; /* of its share; negative: sent too much */
	uint16_t weight; /* 1 to PEN_FAIR_WEIGHT_MAX */
	bool in; /* stands in the ring */
};

/* Zeroed is closed. */
struct pen_fair {
	struct pen_fair_place *places;
	uint32_t count; /* places */
	uint32_t head; /* whose turn it is, or PEN_FAIR_NONE */
	uint32_t standing; /* in the ring */
};

/* A ring for `count` (> 0) places, all out of it, of weight 1. 0 or -ENOMEM. */
int pen_fair_open(struct pen_fair *fair, uint32_t count);

/* NULL and zeroed are fine. */
void pen_fair_close(struct pen_fair *fair);

/* The weight of a place from its next share on. */
void pen_fair_weigh(struct pen_fair *fair, uint32_t place, uint16_t weight);

/* Stand in the ring, behind all others; nothing happens if it does already. */
void pen_fair_join(struct pen_fair *fair, uint32_t place);

/* Leave it; nothing happens if it is not there. */
void pen_fair_leave(struct pen_fair *fair, uint32_t place);

/* Whose turn it is, and in *bytes how much of its share is left, more than 0; or PEN_FAIR_NONE. */
uint32_t pen_fair_head(struct pen_fair *fair, int64_t *bytes);

/* The head sent so much; when its share is used up the turn passes. */
void pen_fair_spend(struct pen_fair *fair, uint64_t bytes);

/* The head cannot send now: the turn passes. */
void pen_fair_pass(struct pen_fair *fair);

#endif
