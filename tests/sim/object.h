/* object: what is moved in a simulated world: bytes that follow from a seed, with their root. */
#ifndef PEN_TESTS_SIM_OBJECT_H
#define PEN_TESTS_SIM_OBJECT_H

#include "base/buf.h"
#include "part/raw_page.h"

/* Blocks of an object at most. */
#define OBJECT_BLOCKS_MAX 8u

struct object {
	struct pen_buf bytes;
	struct pen_hash leaves[OBJECT_BLOCKS_MAX];
	uint32_t blocks;
	struct pen_hash root;
	struct pen_buf page; /* as it travels */
};

/* Make an object of `bytes` bytes. Zeroed, or one that was made before, whose memory is reused. */
void object_make(struct object *object, uint64_t seed, uint32_t bytes);

void object_fini(struct object *object);

#endif
