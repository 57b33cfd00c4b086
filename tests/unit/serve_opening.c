#include "serve_util.h"

#include <errno.h>

#include "serve/opening.h"

static struct house house;
static struct pen_opening opening;
static struct pen_guest guest;
static struct pen_opened opened;

static void setup(void)
{
	struct pen_prf_key key = {{1}};
	house_open(&house, 3, 0);
	opening = (struct pen_opening){&house.reacher, 4, PEN_WIRE_SIZE_3328};
	memset(&guest, 0, sizeof guest);
	guest.session.size = PEN_WIRE_SIZE_8192;
	pen_guest_init(&guest, &key, 1);
}

static void teardown(void)
{
	pen_opening_end(&opening, &guest);
	house_close(&house);
}

TestSuite(serve_opening, .init = setup, .fini = teardown);

/* An OPEN of one slot; its answer, or NULL. */
static const struct pen_wire_slot_answer *ask(
	const struct pen_wire_object *object, const struct pen_wire_slot *slot, uint8_t flags)
{
	static uint8_t bytes[sizeof(struct pen_wire_open) + sizeof *slot];
	struct pen_wire_open *open = (struct pen_wire_open *)(void *)bytes;
	*open = (struct pen_wire_open){
		.n = object->n, .form = object->form, .flags = flags, .count = 1};
	memcpy(open->root, object->root, sizeof open->root);
	memcpy(open->slots, slot, sizeof *slot);
	guest.locating = pen_opening_do(&opening, &guest, open, &opened);
	return opened.count ? &opened.slots[0] : NULL;
}

static struct pen_wire_slot slot_of(
	const struct pen_wire_object *object, uint32_t id, uint64_t nonce, uint8_t size)
{
	return (struct pen_wire_slot){.slot = id,
		.part = object->part,
		.nonce = nonce,
		.piece = object->piece,
		.kind = object->kind,
		.block = object->block,
		.size = size,
		.act = PEN_WIRE_SLOT_OPEN};
}

static uint8_t open_part(uint32_t part, uint32_t id, uint64_t nonce, uint8_t size)
{
	struct pen_wire_object object = house_object(
		&house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, part, 0, 0);
	struct pen_wire_slot slot = slot_of(&object, id, nonce, size);
	const struct pen_wire_slot_answer *answer = ask(&object, &slot, 0);
	cr_assert_not_null(answer);
	cr_expect_eq(answer->slot, id);
	cr_expect_eq(answer->nonce, nonce);
	return answer->state;
}

static uint8_t close_one(uint32_t id, uint64_t nonce)
{
	struct pen_wire_object object = {.n = 1, .form = PEN_WIRE_FORM_RAW};
	struct pen_wire_slot slot = {.slot = id, .nonce = nonce, .act = PEN_WIRE_SLOT_CLOSE};
	return ask(&object, &slot, 0)->state;
}

