#include "serve/packetize.h"

#include "base/check.h"

/* What all packets of a run have in common. */
static struct pen_wire_data common_head(const struct pen_sending *slot, int64_t now_ns)
{
	return (struct pen_wire_data){.type = PEN_WIRE_DATA,
		.slot = slot->id,
		.nonce = slot->nonce,
		.time_us = pen_guest_us(now_ns)};
}

/* The first DATA after each PULL brings its stamp back, with what it waited here added. */
static void stamp(struct pen_guest *guest, struct pen_wire_data *data, int64_t now_ns)
{
	data->flags |= PEN_WIRE_DATA_ECHO;
	data->time_us = guest->pulled_us + (uint32_t)((now_ns - guest->pulled_ns) / 1000);
	guest->echo = false;
}

/* The rest of a packet's header. */
static void finish_head(
	struct pen_guest *guest, struct pen_wire_data *data, uint64_t seq, int64_t now_ns)
{
	data->token = pen_receipt_token(&guest->receipt, seq);
	data->seq = (uint32_t)seq;
	if (seq + 1 == guest->grant)
		data->flags |= PEN_WIRE_DATA_LAST;
	if (guest->echo)
		stamp(guest, data, now_ns);
	pen_channel_mark(&guest->session.channel, data);
}

unsigned pen_packetize(struct pen_guest *guest, struct pen_sending *slot, unsigned max,
	struct pen_outbox *outbox, int64_t now_ns)
{
	uint16_t indices[PEN_GUEST_RUN_MAX];
	PEN_CHECK(max > 0);
	PEN_CHECK(max <= PEN_GUEST_RUN_MAX);
	PEN_CHECK(slot->entry != PEN_SENDING_NONE);
	const uint8_t *piece = pen_cache_at(outbox->cache, slot->entry, slot->offset, slot->bytes);
	const struct pen_outbox_run run = {.path = &guest->session.route.path,
		.entry = slot->entry,
		.flags = guest->session.sum_absent_ok ? PEN_FRAME_SUM_NONE : 0,
		.count = pen_sending_take(slot, indices, max)};
	const struct pen_wire_data common = common_head(slot, now_ns);
	uint32_t packet = pen_guest_packet_bytes(slot->size);
	uint64_t seq = pen_receipt_send(&guest->receipt, packet, run.count);
	uint32_t place = pen_outbox_data(outbox, &run);
	for (unsigned i = 0; i < run.count; i++) {
		struct pen_frame *frame = pen_outbox_nth(outbox, place + i);
		struct pen_wire_data head = common;
		head.index = indices[i];
		finish_head(guest, &head, seq + i, now_ns);
		memcpy(frame->header, &head, sizeof head);
		frame->payload = piece + pen_sending_packet_at(slot, indices[i]);
		frame->payload_bytes = (uint16_t)pen_sending_packet_bytes(slot, indices[i]);
	}
	uint64_t sent = (uint64_t)run.count * packet;
	pen_pacer_spend(&guest->pacer, sent);
	pen_brake_sent(&guest->brake, sent);
	return run.count;
}
