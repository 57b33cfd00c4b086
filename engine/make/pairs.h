/*
 * pairs: a state as a stream of sorted pairs that is pulled one by one, out of a file in one of
 * two formats (make/kv.h, make/hex.h). Memory is bounded by the window (make/window.h) and the
 * largest record. What is wrong is said with the record's number, counted from 1, and its byte
 * offset or line.
 */
#ifndef PEN_MAKE_PAIRS_H
#define PEN_MAKE_PAIRS_H

#include "make/pair.h"
#include "make/window.h"

enum pen_pairs_format {
	PEN_PAIRS_HEX,
	PEN_PAIRS_KV,
};

/* One stream; filled by pen_pairs_open. One thread at a time. */
struct pen_pairs {
	enum pen_pairs_format format;
	const char *label; /* as the user named it, for messages; borrowed */
	struct pen_window window;
	struct pen_buf plain; /* hex only: the record decoded */
	struct pen_pair_order order; /* order.count: pairs given out so far */
};

/* Where a stream comes from. */
struct pen_pairs_from {
	enum pen_pairs_format format;
	struct pen_disk *disk; /* borrowed until close */
	const char *name; /* of the file on that disk */
	const char *label; /* borrowed until close: "kv:/tmp/state.kv" */
};

/*
 * Open a stream and look at its first bytes. 0; PEN_EINPUT if they are those of a compressed file
 * (the sentence has the command that unpacks it); -errno as the disk says; -ENOMEM. An empty file
 * is the empty state.
 */
int pen_pairs_open(struct pen_pairs *pairs, const struct pen_pairs_from *from, struct pen_why *why);

/* Zeroed is fine. */
void pen_pairs_close(struct pen_pairs *pairs);

/*
 * Pull the next pair, borrowed until the next call. 1: there is one; 0: the end; PEN_EINPUT: the
 * record is not what it should be; -errno or -ENOMEM. After an error only close may follow.
 */
int pen_pairs_next(struct pen_pairs *pairs, struct pen_pair *out, struct pen_why *why);

#endif
