/* Bodies of OPENED: a slot that is not open has no size. */
#include "made.h"
#include "wire/encode.h"

static uint8_t again[PEN_WIRE_BODY_BYTES_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_opened *got = pen_wire_opened_decode(body);
	struct pen_wire_slot_answer slots[PEN_WIRE_OPEN_MAX];
	if (!got)
		return 0;
	PEN_CHECK(got->count >= 1 && got->count <= PEN_WIRE_OPEN_MAX);
	for (unsigned i = 0; i < got->count; i++) {
		const struct pen_wire_slot_answer *slot = &got->slots[i];
		bool opened = slot->state == PEN_WIRE_SLOT_OPENED;
		PEN_CHECK(slot->state && slot->state <= PEN_WIRE_SLOT_FAILED);
		PEN_CHECK(opened == (slot->bytes > 0) && opened == (slot->blocks > 0));
		PEN_CHECK(slot->bytes <= PEN_WIRE_PIECE_BYTES_MAX);
		PEN_CHECK(slot->blocks <= PEN_WIRE_BLOCKS_MAX);
		slots[i] = (struct pen_wire_slot_answer){.slot = slot->slot,
			.bytes = slot->bytes,
			.nonce = slot->nonce,
			.blocks = slot->blocks,
			.state = slot->state};
	}
	struct pen_wire_opened made = {.count = got->count, .retry_ms = got->retry_ms};
	made_same((struct pen_bytes){again, pen_wire_opened_encode(&made, slots, again)}, body);
	return 0;
}
