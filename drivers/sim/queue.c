#include "drivers/sim/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

#define CHILDREN 4u

int pen_sim_queue_init(struct pen_sim_queue *queue, uint32_t max)
{
	PEN_CHECK(max > 0);
	*queue = (struct pen_sim_queue){.max = max};
	queue->events = malloc(max * sizeof *queue->events);
	return queue->events ? 0 : -ENOMEM;
}

void pen_sim_queue_fini(struct pen_sim_queue *queue)
{
	if (!queue)
		return;
	free(queue->events);
	*queue = (struct pen_sim_queue){0};
}

static inline bool before(const struct pen_sim_event *a, const struct pen_sim_event *b)
{
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns;
	return (int32_t)(a->order - b->order) < 0;
}

void pen_sim_queue_put(struct pen_sim_queue *queue, const struct pen_sim_event *event)
{
	PEN_CHECK(queue->count < queue->max);
	struct pen_sim_event *heap = queue->events;
	uint32_t hole = queue->count++;
	while (hole) {
		uint32_t parent = (hole - 1) / CHILDREN;
		if (!before(event, &heap[parent]))
			break;
		heap[hole] = heap[parent];
		hole = parent;
	}
	heap[hole] = *event;
}

void pen_sim_queue_push(struct pen_sim_queue *queue, int64_t at_ns, uint32_t what)
{
	const struct pen_sim_event event = {at_ns, pen_sim_queue_order(queue), what};
	pen_sim_queue_put(queue, &event);
}

static uint32_t least_child(const struct pen_sim_queue *queue, uint32_t hole)
{
	uint32_t first = hole * CHILDREN + 1, least = first;
	uint32_t end = first + CHILDREN < queue->count ? first + CHILDREN : queue->count;
	for (uint32_t child = first + 1; child < end; child++)
		if (before(&queue->events[child], &queue->events[least]))
			least = child;
	return least;
}

/* Put `event` where the first one was. */
static void sink(struct pen_sim_queue *queue, const struct pen_sim_event *event)
{
	uint32_t hole = 0;
	while (hole * CHILDREN + 1 < queue->count) {
		uint32_t child = least_child(queue, hole);
		if (!before(&queue->events[child], event))
			break;
		queue->events[hole] = queue->events[child];
		hole = child;
	}
	queue->events[hole] = *event;
}

bool pen_sim_queue_pop(struct pen_sim_queue *queue, int64_t now_ns, struct pen_sim_event *event)
{
	if (!queue->count || queue->events[0].at_ns > now_ns)
		return false;
	*event = queue->events[0];
	queue->count--;
	if (queue->count)
		sink(queue, &queue->events[queue->count]);
	return true;
}
