/*
 * origin: whole objects by name, from far away: a directory, an HTTP server, an object store.
 *
 * Names are relative to what the driver was opened with, '/' between components, every character
 * one of [A-Za-z0-9._=-]. A get is submitted with a buffer that the origin may append to until
 * the get is reaped or cancelled; the buffer's length grows as bytes arrive, so that the engine
 * sees progress and judges a stall by its own clock. Nothing here retries and nothing waits
 * for a slow server: that is policy and lives in the engine.
 * Every get that submit took comes back from reap exactly once, cancelled ones too (-ECANCELED).
 * One thread at a time uses an origin.
 */
#ifndef PEN_PORT_ORIGIN_H
#define PEN_PORT_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct pen_origin;

/* One object to fetch. Borrowed until reaped. */
struct pen_origin_get {
	const char *name;
	uint64_t offset; /* first byte wanted; 0 for the whole object */
	uint64_t bytes_max; /* more than this ends the get with PEN_EINPUT, and `into` holds no more
			     */
	bool piece; /* the bytes_max from offset on alone, fewer at the object's end */
	struct pen_buf *into; /* appended to */
	uint64_t tag;
};

/* How a get ended. */
struct pen_origin_done {
	uint64_t tag;
	/* 0: whole. PEN_ENOTFOUND: the origin answers and has no such object. PEN_ENET: refused,
	 * reset, DNS, 5xx, body shorter than announced. PEN_EINPUT: larger than bytes_max.
	 * -ECANCELED; -EACCES: not allowed to read it; -ENOMEM; other -errno from the machine. */
	int result;
	int64_t retry_after_ns; /* what the origin asked to wait, 0 if it did not say */
	uint64_t bytes_wire; /* received for this get, headers left out */
	uint64_t object_bytes; /* of a piece that came: of the whole object, as the origin says */
	struct pen_why why; /* a sentence when result is not 0 */
};

/* A name found by list; borrowed for the call. */
typedef int (*pen_origin_list_fn)(void *context, const char *name);

struct pen_origin_ops {
	/* Take the first k <= count gets and return k; the rest stays with the caller. */
	unsigned (*submit)(
		struct pen_origin *origin, const struct pen_origin_get *gets, unsigned count);
	/* Move bytes, waiting at most wait_ns for something to happen (0: not at all), and return
	 * up to max finished gets. The wait ends early when the descriptor `wake` becomes readable.
	 * max 0 only waits: what has ended stays for the next call.
	 */
	unsigned (*reap)(struct pen_origin *origin, struct pen_origin_done *done, unsigned max,
		int64_t wait_ns);
	/* Give up the get with this tag: it comes back from reap with -ECANCELED, or with its real
	 * result if that came first. Its buffer is untouched from then on. */
	void (*cancel)(struct pen_origin *origin, uint64_t tag);
	/* Call fn for each object whose name begins with `prefix`, up to the next '/', which is
	 * kept. 0, what fn returned if not 0, or -ENOSYS: this origin cannot be listed. */
	int (*list)(struct pen_origin *origin, const char *prefix, pen_origin_list_fn fn,
		void *context, struct pen_why *why);
	/* Store an object whole, visible only when complete. 0, -ENOSYS (read-only), -errno. */
	int (*put)(struct pen_origin *origin, const char *name, struct pen_bytes object,
		struct pen_why *why);
	/* End all gets and free the origin. NULL is fine. */
	void (*close)(struct pen_origin *origin);
};

/* A driver's origin begins with this. */
struct pen_origin {
	const struct pen_origin_ops *ops;
	const char *label; /* as the user named it, for messages; lives as long as the origin */
	unsigned depth_max; /* gets in flight at most */
	int wake; /* set by the user of the origin, -1 for none */
};

#endif
