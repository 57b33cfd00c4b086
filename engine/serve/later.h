/*
 * later: who may send again at a time that is known. A heap of places by that time, so that a turn
 * looks only at those whose time has come, however many wait. Fixed table, taken at open. One
 * thread.
 */
#ifndef PEN_SERVE_LATER_H
#define PEN_SERVE_LATER_H

#include <stdbool.h>
#include <stdint.h>

/* Nobody's time has come. */
#define PEN_LATER_NONE UINT32_MAX

struct pen_later_entry {
	int64_t due_ns;
	uint32_t place;
};

/* Zeroed is closed. */
struct pen_later {
	struct pen_later_entry *entries; /* the heap: each not before its parent, (i - 1) / 2 */
	uint32_t *at; /* by place: 1 + where its entry is, 0 if it has none */
	uint32_t count, max; /* entries; places */
};

/* A heap for places 0..max-1 (max > 0), all without a time. 0 or -ENOMEM. */
int pen_later_open(struct pen_later *later, uint32_t max);

/* NULL and zeroed are fine. */
void pen_later_close(struct pen_later *later);

/* The place's time is due_ns, whatever it was. */
void pen_later_set(struct pen_later *later, uint32_t place, int64_t due_ns);

/* The place has no time any more; again is fine. */
void pen_later_drop(struct pen_later *later, uint32_t place);

/* A place whose time has come, which it has no more; or PEN_LATER_NONE. */
uint32_t pen_later_take(struct pen_later *later, int64_t now_ns);

/* The earliest time; INT64_MAX if there is none. */
static inline int64_t pen_later_due_ns(const struct pen_later *later)
{
	return later->count ? later->entries[0].due_ns : INT64_MAX;
}

#endif
