/*
 * queue: what is going to happen, earliest first; of equal times, in the order of pushing. A heap
 * with four children a node, in fixed memory: with 4,096 events it fits a core's cache.
 */
#ifndef PEN_SIM_QUEUE_H
#define PEN_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pen_sim_event {
	int64_t at_ns;
	uint32_t order; /* the queue's own: which push it was */
	uint32_t what; /* the pusher's */
};

struct pen_sim_queue {
	struct pen_sim_event *events; /* the heap */
	uint32_t count, max;
	uint32_t pushed; /* pushes so far; may wrap */
};

/* Room for `max` (> 0) events. 0 or -ENOMEM. */
int pen_sim_queue_init(struct pen_sim_queue *queue, uint32_t max);

/* NULL and zeroed are fine. */
void pen_sim_queue_fini(struct pen_sim_queue *queue);

/* Add an event; there is room for it. */
void pen_sim_queue_push(struct pen_sim_queue *queue, int64_t at_ns, uint32_t what);

/* In two steps: a place in the order now, and the event any time before all that were pushed after
 * it may be taken. */
static inline uint32_t pen_sim_queue_order(struct pen_sim_queue *queue)
{
	return queue->pushed++;
}
void pen_sim_queue_put(struct pen_sim_queue *queue, const struct pen_sim_event *event);

/* Take the earliest if its time has come. */
bool pen_sim_queue_pop(struct pen_sim_queue *queue, int64_t now_ns, struct pen_sim_event *event);

/* When the earliest is due, INT64_MAX if there is none. */
static inline int64_t pen_sim_queue_next_ns(const struct pen_sim_queue *queue)
{
	return queue->count ? queue->events[0].at_ns : INT64_MAX;
}

#endif
