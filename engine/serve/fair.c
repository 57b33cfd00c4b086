#include "serve/fair.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

int pen_fair_open(struct pen_fair *fair, uint32_t count)
{
	PEN_CHECK(count > 0);
	PEN_CHECK(count < PEN_FAIR_NONE);
	*fair = (struct pen_fair){.count = count, .head = PEN_FAIR_NONE};
	fair->places = calloc(count, sizeof *fair->places);
	if (!fair->places)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		fair->places[i].weight = 1;
	return 0;
}

void pen_fair_close(struct pen_fair *fair)
{
	if (!fair)
		return;
	free(fair->places);
	*fair = (struct pen_fair){.places = NULL};
}

static struct pen_fair_place *at(struct pen_fair *fair, uint32_t place)
{
	PEN_CHECK(place < fair->count);
	return &fair->places[place];
}

void pen_fair_weigh(struct pen_fair *fair, uint32_t place, uint16_t weight)
{
	PEN_CHECK(weight > 0);
	PEN_CHECK(weight <= PEN_FAIR_WEIGHT_MAX);
	at(fair, place)->weight = weight;
}

void pen_fair_join(struct pen_fair *fair, uint32_t place)
{
	struct pen_fair_place *mine = at(fair, place);
	if (mine->in)
		return;
	mine->in = true;
	/* A debt stays: leaving does not pay it. */
	if (mine->left_bytes > 0)
		mine->left_bytes = 0;
	if (fair->standing++ == 0) {
		mine->prev = place;
		mine->next = place;
		fair->head = place;
		return;
	}
	struct pen_fair_place *head = at(fair, fair->head);
	mine->next = fair->head;
	mine->prev = head->prev;
	at(fair, mine->prev)->next = place;
	head->prev = place;
}

void pen_fair_leave(struct pen_fair *fair, uint32_t place)
{
	struct pen_fair_place *mine = at(fair, place);
	if (!mine->in)
		return;
	mine->in = false;
	at(fair, mine->prev)->next = mine->next;
	at(fair, mine->next)->prev = mine->prev;
	if (fair->head == place)
		fair->head = mine->next;
	if (--fair->standing == 0)
		fair->head = PEN_FAIR_NONE;
}

uint32_t pen_fair_head(struct pen_fair *fair, int64_t *bytes)
{
	if (fair->standing == 0)
		return PEN_FAIR_NONE;
	struct pen_fair_place *head = at(fair, fair->head);
	/* Each round adds a share; one that overdrew by more sits out until it is paid. */
	while (head->left_bytes <= 0) {
		head->left_bytes += (int64_t)PEN_FAIR_SHARE_BYTES * head->weight;
		if (head->left_bytes > 0)
			break;
		fair->head = head->next;
		head = at(fair, fair->head);
	}
	*bytes = head->left_bytes;
	return fair->head;
}

void pen_fair_spend(struct pen_fair *fair, uint64_t bytes)
{
	PEN_CHECK(fair->standing > 0);
	struct pen_fair_place *head = at(fair, fair->head);
	head->left_bytes -= (int64_t)bytes;
	if (head->left_bytes <= 0)
		fair->head = head->next;
}

void pen_fair_pass(struct pen_fair *fair)
{
	PEN_CHECK(fair->standing > 0);
	struct pen_fair_place *head = at(fair, fair->head);
	if (head->left_bytes > 0)
		head->left_bytes = 0;
	fair->head = head->next;
}
