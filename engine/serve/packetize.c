#include "serve/packetize.h"

#include "base/check.h"

/* The first DATA after each PULL brings its stamp back, with what it waited here added. */
static void stamp(struct pen_guest *guest, struct pen_wire_data *data, int64_t now_ns)
{
	data->time_us = pen_guest_us(now_ns);
	if (!guest->echo)
		return;
	data->flags |= PEN_WIRE_DATA_ECHO;
	data->time_us = guest->pulled_us + (uint32_t)((now_ns - guest->pulled_ns) / 1000);
	guest->echo = false;
}

static void write_head(struct pen_guest *guest, const struct pen_sending *slot, uint32_t index,
	struct pen_wire_data *data, int64_t now_ns)
{
	uint64_t seq = pen_receipt_send(&guest->receipt, pen_guest_packet_bytes(slot->size));
	*data = (struct pen_wire_data){.type = PEN_WIRE_DATA,
		.token = pen_receipt_token(&guest->receipt, seq),
		.slot = slot->id,
		.nonce = slot->nonce,
		.index = index,
		.seq = (uint32_t)seq};
	if (seq + 1 == guest->grant)
		data->flags |= PEN_WIRE_DATA_LAST;
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
	unsigned count = pen_sending_take(slot, indices, max);
	for (unsigned i = 0; i < count; i++) {
		uint32_t bytes = pen_sending_packet_bytes(slot, indices[i]);
		uint64_t offset = slot->offset + pen_sending_packet_at(slot, indices[i]);
		struct pen_outbox_data data = {.bytes = (uint16_t)bytes,
			.payload = pen_cache_at(outbox->cache, slot->entry, offset, bytes),
			.entry = slot->entry,
			.flags = guest->session.sum_absent_ok ? PEN_FRAME_SUM_NONE : 0};
		write_head(guest, slot, indices[i], &data.head, now_ns);
		pen_outbox_data(outbox, &guest->session.route.path, &data);
	}
	uint64_t sent = (uint64_t)count * pen_guest_packet_bytes(slot->size);
	pen_pacer_spend(&guest->pacer, sent);
	pen_brake_sent(&guest->brake, sent);
	return count;
}