Test(serve_opening, answers_every_entry)
{
	static const struct {
		uint32_t part, id;
		uint64_t nonce;
		uint8_t size, state;
		unsigned open; /* then */
	} rows[] = {
		{0, 1, 10, PEN_WIRE_SIZE_1200, PEN_WIRE_SLOT_OPENED, 1},
		{0, 1, 10, PEN_WIRE_SIZE_1200, PEN_WIRE_SLOT_OPENED, 1}, /* repeated */
		{1, 2, 20, PEN_WIRE_SIZE_3328, PEN_WIRE_SLOT_OPENED, 2},
		{1, 3, 30, PEN_WIRE_SIZE_8192, PEN_WIRE_SLOT_FAILED, 2}, /* larger than we send */
		{HOUSE_MISSING, 3, 30, PEN_WIRE_SIZE_1200, PEN_WIRE_SLOT_NOT_HELD, 2},
		{2, 1, 11, PEN_WIRE_SIZE_1200, PEN_WIRE_SLOT_OPENED, 2}, /* the number again */
		{5, 4, 40, PEN_WIRE_SIZE_1200, PEN_WIRE_SLOT_OPENED, 3},
		{6, 5, 50, PEN_WIRE_SIZE_1200, PEN_WIRE_SLOT_OPENED, 4},
		{7, 6, 60, PEN_WIRE_SIZE_1200, PEN_WIRE_SLOT_FULL, 4},
		{7, 5, 60, PEN_WIRE_SIZE_1200, PEN_WIRE_SLOT_OPENED, 4},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		cr_expect_eq(open_part(rows[i].part, rows[i].id, rows[i].nonce, rows[i].size),
			rows[i].state, "row %zu", i);
		cr_expect_eq(guest.slots.count, rows[i].open, "row %zu", i);
	}
	cr_expect_eq(pen_sendings_find(&guest.slots, 1)->nonce, 11);
	cr_expect_eq(pen_sendings_find(&guest.slots, 1)->bytes, 102);
	/* A late CLOSE does not end what its number stands for now. */
	cr_expect_eq(close_one(1, 10), PEN_WIRE_SLOT_CLOSED);
	cr_expect_eq(guest.slots.count, 4);
	cr_expect_eq(close_one(1, 11), PEN_WIRE_SLOT_CLOSED);
	cr_expect_eq(guest.slots.count, 3);
	cr_expect_eq(close_one(99, 1), PEN_WIRE_SLOT_CLOSED);
	guest.session.size = PEN_WIRE_SIZE_1200;
	cr_expect_eq(open_part(8, 8, 80, PEN_WIRE_SIZE_1328), PEN_WIRE_SLOT_FAILED);
}

Test(serve_opening, busy_says_when_to_come_back)
{
	for (uint32_t i = 0; i < 8; i++) {
		struct pen_handle_ask file = {
			&house.disk.disk, house.names[i < HOUSE_MISSING ? i : i + 1], 0, 0, false};
		cr_assert_geq(pen_handles_get(&house.handles, &file), 0);
	}
	cr_expect_eq(open_part(19, 1, 1, PEN_WIRE_SIZE_1200), PEN_WIRE_SLOT_BUSY);
	cr_expect_eq(opened.retry_ms, PEN_OPENING_RETRY_MS);
	for (uint32_t i = 0; i < 8; i++)
		pen_handles_put(&house.handles, i);
	cr_expect_eq(open_part(19, 1, 1, PEN_WIRE_SIZE_1200), PEN_WIRE_SLOT_OPENED);
	cr_expect_eq(opened.retry_ms, 0);
}

Test(serve_opening, only_what_is_cached)
{
	struct pen_wire_object object = house_object(
		&house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 1, 0);
	struct pen_wire_slot slot = slot_of(&object, 1, 1, PEN_WIRE_SIZE_1200);
	cr_expect_eq(ask(&object, &slot, PEN_WIRE_OPEN_CACHED)->state, PEN_WIRE_SLOT_NOT_CACHED);
	cr_expect_eq(house.disk.opened, 0);
	cr_expect_eq(ask(&object, &slot, 0)->state, PEN_WIRE_SLOT_OPENED);
	struct pen_sending *sending = pen_sendings_find(&guest.slots, 1);
	struct pen_cache_ask part = {sending->handle, sending->offset, sending->bytes};
	pen_cache_put(&house.cache, (uint32_t)pen_cache_get(&house.cache, &part));
	pen_cache_poll(&house.cache);
	slot.slot = 2;
	cr_expect_eq(ask(&object, &slot, PEN_WIRE_OPEN_CACHED)->state, PEN_WIRE_SLOT_OPENED);
}

