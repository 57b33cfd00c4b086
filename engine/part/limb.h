/*
 * limb: a subtree, or a branch's value, that a stretch of a state gives away because its parent
 * reaches beyond the stretch; and the queue in which limbs wait for their hashes, in order of path.
 * One thread at a time.
 */
#ifndef PEN_PART_LIMB_H
#define PEN_PART_LIMB_H

#include <stdbool.h>

#include "part/batch.h"

/* Borrowed by whoever takes it, for the call. */
struct pen_limb {
	const uint8_t *path; /* nibbles from the root to it, one a byte */
	uint32_t path_len;
	bool is_value; /* the value of the branch at this path; else a subtree */
	uint32_t value_len; /* bytes; of a value */
	uint64_t memory_usage; /* of a subtree */
	struct pen_hash hash; /* of the subtree's root node, or of the value */
	struct pen_bytes node; /* encoding of the subtree's root node */
};

/* Takes a limb. 0, or a negative code that ends the build. */
typedef int (*pen_limb_fn)(void *context, const struct pen_limb *limb);

/* An encoding that a queue holds: a limb's node may be hashed long before it is known to be one. */
struct pen_held {
	size_t at;
	size_t len; /* 0: none is held */
};

/* Zeroed is empty. */
struct pen_limb_queue {
	struct pen_buf waiting; /* limbs, with what is missing of each */
	struct pen_buf paths; /* their paths */
	struct pen_buf nodes; /* encodings held */
};

/* A limb as it is queued: path, and what is not known yet, aside. */
struct pen_limb_new {
	struct pen_limb limb; /* hash and memory_usage where they are known; no path, no node */
	uint32_t waiting; /* node of the batch that it is, PEN_BATCH_NONE: the hash is known */
	struct pen_held held; /* its encoding, if the hash is known */
	const uint8_t *key; /* two nibbles a byte, high one first; borrowed for the call */
	int last; /* the path's last nibble, if it is not the key's; else -1 */
};

/* Free its memory. NULL and a zeroed one are fine. */
void pen_limb_queue_fini(struct pen_limb_queue *queue);

/* Forget everything, keep the memory. */
void pen_limb_queue_reset(struct pen_limb_queue *queue);

/* Hold a copy of an encoding until the reset. 0 or -ENOMEM. */
int pen_limb_queue_hold(struct pen_limb_queue *queue, struct pen_bytes node, struct pen_held *held);

/* Queue a limb whose path is the first limb.path_len nibbles of its key. 0 or -ENOMEM. */
int pen_limb_queue_push(struct pen_limb_queue *queue, const struct pen_limb_new *limb);

/*
 * The batch has run: give every limb to fn (NULL: to nobody), in order, and empty the queue; what
 * is held stays. 0, or what fn returned.
 */
int pen_limb_queue_give(
	struct pen_limb_queue *queue, const struct pen_batch *batch, pen_limb_fn fn, void *context);

#endif
