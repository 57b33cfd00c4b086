#include "serve_util.h"

#include "fakes/net.h"
#include "serve/packetize.h"

/* What a run of packets says, for each size, and that its payload is the piece. */
Test(serve_packetize, headers_and_payload)
{
	struct house house;
	struct fake_net net;
	struct pen_outbox outbox;
	static struct pen_guest guest;
	struct pen_prf_key key = {{3}};
	house_open(&house, 2, 1);
	fake_net_init(&net);
	struct pen_outbox_config config = {&net.net, 0, 1, &house.cache, &house.pool};
	cr_assert_eq(pen_outbox_open(&outbox, &config), 0);
	struct pen_reach reach;
	struct pen_wire_object object = house_object(
		&house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 2, 0);
	cr_assert_eq(pen_reach_begin(&house.reacher, &object, false, &reach), PEN_REACH_FOUND);
	for (uint8_t size = 0; size < PEN_WIRE_SIZES; size++) {
		memset(&guest, 0, sizeof guest);
		pen_guest_init(&guest, &key, 0);
		guest.session.channel.check_seed = 99;
		guest.session.route.path.remote_port = 5;
		guest.session.sum_absent_ok = size & 1;
		guest.grant = 66;
		guest.echo = true;
		guest.pulled_us = 1000;
		guest.pulled_ns = 7000000;
		struct pen_wire_slot asked = {.slot = 8, .nonce = 0xabcdef, .size = size};
		struct pen_sending *slot = pen_sendings_open(&guest.slots, &asked);
		pen_sending_found(slot, reach.offset, reach.bytes, 1);
		slot->handle = reach.handle;
		struct pen_cache_ask part = {slot->handle, slot->offset, slot->bytes};
		slot->entry = (uint32_t)pen_cache_get(&house.cache, &part);
		pen_cache_poll(&house.cache);
		uint32_t payload = pen_wire_size_bytes(size), sent = 0;
		while (pen_sending_left(slot)) {
			sent += pen_packetize(&guest, slot, 33, &outbox, 8000000);
			pen_outbox_flush(&outbox, 8000000);
		}
		cr_expect_eq(sent, slot->packets);
		cr_expect_eq(net.sent_count, sent);
		for (uint32_t i = 0; i < sent; i++) {
			const struct pen_wire_data *data = (const void *)net.sent[i].at;
			uint32_t bytes = net.sent[i].bytes - 32;
			cr_assert_eq(data->type, PEN_WIRE_DATA);
			cr_assert_eq(data->slot, 8);
			cr_assert_eq(data->nonce, 0xabcdef);
			cr_assert_eq(data->index, i);
			cr_assert_eq(data->seq, i);
			cr_assert_eq(data->token, (uint16_t)(pen_prf(&key, i / 4) >> i % 4 * 16));
			cr_assert_eq(!!(data->flags & PEN_WIRE_DATA_LAST), i == 65);
			cr_assert_eq(!!(data->flags & PEN_WIRE_DATA_ECHO), i == 0);
			cr_assert_eq(data->time_us, i ? 8000 : 2000);
			cr_assert_eq(data->check, pen_wire_data_check(data, 99));
			cr_assert_eq(bytes, i + 1 < sent ? payload : slot->bytes - i * payload);
			cr_assert_eq(memcmp(net.sent[i].at + 32,
					     house.bytes + 3 + reach.offset + i * payload, bytes),
				0);
			cr_assert_eq(net.sent[i].flags, size & 1 ? PEN_FRAME_SUM_NONE : 0);
			cr_assert_eq(net.sent[i].path.remote_port, 5);
		}
		cr_expect_eq(guest.brake.sent_bytes, sent * (uint64_t)(payload + 32));
		fake_net_clear(&net);
		pen_outbox_reap(&outbox);
		pen_cache_put(&house.cache, slot->entry);
	}
	pen_reach_end(&house.reacher, &reach);
	pen_outbox_close(&outbox);
	fake_net_fini(&net);
	house_close(&house);
}
