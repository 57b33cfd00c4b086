#include "serve/later.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

int pen_later_open(struct pen_later *later, uint32_t max)
{
	PEN_CHECK(max > 0);
	PEN_CHECK(max < PEN_LATER_NONE);
	*later = (struct pen_later){.max = max};
	later->entries = calloc(max, sizeof *later->entries);
	later->at = calloc(max, sizeof *later->at);
	if (later->entries && later->at)
		return 0;
	pen_later_close(later);
	return -ENOMEM;
}

void pen_later_close(struct pen_later *later)
{
	if (!later)
		return;
	free(later->entries);
	free(later->at);
	*later = (struct pen_later){.count = 0};
}

static void lay(struct pen_later *later, uint32_t hole, const struct pen_later_entry *entry)
{
	later->entries[hole] = *entry;
	later->at[entry->place] = hole + 1;
}

/* Put an entry at the hole, or where the heap wants it above. */
static void rise(struct pen_later *later, uint32_t hole, struct pen_later_entry entry)
{
	while (hole) {
		uint32_t parent = (hole - 1) / 2;
		if (later->entries[parent].due_ns <= entry.due_ns)
			break;
		lay(later, hole, &later->entries[parent]);
		hole = parent;
	}
	lay(later, hole, &entry);
}

/* The same, above or below. */
static void settle(struct pen_later *later, uint32_t hole, struct pen_later_entry entry)
{
	for (;;) {
		uint32_t child = 2 * hole + 1;
		if (child >= later->count)
			break;
		if (child + 1 < later->count &&
			later->entries[child + 1].due_ns < later->entries[child].due_ns)
			child++;
		if (later->entries[child].due_ns >= entry.due_ns)
			break;
		lay(later, hole, &later->entries[child]);
		hole = child;
	}
	rise(later, hole, entry);
}

void pen_later_set(struct pen_later *later, uint32_t place, int64_t due_ns)
{
	PEN_CHECK(place < later->max);
	struct pen_later_entry entry = {due_ns, place};
	if (later->at[place])
		settle(later, later->at[place] - 1, entry);
	else
		rise(later, later->count++, entry);
}

void pen_later_drop(struct pen_later *later, uint32_t place)
{
	PEN_CHECK(place < later->max);
	if (!later->at[place])
		return;
	uint32_t hole = later->at[place] - 1;
	later->at[place] = 0;
	PEN_CHECK(later->count > 0);
	struct pen_later_entry last = later->entries[--later->count];
	if (last.place != place)
		settle(later, hole, last);
}

uint32_t pen_later_take(struct pen_later *later, int64_t now_ns)
{
	if (later->count == 0 || later->entries[0].due_ns > now_ns)
		return PEN_LATER_NONE;
	uint32_t place = later->entries[0].place;
	pen_later_drop(later, place);
	return place;
}