/* A frame's place is known when its head was read; the answer comes then. */
Test(serve_opening, frames_are_located_first)
{
	house.disk.allowed = 0;
	for (uint32_t i = 0; i < 3; i++) {
		struct pen_wire_object object = house_object(&house, PEN_WIRE_FORM_LEAN,
			PEN_WIRE_KIND_PIECE, 1, i == 2 ? 9 : i + 1, i == 1);
		struct pen_wire_slot slot = slot_of(&object, i, i, PEN_WIRE_SIZE_1200);
		cr_expect_null(ask(&object, &slot, 0));
		cr_expect(guest.locating);
		cr_expect_null(ask(&object, &slot, 0), "nor when it is repeated");
	}
	cr_expect_eq(guest.slots.count, 3);
	opened.count = 0;
	cr_expect(pen_opening_settle(&opening, &guest, &opened));
	cr_expect_eq(opened.count, 0);
	/* One goes before it was found. */
	close_one(0, 0);
	house.disk.allowed = UINT_MAX;
	pen_cache_poll(&house.cache);
	pen_cache_poll(&house.cache);
	opened.count = 0;
	cr_expect(!pen_opening_settle(&opening, &guest, &opened));
	cr_expect_eq(opened.count, 2);
	cr_expect_eq(opened.slots[0].slot, 2);
	cr_expect_eq(opened.slots[0].state, PEN_WIRE_SLOT_NOT_HELD);
	cr_expect_eq(opened.slots[1].slot, 1);
	cr_expect_eq(opened.slots[1].bytes, 1500000 - HOUSE_MIB);
	cr_expect_eq(opened.slots[1].blocks, 2);
	cr_expect_eq(guest.slots.count, 1);
	cr_expect_eq(guest.slots.slots[guest.slots.order[0]].entry, PEN_SENDING_NONE);
}

/* A size is tried by a slot for a few packets, beside another of the same piece for the rest: both
 * are told of the whole piece, and send what they were opened for. */
Test(serve_opening, a_few_packets_beside_the_rest)
{
	struct pen_wire_object object = house_object(
		&house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 0, 0);
	struct pen_wire_slot few = slot_of(&object, 1, 1, PEN_WIRE_SIZE_1408);
	struct pen_wire_slot rest = slot_of(&object, 2, 2, PEN_WIRE_SIZE_1200);
	few.packets = 2;
	rest.first = 2;
	uint32_t bytes = ask(&object, &few, 0)->bytes;
	cr_expect_eq(ask(&object, &rest, 0)->bytes, bytes);
	cr_assert_eq(guest.slots.count, 2);
	struct pen_sending *small = pen_sendings_find(&guest.slots, 2);
	cr_expect_eq(pen_sending_left(pen_sendings_find(&guest.slots, 1)), 2);
	cr_expect_eq(small->packets, pen_wire_packets(bytes, PEN_WIRE_SIZE_1200));
	cr_expect_eq(pen_sending_left(small), small->packets - 2u);
	/* Asked once more, as if the answer was lost, they go on. */
	uint16_t out[2];
	cr_expect_eq(pen_sending_take(small, out, 2), 2);
	cr_expect_eq(out[0], 2);
	cr_expect_eq(ask(&object, &rest, 0)->state, PEN_WIRE_SLOT_OPENED);
	cr_expect_eq(pen_sending_left(small), small->packets - 4u);
}

Test(serve_opening, lets_go_of_stretches)
{
	open_part(3, 1, 1, PEN_WIRE_SIZE_1200);
	struct pen_sending *slot = pen_sendings_find(&guest.slots, 1);
	struct pen_cache_ask part = {slot->handle, slot->offset, slot->bytes};
	slot->entry = (uint32_t)pen_cache_get(&house.cache, &part);
	pen_opening_rest(&opening, &guest);
	cr_expect_eq(slot->entry, PEN_SENDING_NONE);
	slot->entry = (uint32_t)pen_cache_get(&house.cache, &part);
	house.disk.err = -EIO;
	pen_cache_poll(&house.cache);
	opened.count = 0;
	pen_opening_fail(&opening, &guest, slot, &opened);
	cr_expect_eq(opened.slots[0].state, PEN_WIRE_SLOT_FAILED);
	cr_expect_eq(guest.slots.count, 0);
}
