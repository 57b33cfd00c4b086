#include "serve/packetize.h"

#include "base/check.h"

/* Packets that leave together. */
struct run {
	uint64_t first; /* number of the first */
	unsigned count;
	uint16_t indices[PEN_GUEST_RUN_MAX], tokens[PEN_GUEST_RUN_MAX];
	struct pen_wire_data heads[PEN_GUEST_RUN_MAX];
};

/* The first DATA after each PULL brings its stamp back, with what it waited here added. */
static void stamp(struct pen_guest *guest, struct pen_wire_data *data, int64_t now_ns)
{
	data->flags |= PEN_WIRE_DATA_ECHO;
	data->time_us = guest->pulled_us + (uint32_t)((now_ns - guest->pulled_ns) / 1000);
	guest->echo = false;
}

/* All headers are written before any is marked: to load words of what was just stored in smaller
 * pieces is to wait for it. */
static void write_heads(
	struct pen_guest *guest, const struct pen_sending *slot, struct run *run, int64_t now_ns)
{
	const struct pen_wire_data common = {.type = PEN_WIRE_DATA,
		.slot = slot->id,
		.nonce = slot->nonce,
		.time_us = pen_guest_us(now_ns)};
	for (unsigned i = 0; i < run->count; i++) {
		run->heads[i] = common;
		run->heads[i].token = run->tokens[i];
		run->heads[i].index = run->indices[i];
		run->heads[i].seq = (uint32_t)(run->first + i);
	}
	uint64_t last = guest->grant - 1 - run->first;
	if (last < run->count)
		run->heads[last].flags |= PEN_WIRE_DATA_LAST;
	if (guest->echo)
		stamp(guest, &run->heads[0], now_ns);
	pen_channel_mark(&guest->session.channel, run->heads, run->count);
}

unsigned pen_packetize(struct pen_guest *guest, struct pen_sending *slot, unsigned max,
	struct pen_outbox *outbox, int64_t now_ns)
{
	struct run run;
	PEN_CHECK(max > 0);
	PEN_CHECK(max <= PEN_GUEST_RUN_MAX);
	PEN_CHECK(slot->entry != PEN_SENDING_NONE);
	uint32_t packet = pen_guest_packet_bytes(slot->size);
	run.count = pen_sending_take(slot, run.indices, max);
	run.first = pen_receipt_send(&guest->receipt, packet, run.count, run.tokens);
	write_heads(guest, slot, &run, now_ns);
	const struct pen_outbox_run out = {.path = &guest->session.route.path,
		.heads = run.heads,
		.piece = pen_cache_at(outbox->cache, slot->entry, slot->offset, slot->bytes),
		.piece_bytes = slot->bytes,
		.payload_bytes = pen_wire_size_bytes(slot->size),
		.entry = slot->entry,
		.flags = guest->session.sum_absent_ok ? PEN_FRAME_SUM_NONE : 0,
		.count = run.count};
	pen_outbox_data(outbox, &out);
	uint64_t sent = (uint64_t)run.count * packet;
	pen_pacer_spend(&guest->pacer, sent);
	pen_brake_sent(&guest->brake, sent);
	return run.count;
}
