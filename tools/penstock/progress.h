/*
 * progress: what a sync shows while it runs: on a terminal one line that is drawn again and again,
 * else a line every ten seconds; and when it does not move on, why. To stderr.
 */
#ifndef PEN_TOOLS_PROGRESS_H
#define PEN_TOOLS_PROGRESS_H

#include "core/sync.h"

struct progress {
	const struct pen_sync *sync; /* borrowed */
	bool terminal, muted;
	int64_t begin_ns, shown_ns; /* start of the sync; last line */
	uint64_t shown_bytes; /* bytes received by then */
	double rate; /* bytes a second, smoothed */
	uint32_t begin_applied; /* parts that were there at the start */
};

/* `quiet` mutes it. Looks whether stderr is a terminal. */
void progress_init(
	struct progress *progress, const struct pen_sync *sync, bool quiet, int64_t now_ns);

/* Show something if it is time. Cheap; call it each turn. */
void progress_turn(struct progress *progress, int64_t now_ns);

/* Leave the terminal's line, so that other messages start at the left. */
void progress_end(struct progress *progress);

/* Bytes received so far, those of gets under way included. */
uint64_t progress_bytes(const struct pen_sync *sync);

#endif
