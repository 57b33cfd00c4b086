/*
 * reply: answers to one HTTP request. Each function queues one answer on the connection and
 * returns what libmicrohttpd wants to hear; what was queued is counted.
 */
#ifndef PEN_TOOLS_REPLY_H
#define PEN_TOOLS_REPLY_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Counters of the front, never reset. Any thread adds. */
struct reply_counts {
	_Atomic uint64_t by_class[6]; /* answers by status / 100; [0] is unused */
	_Atomic uint64_t bytes; /* of bodies that were sent whole */
	_Atomic uint64_t cut; /* requests that ended before the answer was sent */
	_Atomic uint64_t accepted, closed; /* connections */
	_Atomic uint64_t begun, ended; /* requests */
	atomic_bool last; /* ask clients to close their connections */
};

/* One request being answered. */
struct reply {
	struct MHD_Connection *connection;
	struct reply_counts *counts;
	bool head; /* only the header is wanted */
	uint64_t body_bytes; /* of the answer that was queued */
};

/* A file, open for reading, in whole or in part as the request's headers ask. */
struct reply_file {
	int fd; /* taken, also on failure */
	uint64_t bytes;
	int64_t mtime_ns;
};

/* Answer with a short text that ends in a newline: an error, mostly. */
enum MHD_Result reply_text(struct reply *reply, unsigned status, const char *text);

/* Answer with `body` (copied) of this content type. */
enum MHD_Result reply_body(
	struct reply *reply, unsigned status, const char *type, struct pen_bytes body);

/* Answer with a file: 200, 206, 304 or 416. */
enum MHD_Result reply_file(struct reply *reply, const struct reply_file *file);

/* True if the request may go on; else it has been answered with 405. */
bool reply_method(struct reply *reply, const char *method, enum MHD_Result *result);

#endif
