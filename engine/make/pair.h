/*
 * pair: what every stream of pairs (part/build.h) promises: keys strictly
 * ascending and at most PEN_KEY_BYTES_MAX bytes, values at most PEN_VALUE_BYTES_MAX.
 */
#ifndef PEN_MAKE_PAIR_H
#define PEN_MAKE_PAIR_H

#include "base/bits.h"
#include "base/err.h"
#include "part/build.h"

/* Takes a pair, borrowed for the call. 0, or a negative code that ends the stream. */
typedef int (*pen_pair_fn)(void *context, const struct pen_pair *pair);

/* What a stream has said so far. Zeroed is the start of a stream. One thread at a time. */
struct pen_pair_order {
	uint64_t count; /* pairs accepted */
	size_t last_len; /* bytes of the last key */
	uint8_t last[PEN_KEY_BYTES_MAX];
};

/*
 * Accept the next pair of a stream, of which nothing is kept but a copy of its key. 0, or
 * PEN_EINPUT with what is wrong: a key or value that is too long, a key that repeats the last or
 * is smaller. The caller adds where it stands.
 */
int pen_pair_accept(struct pen_pair_order *order, const struct pen_pair *pair, struct pen_why *why);

#endif
