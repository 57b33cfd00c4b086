#include "sim/object.h"

#include <string.h>

#include "base/check.h"
#include "base/rng.h"
#include "sim/golden.h"
#include "sim/quarry.h"

/* Each block's digest is known; of the last, most of it. One object of many is hashed as whoever
 * offers one does. */
#define HASHED_SHARE 32u

static void raw_make(struct object *object, const struct plan *plan, uint32_t first)
{
	const struct pen_bytes *bytes = &object->bytes;
	object->blocks = pen_raw_blocks(bytes->len);
	PEN_CHECK(object->blocks > 0);
	PEN_CHECK(object->blocks <= OBJECT_BLOCKS_MAX);
	for (uint32_t i = 0; i < object->blocks; i++) {
		struct pen_bytes block = {bytes->at + (size_t)i * PEN_RAW_BLOCK_BYTES,
			pen_raw_block_bytes(bytes->len, i)};
		if (plan->seed % HASHED_SHARE == 0)
			pen_raw_leaf(block, &object->leaves[i]);
		else
			quarry_leaf(first + i, (uint32_t)block.len, &object->leaves[i]);
	}
	pen_raw_leaves_root(object->leaves, object->blocks, &object->root);
	object->page.len = 0;
	PEN_CHECK(!pen_raw_page_encode(object->leaves, object->blocks, 0, &object->page));
}

void object_make(struct object *object, const struct plan *plan)
{
	struct pen_rng rng = {plan->seed};
	object->raw = plan->parts == 0;
	object->lean = plan->lean;
	object->n = object->raw ? 1 : plan->parts;
	/* Where one part is to be missing nobody has it right. */
	object->spares = plan->golden && !plan->lean && plan->missing < 0;
	object->golden = NULL;
	if (plan->golden) {
		golden_lend(golden_get(plan->shape), object);
		return;
	}
	uint32_t first = (uint32_t)pen_rng_below(&rng, QUARRY_FIRST_MAX);
	object->bytes = (struct pen_bytes){quarry_bytes(first, plan->bytes), plan->bytes};
	if (object->lean) {
		object_make_lean(object, plan, &rng);
		return;
	}
	size_t at = 0;
	for (unsigned k = 0; k < object->n; k++) {
		size_t len = object->raw ? plan->bytes : plan->part_bytes[k];
		object->parts[k].bytes = (struct pen_bytes){object->bytes.at + at, len};
		/* A raw object goes by its root. */
		memset(object->parts[k].blob, 0, sizeof object->parts[k].blob);
		if (!object->raw)
			pen_blob_id(object->parts[k].bytes, object->parts[k].blob);
		at += len;
	}
	PEN_CHECK(at == plan->bytes);
	if (object->raw)
		raw_make(object, plan, first);
	else
		pen_rng_bytes(&rng, object->root.bytes, sizeof object->root.bytes);
}

bool object_right(const struct object *object, unsigned k, struct pen_bytes bytes)
{
	if (!pen_bytes_compare(bytes, object->parts[k].bytes))
		return true;
	return object->golden && golden_proves(object->golden, k, bytes);
}

void object_fini(struct object *object)
{
	pen_buf_fini(&object->own);
	pen_buf_fini(&object->page);
	for (unsigned k = 0; k < PLAN_PARTS_MAX; k++) {
		struct object_part *part = &object->parts[k];
		for (unsigned i = 0; i < OBJECT_MAKERS; i++)
			pen_buf_fini(&part->made[i]);
		pen_buf_fini(&part->forged);
		pen_buf_fini(&part->raw);
	}
}
