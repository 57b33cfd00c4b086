/*
 * ranges: a bounded set of numbers, kept as sorted intervals that do not touch.
 *
 * Packets arrive almost in order, so what came of a long stream is a few intervals, not a bitmap as
 * long as the stream. The set lives in the struct, holds at most PEN_RANGES_MAX intervals, and
 * refuses what would need one more: it never grows and never forgets by itself. Each call costs at
 * most one pass over the intervals. Zeroed is the empty set. One thread.
 */
#ifndef PEN_FLOW_RANGES_H
#define PEN_FLOW_RANGES_H

#include <stdbool.h>
#include <stdint.h>

/* Intervals of one set: 512 bytes, so that a session with two of them stays within its 4 KiB. */
#define PEN_RANGES_MAX 32u

/* The numbers from <= x < end; from < end in a set. */
struct pen_range {
	uint64_t from, end;
};

struct pen_ranges {
	unsigned count; /* intervals in use, at most PEN_RANGES_MAX */
	struct pen_range at[PEN_RANGES_MAX]; /* ascending, at least one number between two */
};

/*
 * Put from <= x < end in (from <= end; an empty interval changes nothing). 0, or -ENOSPC with the
 * set unchanged when one more interval would be needed.
 */
int pen_ranges_add(struct pen_ranges *set, uint64_t from, uint64_t end);

/* Take from <= x < end out. 0, or -ENOSPC with the set unchanged when that would cut an interval
 * in two and there is no room for the second. */
int pen_ranges_cut(struct pen_ranges *set, uint64_t from, uint64_t end);

/* Take out everything below `floor`: the way to make room. */
void pen_ranges_trim(struct pen_ranges *set, uint64_t floor);

bool pen_ranges_has(const struct pen_ranges *set, uint64_t x);

/* How many numbers of from <= x < end the set holds. */
uint64_t pen_ranges_within(const struct pen_ranges *set, uint64_t from, uint64_t end);

/* The smallest number not below `from` that the set lacks. */
uint64_t pen_ranges_gap(const struct pen_ranges *set, uint64_t from);

#endif
