#include "serve/opening.h"

#include "base/check.h"

static uint8_t answer_state(enum pen_reach_state state)
{
	switch (state) {
	case PEN_REACH_FOUND: return PEN_WIRE_SLOT_OPENED;
	case PEN_REACH_NOT_HELD: return PEN_WIRE_SLOT_NOT_HELD;
	case PEN_REACH_NOT_CACHED: return PEN_WIRE_SLOT_NOT_CACHED;
	case PEN_REACH_BUSY: return PEN_WIRE_SLOT_BUSY;
	default: PEN_CHECK(state == PEN_REACH_FAILED); return PEN_WIRE_SLOT_FAILED;
	}
}

/* Add an answer; `slot` may be NULL where there is none open. */
static void say(struct pen_opened *opened, uint32_t id, uint64_t nonce, uint8_t state,
	const struct pen_sending *slot)
{
	PEN_CHECK(opened->count < PEN_WIRE_OPEN_MAX);
	struct pen_wire_slot_answer *answer = &opened->slots[opened->count++];
	*answer = (struct pen_wire_slot_answer){.slot = id, .nonce = nonce, .state = state};
	if (state == PEN_WIRE_SLOT_OPENED) {
		PEN_CHECK(slot);
		answer->bytes = slot->bytes;
		answer->blocks = slot->blocks;
	}
	if (state == PEN_WIRE_SLOT_BUSY)
		opened->retry_ms = PEN_OPENING_RETRY_MS;
}

static void let_go(const struct pen_opening *opening, struct pen_sending *slot)
{
	if (slot->entry == PEN_SENDING_NONE)
		return;
	pen_cache_put(opening->reacher->cache, slot->entry);
	slot->entry = PEN_SENDING_NONE;
}

static void close_slot(
	const struct pen_opening *opening, struct pen_guest *guest, struct pen_sending *slot)
{
	let_go(opening, slot);
	if (slot->handle != PEN_SENDING_NONE)
		pen_handles_put(opening->reacher->handles, slot->handle);
	pen_sendings_close(&guest->slots, slot);
}

/* What was reached passes to the slot. Whether there is something to say now. */
static bool adopt(
	struct pen_sending *slot, const struct pen_reach *reach, enum pen_reach_state state)
{
	slot->handle = reach->handle;
	slot->entry = reach->head;
	if (state == PEN_REACH_LATER)
		return false;
	pen_sending_found(slot, reach->offset, reach->bytes, reach->blocks);
	return true;
}

static struct pen_wire_object object_of(
	const struct pen_wire_open *open, const struct pen_wire_slot *asked)
{
	struct pen_wire_object object = {.n = open->n,
		.form = open->form,
		.kind = asked->kind,
		.block = asked->block,
		.part = asked->part,
		.piece = asked->piece};
	memcpy(object.root, open->root, sizeof object.root);
	return object;
}

/* Why a slot cannot be opened whatever its piece is; 0 if it can. */
static uint8_t refusal(const struct pen_opening *opening, const struct pen_guest *guest,
	const struct pen_wire_slot *asked)
{
	if (opening->leaving)
		return PEN_WIRE_SLOT_BUSY;
	if (guest->slots.count >= opening->slots)
		return PEN_WIRE_SLOT_FULL;
	if (asked->size > opening->size || asked->size > guest->session.size)
		return PEN_WIRE_SLOT_FAILED;
	return opening->reacher->cache->queued > PEN_OPENING_READS_MAX ? PEN_WIRE_SLOT_BUSY : 0;
}

static void open_slot(const struct pen_opening *opening, struct pen_guest *guest,
	const struct pen_wire_open *open, const struct pen_wire_slot *asked,
	struct pen_opened *opened)
{
	struct pen_reach reach;
	uint8_t refused = refusal(opening, guest, asked);
	if (refused) {
		say(opened, asked->slot, asked->nonce, refused, NULL);
		return;
	}
	struct pen_wire_object object = object_of(open, asked);
	bool cached = open->flags & PEN_WIRE_OPEN_CACHED;
	enum pen_reach_state state = pen_reach_begin(opening->reacher, &object, cached, &reach);
	if (state != PEN_REACH_FOUND && state != PEN_REACH_LATER) {
		say(opened, asked->slot, asked->nonce, answer_state(state), NULL);
		return;
	}
	struct pen_sending *slot = pen_sendings_open(&guest->slots, asked);
	if (adopt(slot, &reach, state))
		say(opened, slot->id, slot->nonce, PEN_WIRE_SLOT_OPENED, slot);
}

