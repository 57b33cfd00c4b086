/* Bodies of OPEN: an entry that closes says nothing else. */
#include "made.h"
#include "wire/encode.h"

static uint8_t again[PEN_WIRE_BODY_BYTES_MAX];

static void check_slot(const struct pen_wire_open *open, const struct pen_wire_slot *slot)
{
	struct pen_wire_slot shut = {
		.slot = slot->slot, .nonce = slot->nonce, .act = PEN_WIRE_SLOT_CLOSE};
	if (slot->act == PEN_WIRE_SLOT_CLOSE) {
		PEN_CHECK(memcmp(slot, &shut, sizeof shut) == 0);
		return;
	}
	struct pen_wire_object object = {.n = open->n,
		.form = open->form,
		.kind = slot->kind,
		.block = slot->block,
		.part = slot->part};
	PEN_CHECK(slot->act == PEN_WIRE_SLOT_OPEN && slot->size < PEN_WIRE_SIZES);
	PEN_CHECK(slot->first + slot->packets <= PEN_WIRE_SLOT_PACKETS_MAX);
	made_object(&object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_open *got = pen_wire_open_decode(body);
	if (!got)
		return 0;
	struct pen_wire_open made = {.n = got->n,
		.form = got->form,
		.flags = got->flags & PEN_WIRE_OPEN_CACHED,
		.count = got->count};
	MADE_COPY(made, got, root);
	PEN_CHECK(got->count >= 1 && got->count <= PEN_WIRE_OPEN_MAX);
	for (unsigned i = 0; i < got->count; i++)
		check_slot(got, &got->slots[i]);
	made_same((struct pen_bytes){again, pen_wire_open_encode(&made, got->slots, again)}, body);
	return 0;
}
