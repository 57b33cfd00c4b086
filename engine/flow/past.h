/*
 * past: how fast a path was, kept when a session on it ends and another takes its place: after a
 * restart of the server, or a silence. The new one begins with half of it, and not with what is
 * usual on paths of which nothing is known (flow/rate.h), so that a far path need not be tried out
 * again round trip by round trip, and a narrow one is not flooded again.
 *
 * What counts is what arrived, not what was allowed. Paths change, so it is forgotten after
 * PEN_PAST_NS; half leaves room for what others took meanwhile, and is one doubling away from all.
 *
 * Deciding only; no memory of its own; one thread; time is an argument.
 */
#ifndef PEN_FLOW_PAST_H
#define PEN_FLOW_PAST_H

#include "flow/rate.h"

/* Longer than a process takes to start again; others' load may be another after that. */
#define PEN_PAST_NS INT64_C(60000000000)

/* Zeroed: nothing is known. */
struct pen_past {
	uint64_t rate; /* bytes a second that arrived; 0: nothing is known */
	bool full; /* the path showed that it carries no more: a queue, losses, or no rise, while as
		      much as that was asked for */
	int64_t at_ns; /* when something of it came last */
};

/* A session ends, of which something came last at `at_ns`. If nothing arrived that says how fast,
 * what was known before stays. */
void pen_past_note(struct pen_past *past, const struct pen_rate *rate, int64_t at_ns);

/* Where a new session begins, where it would at `usual` if nothing were known. */
uint64_t pen_past_start(const struct pen_past *past, uint64_t usual, int64_t now_ns);

#endif
