/*
 * pressing: a crew that presses the lean parts of a small state as a make does, with frames given
 * away (make/frames.h), and without files. It waits where a test would else depend on luck: whoever
 * makes a part begins when all who will not are helping, and seals nothing itself before one of
 * them set about it.
 */
#ifndef PEN_TESTS_FAKES_PRESSING_H
#define PEN_TESTS_FAKES_PRESSING_H

#include "fakes/lean.h"
#include "make/frames.h"

/* Parts at most. */
#define FAKE_PRESSING_PARTS 8u

/* What goes wrong, if anything does. */
enum fake_pressing_fault {
	FAKE_PRESSING_NONE,
	FAKE_PRESSING_AWAY, /* sealing by who helps: PEN_EFRAME */
	FAKE_PRESSING_HERE, /* sealing by who makes the part: PEN_EFRAME */
	FAKE_PRESSING_PAIRS, /* the pairs end half way with -ENOSPC */
	FAKE_PRESSING_TWICE, /* nothing: the first half of each part is dropped, and begun again */
	FAKE_PRESSING_STOP, /* whoever looks on stops the crew at once with PEN_EINTERRUPTED */
};

/* The first four are the caller's; the rest is zeroed before. */
struct fake_pressing {
	struct fake_state *state;
	unsigned jobs, parts;
	enum fake_pressing_fault fault;
	struct pen_frames frames;
	unsigned next; /* part */
	struct pen_buf out[FAKE_PRESSING_PARTS];
	struct pen_why why;
};

/* A state whose parts have frames of many sizes, one of them the largest there is. */
void fake_pressing_state(struct fake_state *state);

/* Press all parts. What the crew returned. */
int fake_pressing_run(struct fake_pressing *pressing);

/* Are all parts what one press alone makes of the state? */
bool fake_pressing_right(const struct fake_pressing *pressing);

void fake_pressing_fini(struct fake_pressing *pressing);

#endif