static void do_one(const struct pen_opening *opening, struct pen_guest *guest,
	const struct pen_wire_open *open, const struct pen_wire_slot *asked,
	struct pen_opened *opened)
{
	struct pen_sending *slot = pen_sendings_find(&guest->slots, asked->slot);
	bool same = slot && slot->nonce == asked->nonce;
	if (asked->act == PEN_WIRE_SLOT_CLOSE) {
		/* A late CLOSE must not end what its number stands for now. */
		if (same)
			close_slot(opening, guest, slot);
		say(opened, asked->slot, asked->nonce, PEN_WIRE_SLOT_CLOSED, NULL);
		return;
	}
	if (same && slot->state == PEN_SENDING_FOUND)
		say(opened, asked->slot, asked->nonce, PEN_WIRE_SLOT_OPENED, slot);
	if (same)
		return;
	if (slot)
		close_slot(opening, guest, slot);
	open_slot(opening, guest, open, asked, opened);
}

static bool is_locating(struct pen_guest *guest)
{
	for (unsigned i = 0; i < guest->slots.count; i++)
		if (pen_sendings_nth(&guest->slots, i)->state == PEN_SENDING_LOCATING)
			return true;
	return false;
}

bool pen_opening_do(const struct pen_opening *opening, struct pen_guest *guest,
	const struct pen_wire_open *open, struct pen_opened *opened)
{
	PEN_CHECK(open->count <= PEN_WIRE_OPEN_MAX);
	opened->count = 0;
	opened->retry_ms = 0;
	for (uint32_t i = 0; i < open->count; i++)
		do_one(opening, guest, open, &open->slots[i], opened);
	return is_locating(guest);
}

/* One slot that is being located. */
static void settle_slot(const struct pen_opening *opening, struct pen_guest *guest,
	struct pen_sending *slot, struct pen_opened *opened)
{
	struct pen_reach reach = {.handle = slot->handle, .head = slot->entry};
	struct pen_wire_object object = {
		.kind = slot->kind, .block = slot->block, .piece = slot->piece};
	enum pen_reach_state state = pen_reach_head(opening->reacher, &object, &reach);
	slot->handle = reach.handle;
	slot->entry = reach.head;
	if (state == PEN_REACH_LATER)
		return;
	if (state == PEN_REACH_FOUND) {
		adopt(slot, &reach, state);
		say(opened, slot->id, slot->nonce, PEN_WIRE_SLOT_OPENED, slot);
		return;
	}
	say(opened, slot->id, slot->nonce, answer_state(state), NULL);
	close_slot(opening, guest, slot);
}

bool pen_opening_settle(
	const struct pen_opening *opening, struct pen_guest *guest, struct pen_opened *opened)
{
	for (unsigned i = guest->slots.count; i-- > 0;) {
		struct pen_sending *slot = pen_sendings_nth(&guest->slots, i);
		if (slot->state == PEN_SENDING_LOCATING)
			settle_slot(opening, guest, slot, opened);
	}
	return is_locating(guest);
}

void pen_opening_fail(const struct pen_opening *opening, struct pen_guest *guest,
	struct pen_sending *slot, struct pen_opened *opened)
{
	say(opened, slot->id, slot->nonce, PEN_WIRE_SLOT_FAILED, NULL);
	close_slot(opening, guest, slot);
}

void pen_opening_rest(const struct pen_opening *opening, struct pen_guest *guest)
{
	for (unsigned i = 0; i < guest->slots.count; i++) {
		struct pen_sending *slot = pen_sendings_nth(&guest->slots, i);
		if (slot->state == PEN_SENDING_FOUND)
			let_go(opening, slot);
	}
}

void pen_opening_end(const struct pen_opening *opening, struct pen_guest *guest)
{
	while (guest->slots.count)
		close_slot(opening, guest, pen_sendings_nth(&guest->slots, 0));
}
