/*
 * marks: when was a number of a stream left behind? For gaps: how long has a later one been there.
 *
 * Every packet's time would be much memory; what is asked is only whether a gap is older than the
 * window of flow/loss.h. So the top of the stream is noted at most once a grain, a quarter of that
 * window, and the last few notes are kept. A gap never looks older than it is, and younger by a
 * grain at most, or it is older than six grains. One thread; time is an argument.
 */
#ifndef PEN_FLOW_MARKS_H
#define PEN_FLOW_MARKS_H

#include <stdint.h>

/* Notes kept: a window and as much again. */
#define PEN_MARKS_MAX 8u
/* Grains of a window. */
#define PEN_MARKS_OF_WINDOW 4

struct pen_mark_at {
	uint64_t top; /* the highest number that had come, and one */
	int64_t begun_ns, at_ns; /* when the note was begun, and when last brought up to date */
};

struct pen_marks {
	int64_t grain_ns; /* more than 0 */
	unsigned count; /* in use, oldest first */
	struct pen_mark_at at[PEN_MARKS_MAX];
};

/* No notes; gaps count after `window_ns` > 0. */
void pen_marks_init(struct pen_marks *marks, int64_t window_ns);

/* Another window from now on. */
void pen_marks_window(struct pen_marks *marks, int64_t window_ns);

/* The top of the stream has risen to `top`. */
void pen_marks_note(struct pen_marks *marks, uint64_t top, int64_t now_ns);

/* When a number above x had come; INT64_MAX if none has. */
int64_t pen_marks_passed_ns(const struct pen_marks *marks, uint64_t x);

#endif
