/*
 * trouble: the gravest thing that was said about each part that makes trouble, so that a user can
 * be told why a run does not move on, and why it failed. A table of bounded size; when it is full,
 * further parts go without a sentence. One thread.
 */
#ifndef PEN_FETCH_TROUBLE_H
#define PEN_FETCH_TROUBLE_H

#include <stdint.h>

#include "base/err.h"

/* Parts in trouble whose sentence is kept: more than anybody reads. */
#define PEN_TROUBLES_MAX 64u

struct pen_trouble {
	uint32_t part;
	int code;
	struct pen_why why;
};

/* Zeroed is empty. */
struct pen_troubles {
	struct pen_trouble list[PEN_TROUBLES_MAX]; /* in no order */
	unsigned count;
};

/*
 * How grave a code's class is, for choosing one of several: 0 for 0, then not found, the machine,
 * the network, a stall, and gravest bytes that fail their proof.
 */
unsigned pen_gravity(int code);

/* Note what was said of a part: kept if it is no milder than what is there. `why` may be NULL. */
void pen_troubles_note(
	struct pen_troubles *troubles, uint32_t part, int code, const struct pen_why *why);

/* What is known of a part, borrowed until the next note or forget; or NULL. */
const struct pen_trouble *pen_troubles_find(const struct pen_troubles *troubles, uint32_t part);

/* The part is well. */
void pen_troubles_forget(struct pen_troubles *troubles, uint32_t part);

#endif
