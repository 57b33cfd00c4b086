/*
 * pack: sorted pairs become the raw frames of a lean part (part/lean.h): front coding, names for
 * values that repeat, and the cut. A frame goes out as soon as it closes; what stays is one frame
 * and some 60 bytes for each distinct value that may be named. One thread at a time.
 */
#ifndef PEN_PART_PACK_H
#define PEN_PART_PACK_H

#include "part/build.h"
#include "part/entries.h"
#include "part/lean.h"

/* Takes raw frame i (borrowed for the call) with so many pairs. 0, or an error that ends it. */
typedef int (*pen_pack_fn)(void *context, uint32_t i, struct pen_bytes raw, uint32_t pairs);

/* Filled by pen_pack_init. */
struct pen_pack {
	pen_pack_fn fn;
	void *context;
	struct pen_buf numbers, keys, values; /* columns of the open frame */
	struct pen_buf raw; /* a frame that closes */
	uint32_t raw_pairs; /* in the open frame */
	struct pen_entries named; /* values that may be; without bytes */
	struct pen_buf firsts; /* uint32_t: the first pair that has each */
	uint8_t key[PEN_KEY_BYTES_MAX]; /* the last one */
	uint32_t key_len;
	uint32_t pairs, frames; /* so far */
	uint64_t raw_bytes, scratch_bytes; /* of frames that are closed; of values so far */
};

/* Begin; frames go to fn. */
void pen_pack_init(struct pen_pack *pack, pen_pack_fn fn, void *context);

/* Free its memory. NULL and a zeroed one are fine. */
void pen_pack_fini(struct pen_pack *pack);

/* Begin another part in the memory that is there. */
void pen_pack_reset(struct pen_pack *pack);

/*
 * Add a pair (borrowed for the call), keys ascending. `hash` is the SHA-256 of its value; NULL: it
 * is computed if it is needed. 0; PEN_EINPUT: not larger than the last key, a key or value too
 * long; PEN_EREFUSED: more than PEN_PART_BYTES_MAX, so there is no lean form; -ENOMEM; what fn
 * returned.
 */
int pen_pack_push(struct pen_pack *pack, const struct pen_pair *pair, const struct pen_hash *hash,
	struct pen_why *why);

/* No more pairs: the open frame goes out. 0 or what fn returned. */
int pen_pack_close(struct pen_pack *pack);

#endif
