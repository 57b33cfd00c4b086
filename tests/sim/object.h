/*
 * object: what is moved in a simulated world: bytes that follow from a seed. Either a raw object
 * with its root and digests, or the parts of a state in nearcore's form, as far as the network
 * sees them: opaque bytes under a name, of which the test knows what is right.
 */
#ifndef PEN_TESTS_SIM_OBJECT_H
#define PEN_TESTS_SIM_OBJECT_H

#include "part/raw_page.h"
#include "sim/plan.h"
#include "store/catalog.h"

/* Blocks of a raw object, or of a part, at most. */
#define OBJECT_BLOCKS_MAX 8u

/* One part; a raw object is part 0 of 1. */
struct object_part {
	struct pen_bytes bytes; /* in the object's */
	uint8_t blob[PEN_BLOB_BYTES];
};

struct object {
	struct pen_buf bytes;
	bool raw;
	unsigned n; /* parts */
	struct object_part parts[PLAN_PARTS_MAX];
	struct pen_hash root;
	/* raw: */
	struct pen_hash leaves[OBJECT_BLOCKS_MAX];
	uint32_t blocks;
	struct pen_buf page; /* the digests, as they travel */
};

/* Make what a plan moves. Zeroed, or one that was made before, whose memory is used again. */
void object_make(struct object *object, const struct plan *plan);

void object_fini(struct object *object);

#endif
