/*
 * meter: how something that takes long shows that it goes on: on a terminal one row that is drawn
 * again and again, else a line every ten seconds; the rate of its bytes, and how long it will take.
 * To stderr. One thread.
 */
#ifndef PEN_TOOLS_METER_H
#define PEN_TOOLS_METER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct meter {
	bool terminal, muted;
	int64_t begin_ns, shown_ns; /* start; last line */
	uint64_t shown_bytes; /* that had come by then */
	double rate; /* bytes a second, smoothed */
};

/* Write one line without its end: what is known of `context` at now_ns. */
typedef void (*meter_line)(const void *context, FILE *out, int64_t now_ns);

/* `quiet` mutes it. Looks whether stderr is a terminal. */
void meter_begin(struct meter *meter, bool quiet, int64_t now_ns);

/* Is it time to show something? Cheap; then count, and show. */
bool meter_due(const struct meter *meter, int64_t now_ns);

/* So many bytes have come in all; fewer than before are none. Updates the rate. */
void meter_count(struct meter *meter, uint64_t bytes, int64_t now_ns);

/* Draw the row anew, no longer than the terminal is wide; or a line. */
void meter_show(const struct meter *meter, meter_line line, const void *context, int64_t now_ns);

/* ", 12 s left", at the pace so far; nothing when nothing is done. */
void meter_eta(const struct meter *meter, FILE *out, uint32_t done, uint32_t left, int64_t now_ns);

/* Leave the terminal's row, so that other messages start at the left. */
void meter_end(const struct meter *meter);

#endif
