#include "sim/object.h"

#include "base/check.h"
#include "base/rng.h"

void object_make(struct object *object, uint64_t seed, uint32_t bytes)
{
	struct pen_rng rng = {seed};
	object->blocks = pen_raw_blocks(bytes);
	PEN_CHECK(object->blocks > 0);
	PEN_CHECK(object->blocks <= OBJECT_BLOCKS_MAX);
	PEN_CHECK(!pen_buf_reserve(&object->bytes, bytes));
	pen_rng_bytes(&rng, object->bytes.at, bytes);
	object->bytes.len = bytes;
	for (uint32_t i = 0; i < object->blocks; i++) {
		struct pen_bytes block = {object->bytes.at + (size_t)i * PEN_RAW_BLOCK_BYTES,
			pen_raw_block_bytes(bytes, i)};
		pen_raw_leaf(block, &object->leaves[i]);
	}
	pen_raw_leaves_root(object->leaves, object->blocks, &object->root);
	object->page.len = 0;
	PEN_CHECK(!pen_raw_page_encode(object->leaves, object->blocks, 0, &object->page));
}

void object_fini(struct object *object)
{
	pen_buf_fini(&object->bytes);
	pen_buf_fini(&object->page);
}
