/*
 * progress: what a sync shows while it runs (meter.h); and when it does not move on, why. To
 * stderr.
 */
#ifndef PEN_TOOLS_PROGRESS_H
#define PEN_TOOLS_PROGRESS_H

#include "core/sync.h"
#include "meter.h"

struct progress {
	const struct pen_sync *sync; /* borrowed */
	struct meter meter;
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
