#include "serve/talk.h"

#include "base/check.h"

void pen_talk_answer(
	struct pen_serve *serve, const struct pen_net_path *path, const struct pen_answer *answer)
{
	if (answer->bytes)
		pen_outbox_packet(&serve->outbox, path, &answer->packet, answer->bytes);
}

void pen_talk_reply(struct pen_serve *serve, struct pen_guest *guest, enum pen_wire_type type,
	struct pen_answer *answer, size_t body_bytes)
{
	PEN_CHECK(guest->open);
	answer->bytes = pen_channel_seal(
		&guest->session.channel, type, &answer->packet, body_bytes);
	pen_talk_answer(serve, &guest->session.route.path, answer);
}

void pen_talk_opened(
	struct pen_serve *serve, struct pen_guest *guest, const struct pen_opened *opened)
{
	struct pen_answer answer;
	struct pen_wire_opened head = {
		.count = (uint8_t)opened->count, .retry_ms = opened->retry_ms};
	if (opened->count == 0)
		return;
	for (uint32_t i = 0; i < opened->count; i++)
		serve->counters.slots[opened->slots[i].state]++;
	size_t bytes = pen_wire_opened_encode(&head, opened->slots, answer.packet.body);
	pen_talk_reply(serve, guest, PEN_WIRE_OPENED, &answer, bytes);
}

void pen_talk_attested(
	struct pen_serve *serve, struct pen_guest *guest, const struct pen_wire_attested *attested)
{
	struct pen_answer answer;
	memcpy(answer.packet.body, attested, sizeof *attested);
	serve->counters.attests++;
	pen_talk_reply(serve, guest, PEN_WIRE_ATTESTED, &answer, sizeof *attested);
}

void pen_talk_forget(struct pen_serve *serve, struct pen_guest *guest)
{
	pen_opening_end(&serve->opening, guest);
	pen_fair_leave(&serve->fair, pen_guests_place(&serve->guests, guest));
	pen_later_drop(&serve->later, pen_guests_place(&serve->guests, guest));
	pen_guests_leave(&serve->guests, guest);
}

void pen_talk_end(
	struct pen_serve *serve, struct pen_guest *guest, enum pen_wire_close_reason reason)
{
	struct pen_answer answer;
	pen_session_close(&guest->session, reason, &answer);
	pen_talk_answer(serve, &guest->session.route.path, &answer);
	pen_talk_forget(serve, guest);
}
