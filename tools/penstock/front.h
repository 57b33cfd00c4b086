/*
 * front: a store over HTTP, read-only, for places where UDP cannot go, and for nearcore's tools,
 * curl and rclone.
 *
 *   GET|HEAD /<path in the store>                  a file, with Range, ETag and If-None-Match
 *   GET      /root/R                               what is here of the state with root R, as JSON
 *   GET|HEAD /root/R/of/N/state_part_000005_of_N   that part, wherever it lies; lean_part_...: the
 *                                                  same in lean form
 *   GET|HEAD /raw/R                                the raw object R
 *   GET      /metrics                              counters, as Prometheus reads them
 *
 * Of a state R: {"root", "memory_usage", "of": [N...]}, and lists as long as that of each N:
 * "have", "complete", "nearcore_smaller" (sets of parts that have fewer bytes in nearcore form than
 * in lean form, or are not here in that) and, in "forms", by form, how many parts there are. Of a
 * raw object the same, but "bytes" for "memory_usage": its one part lies at /raw/R.
 *
 * By path a file is served as it lies there; by root only what was proved. While the store is
 * still being read, what is not known yet is 503 with Retry-After, not 404. Directories are not
 * listed and .penstock is not served.
 * It runs in threads of libmicrohttpd; a client that hangs or sends rubbish costs its own
 * connection and no log line.
 */
#ifndef PEN_TOOLS_FRONT_H
#define PEN_TOOLS_FRONT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "shelf.h"

struct front;

struct front_config {
	int listener; /* a listening socket; taken, also on failure */
	const char *store; /* directory */
	struct shelf *shelf; /* borrowed until front_close */
	int (*metrics)(void *context, struct pen_buf *out); /* appends to /metrics what is not the
							       front's: 0 or -errno; any thread */
	void *context; /* its own */
};

/* 0; or PEN_EUSAGE with a sentence: this build has no front. */
int front_check(struct pen_why *why);

/* Start serving. 0, -errno or PEN_EUSAGE as front_check, with a sentence. */
int front_open(const struct front_config *config, struct front **front, struct pen_why *why);

/*
 * Stop listening, wait until the requests under way are answered, at most wait_ns, and end. NULL
 * is fine.
 */
void front_close(struct front *front, int64_t wait_ns);

#endif
