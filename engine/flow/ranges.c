#include "flow/ranges.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"

/* The first interval that ends at or after x, or count. */
static unsigned first_to(const struct pen_ranges *set, uint64_t x)
{
	unsigned i = 0;
	while (i < set->count && set->at[i].end < x)
		i++;
	return i;
}

/* Put `put` intervals where at[i..j) is. The caller knows that they fit. */
static void replace(
	struct pen_ranges *set, unsigned i, unsigned j, const struct pen_range *new, unsigned put)
{
	PEN_CHECK(i <= j && j <= set->count);
	PEN_CHECK(set->count - (j - i) + put <= PEN_RANGES_MAX);
	memmove(&set->at[i + put], &set->at[j], (set->count - j) * sizeof set->at[0]);
	for (unsigned k = 0; k < put; k++)
		set->at[i + k] = new[k];
	set->count = set->count - (j - i) + put;
}

int pen_ranges_add(struct pen_ranges *set, uint64_t from, uint64_t end)
{
	PEN_CHECK(from <= end);
	if (from == end)
		return 0;
	unsigned i = first_to(set, from), j = i;
	struct pen_range whole = {from, end};
	for (; j < set->count && set->at[j].from <= end; j++) {
		whole.from = set->at[j].from < whole.from ? set->at[j].from : whole.from;
		whole.end = set->at[j].end > whole.end ? set->at[j].end : whole.end;
	}
	if (i == j && set->count == PEN_RANGES_MAX)
		return -ENOSPC;
	replace(set, i, j, &whole, 1);
	return 0;
}

int pen_ranges_cut(struct pen_ranges *set, uint64_t from, uint64_t end)
{
	PEN_CHECK(from <= end);
	struct pen_range rest[2];
	unsigned i = 0, rests = 0;
	while (i < set->count && set->at[i].end <= from)
		i++;
	unsigned j = i;
	for (; j < set->count && set->at[j].from < end && from < end; j++) {
		if (set->at[j].from < from)
			rest[rests++] = (struct pen_range){set->at[j].from, from};
		if (set->at[j].end > end)
			rest[rests++] = (struct pen_range){end, set->at[j].end};
	}
	if (set->count - (j - i) + rests > PEN_RANGES_MAX)
		return -ENOSPC;
	replace(set, i, j, rest, rests);
	return 0;
}

void pen_ranges_trim(struct pen_ranges *set, uint64_t floor)
{
	/* What lies below is whole intervals and the head of one: none is cut in two. */
	PEN_CHECK(pen_ranges_cut(set, 0, floor) == 0);
}

bool pen_ranges_has(const struct pen_ranges *set, uint64_t x)
{
	return pen_ranges_gap(set, x) != x;
}

uint64_t pen_ranges_within(const struct pen_ranges *set, uint64_t from, uint64_t end)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < set->count; i++) {
		uint64_t low = set->at[i].from > from ? set->at[i].from : from;
		uint64_t high = set->at[i].end < end ? set->at[i].end : end;
		sum += low < high ? high - low : 0;
	}
	return sum;
}

uint64_t pen_ranges_gap(const struct pen_ranges *set, uint64_t from)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (set->at[i].from <= from && from < set->at[i].end)
			return set->at[i].end;
	}
	return from;
}
