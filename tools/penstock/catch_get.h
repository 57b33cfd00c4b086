/*
 * catch_get: a block of a raw object on its way from a directory or web server: asked for, come,
 * and at a worker; or failed, and to be asked for once more after a while that doubles. One thread,
 * the loop's.
 */
#ifndef PEN_TOOLS_CATCH_GET_H
#define PEN_TOOLS_CATCH_GET_H

#include "errand.h"
#include "port/origin.h"

enum catch_get_state {
	CATCH_GET_FREE,
	CATCH_GET_DUE, /* its block is to be got, not before again_ns */
	CATCH_GET_FLYING,
	CATCH_GET_AWAY, /* a worker has it */
};

/* Zeroed is free; pen_buf_fini of `bytes` ends it, when no origin may append to them. */
struct catch_get {
	void *owner; /* of whoever asks: for the errand */
	enum catch_get_state state;
	uint32_t unit; /* number of the block */
	unsigned tries; /* that failed */
	int64_t again_ns;
	int64_t moved_ns; /* when something of it came last */
	size_t seen; /* bytes by then */
	struct pen_buf bytes;
	char name[PEN_NAME_BYTES]; /* of the object, at the origin */
	struct errand errand;
};

/* A block is to be got, at once. */
void catch_get_want(struct catch_get *get, uint32_t unit);

/* Ask an origin for the block of the object; the get comes back from its reap with this tag. Stays
 * due if the origin takes no more now. */
void catch_get_begin(struct catch_get *get, struct pen_origin *origin, const struct pen_hash *root,
	uint64_t tag, int64_t now_ns);

/* How long to rest after so many failures in a row, at least 1: twice as long each time, and at
 * least as long as the origin asked for. */
int64_t catch_get_rest_ns(unsigned fails, int64_t retry_after_ns);

/* One that flies failed with `result`, and is free. Is it worth another try, of `tries` in all?
 * Then it is due again. */
bool catch_get_again(
	struct catch_get *get, const struct pen_origin_done *done, unsigned tries, int64_t now_ns);

/* Has nothing of one that flies come for so long? Then the sentence names the origin so. */
bool catch_get_stalled(struct catch_get *get, int64_t stall_ns, int64_t now_ns, const char *label,
	struct pen_why *why);

/* May an object that an origin of this name has be so large? 0, or PEN_EINPUT with a sentence. */
int catch_get_size_check(uint64_t bytes, const char *label, struct pen_why *why);

/* PEN_EINPUT, and why: what came does not fit what the origin had before. */
int catch_get_changed(const struct catch_get *get, const char *label, struct pen_why *why);

#endif
