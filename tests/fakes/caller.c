#include "fakes/caller.h"

#include <string.h>

#include "base/check.h"

void caller_init(struct caller *caller, struct fake_net *net, uint8_t host, int64_t now_ns)
{
	struct pen_visit_config config = {.size = PEN_WIRE_SIZE_8192, .tries = 4};
	uint8_t own[32] = {2, host}, seed[PEN_DRAW_SEED_BYTES] = {4, host};
	*caller = (struct caller){
		.path = {.local = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 9, [15] = 1},
			.remote = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = host, [15] = 1},
			.local_port = 7070,
			.remote_port = 999},
		.net = net};
	pen_identity_init(&config.identity, own);
	pen_draw_init(&caller->draw, seed);
	pen_visit_init(&caller->visit, &config, &caller->draw, now_ns);
	caller_poll(caller, now_ns);
}

static void send_answer(struct caller *caller, const struct pen_answer *answer)
{
	if (answer->bytes)
		fake_net_come(caller->net, &caller->path, &answer->packet, answer->bytes);
}

void caller_poll(struct caller *caller, int64_t now_ns)
{
	struct pen_answer answer;
	pen_visit_poll(&caller->visit, now_ns, &answer);
	send_answer(caller, &answer);
}

static void hear_data(struct caller *caller, const struct fake_packet *packet)
{
	const struct pen_wire_data *data = pen_wire_data_decode(
		(struct pen_bytes){packet->at, PEN_WIRE_HEAD_BYTES}, packet->bytes);
	PEN_CHECK(data);
	PEN_CHECK(pen_channel_unharmed(&caller->visit.channel, data));
	PEN_CHECK(data->seq < CALLER_SEQS);
	caller->last = *data;
	caller->came++;
	caller->bits[data->seq / 8] |= (uint8_t)(1u << data->seq % 8);
	caller->tokens[data->seq] = data->token;
	if (data->seq >= caller->seqs)
		caller->seqs = data->seq + 1;
}

static void hear_other(struct caller *caller, const struct fake_packet *packet, int64_t now_ns)
{
	struct pen_answer answer = {.bytes = 0};
	memcpy(&caller->heard.packet, packet->at, packet->bytes);
	caller->heard.bytes = packet->bytes;
	struct pen_packet came = {
		.head = pen_wire_head_decode(
			(struct pen_bytes){(uint8_t *)&caller->heard.packet, PEN_WIRE_HEAD_BYTES},
			packet->bytes),
		.path = &caller->path};
	PEN_CHECK(came.head);
	came.body = (struct pen_bytes){caller->heard.packet.body, came.head->body_bytes};
	caller->heard_type = came.head->type;
	caller->heard_bytes = came.body.len;
	switch (pen_visit_hear(&caller->visit, &came, &caller->draw, now_ns, &answer)) {
	case PEN_VISIT_OPENED: caller->open = true; break;
	case PEN_VISIT_LOST:
	case PEN_VISIT_ENDED: caller->over = true; break;
	default: break;
	}
	send_answer(caller, &answer);
}

const struct fake_packet *caller_look(struct caller *caller, bool lost, int64_t now_ns)
{
	while (caller->looked < caller->net->sent_count) {
		const struct fake_packet *packet = &caller->net->sent[caller->looked++];
		if (!pen_net_path_equal(&packet->path, &caller->path))
			continue;
		if (packet->at[0] != PEN_WIRE_DATA)
			hear_other(caller, packet, now_ns);
		else if (!lost)
			hear_data(caller, packet);
		return packet;
	}
	return NULL;
}

unsigned caller_look_all(struct caller *caller, int64_t now_ns)
{
	const struct fake_packet *packet;
	unsigned data = 0;
	while ((packet = caller_look(caller, false, now_ns)))
		data += packet->at[0] == PEN_WIRE_DATA;
	return data;
}

void caller_send(
	struct caller *caller, enum pen_wire_type type, const void *body, size_t body_bytes)
{
	struct pen_answer answer;
	memcpy(answer.packet.body, body, body_bytes);
	answer.bytes = pen_channel_seal(&caller->visit.channel, type, &answer.packet, body_bytes);
	send_answer(caller, &answer);
}

static void send_slot(struct caller *caller, const struct pen_wire_object *object,
	const struct pen_wire_slot *slot)
{
	uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
	struct pen_wire_open open = {.n = object->n, .form = object->form, .count = 1};
	memcpy(open.root, object->root, sizeof open.root);
	size_t bytes = pen_wire_open_encode(&open, slot, body);
	caller_send(caller, PEN_WIRE_OPEN, body, bytes);
}

void caller_open(struct caller *caller, const struct pen_wire_object *object, uint32_t slot,
	uint64_t nonce, enum pen_wire_size size)
{
	struct pen_wire_slot asked = {.slot = slot,
		.part = object->part,
		.nonce = nonce,
		.piece = object->piece,
		.kind = object->kind,
		.block = object->block,
		.size = (uint8_t)size,
		.act = PEN_WIRE_SLOT_OPEN};
	send_slot(caller, object, &asked);
}

void caller_close(struct caller *caller, uint32_t slot, uint64_t nonce)
{
	struct pen_wire_slot asked = {.slot = slot, .nonce = nonce, .act = PEN_WIRE_SLOT_CLOSE};
	struct pen_wire_object object = {.n = 1, .form = PEN_WIRE_FORM_RAW};
	send_slot(caller, &object, &asked);
}

void caller_pull_as(struct caller *caller, const struct pen_wire_pull *pull,
	const struct pen_wire_gap *missing, uint16_t proof)
{
	uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
	struct pen_wire_pull own = *pull;
	uint64_t words = (caller->seqs + 63) / 64;
	uint64_t first = words > PEN_WIRE_PROOF_WORDS_MAX ? words - PEN_WIRE_PROOF_WORDS_MAX : 0;
	struct pen_wire_pull_parts parts = {.proof_first = first * 64,
		.proof = caller->bits + first * 8,
		.proof_words = (uint32_t)(words - first),
		.gaps = missing,
		.gap_count = missing ? 1 : 0};
	for (uint64_t seq = first * 64; seq < caller->seqs; seq++)
		if (caller->bits[seq / 8] >> seq % 8 & 1)
			own.proof ^= caller->tokens[seq];
	own.proof ^= proof;
	own.seen = caller->seqs;
	size_t bytes = pen_wire_pull_encode(&own, &parts, body);
	caller_send(caller, PEN_WIRE_PULL, body, bytes);
}

void caller_pull(struct caller *caller, uint64_t grant, const struct pen_wire_gap *missing)
{
	struct pen_wire_pull pull = {.grant = grant, .lease_ms = 1000, .time_us = 5};
	caller_pull_as(caller, &pull, missing, 0);
}
