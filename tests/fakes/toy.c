#include "fakes/toy.h"

#include <string.h>

#include "base/check.h"
#include "base/rng.h"
#include "wire/decode.h"

#define NS_PER_S INT64_C(1000000000)

void toy_init(struct toy *toy, uint8_t seed, int64_t now_ns)
{
	uint8_t own[32], random[32];
	struct pen_greet_config config = {.size = PEN_WIRE_SIZE_8192,
		.slots = (uint8_t)(toy->manners.slots ? toy->manners.slots : PEN_WIRE_SLOTS_MAX),
		.idle_s = 60};
	memset(own, seed, sizeof own);
	memset(random, (uint8_t)(seed + now_ns % 251), sizeof random);
	memset(config.reset_key, seed, sizeof config.reset_key);
	pen_identity_init(&config.identity, own);
	pen_greeter_init(&toy->greeter, &config, random, now_ns);
	memset(toy->guest, 0, sizeof toy->guest);
}

static void answer_out(
	struct toy *toy, const struct pen_answer *answer, const struct pen_net_path *to)
{
	if (answer->bytes)
		toy->send(toy->context, &answer->packet, answer->bytes, to);
}

static void say(struct toy *toy, struct toy_guest *guest, enum pen_wire_type type,
	struct pen_wire_packet *packet, size_t body)
{
	size_t bytes = pen_channel_seal(&guest->session.channel, type, packet, body);
	toy->send(toy->context, packet, bytes, &guest->session.route.path);
}

static void hear_hello(struct toy *toy, const struct pen_packet *packet, int64_t now_ns)
{
	uint64_t number = 0;
	struct pen_answer answer = {.bytes = 0};
	enum pen_greet_heard heard = pen_greeter_hear(
		&toy->greeter, packet, now_ns, &number, &answer);
	if (heard == PEN_GREET_AGAIN)
		pen_greeter_again(&toy->greeter, packet, number, &answer);
	for (uint32_t i = 0; heard == PEN_GREET_NEW && i < TOY_SESSIONS; i++) {
		struct toy_guest *guest = &toy->guest[i];
		if (guest->used)
			continue;
		*guest = (struct toy_guest){.used = true};
		memset(&guest->tokens, 7, sizeof guest->tokens);
		number = pen_session_number(0, i, &toy->greeter.draw);
		guest->used = pen_greeter_welcome(
			&toy->greeter, packet, number, now_ns, &guest->session, &answer);
		break;
	}
	answer_out(toy, &answer, packet->path);
}

static void hear_want(struct toy *toy, struct toy_guest *guest, const struct pen_wire_window *want)
{
	struct pen_wire_packet packet;
	struct pen_wire_window have = *want;
	uint8_t bits = 1;
	have.held = 1;
	if (toy->manners.lacks || memcmp(want->root, toy->root, 32))
		bits = 0, have.held = 0;
	have.flags = 0;
	say(toy, guest, PEN_WIRE_HAVE, &packet, pen_wire_window_encode(&have, &bits, packet.body));
}

/* Where a piece lies, or the digests; false if there is none. */
static bool piece_find(
	const struct toy *toy, uint8_t kind, uint32_t piece, const uint8_t **at, uint32_t *bytes)
{
	uint64_t from;
	if (kind != PEN_WIRE_KIND_PIECE) {
		*at = toy->page.at;
		*bytes = (uint32_t)toy->page.len;
		return kind == PEN_WIRE_KIND_TABLE && *bytes > 0;
	}
	uint64_t end = ((uint64_t)piece + 1) * PEN_WIRE_PIECE_BYTES_MAX;
	from = end - PEN_WIRE_PIECE_BYTES_MAX;
	if (toy->ends && piece >= toy->pieces)
		return false;
	if (toy->ends) {
		from = piece ? toy->ends[piece - 1] : 0;
		end = toy->ends[piece];
	}
	end = end < toy->bytes ? end : toy->bytes;
	*bytes = from < end ? (uint32_t)(end - from) : 0;
	*at = toy->object + from;
	return *bytes > 0;
}

static void hear_catalog(
	struct toy *toy, struct toy_guest *guest, const struct pen_wire_catalog *asked)
{
	struct pen_wire_packet packet;
	struct pen_wire_entry entry = {.bytes = toy->manners.says ? toy->manners.says : toy->bytes};
	memcpy(entry.id, toy->root, sizeof entry.id);
	entry.id[0] ^= toy->manners.other_id;
	entry.pieces = (uint32_t)((entry.bytes + PEN_WIRE_PIECE_BYTES_MAX - 1) >> 20);
	if (toy->name)
		memcpy(entry.id, toy->name, sizeof entry.id);
	if (toy->ends) {
		entry.head_bytes = (uint32_t)toy->ends[0];
		entry.pieces = toy->pieces;
	}
	if (toy->manners.lacks)
		entry = (struct pen_wire_entry){.bytes = 0};
	size_t len = pen_wire_entries_encode(asked, &entry, packet.body);
	say(toy, guest, PEN_WIRE_ENTRIES, &packet, len - toy->manners.garbles);
}

static struct toy_slot *slot_of(struct toy_guest *guest, uint32_t slot, bool open)
{
	for (unsigned i = 0; i < PEN_WIRE_SLOTS_MAX; i++) {
		if (guest->slot[i].open == open && (!open || guest->slot[i].slot == slot))
			return &guest->slot[i];
	}
	return NULL;
}

static uint8_t open_slot(
	struct toy *toy, struct toy_guest *guest, const struct pen_wire_slot *ask, uint32_t *bytes)
{
	struct toy_slot *slot = slot_of(guest, ask->slot, true);
	if (ask->act == PEN_WIRE_SLOT_CLOSE) {
		if (slot)
			slot->open = false;
		return PEN_WIRE_SLOT_CLOSED;
	}
	const uint8_t *at;
	if (!piece_find(toy, ask->kind, ask->piece, &at, bytes) || toy->manners.lacks)
		return PEN_WIRE_SLOT_NOT_HELD;
	if (slot)
		return PEN_WIRE_SLOT_OPENED;
	slot = slot_of(guest, 0, false);
	unsigned used = 0, most = toy->greeter.config.slots;
	for (unsigned i = 0; i < PEN_WIRE_SLOTS_MAX; i++)
		used += guest->slot[i].open;
	if (!slot || used >= most)
		return PEN_WIRE_SLOT_FULL;
	*slot = (struct toy_slot){.open = true,
		.order = guest->opened++,
		.slot = ask->slot,
		.bytes = *bytes,
		.piece = ask->piece,
		.at = at,
		.nonce = ask->nonce,
		.size = ask->size,
		.packets = pen_wire_packets(*bytes, ask->size)};
	slot->end = ask->packets ? (uint32_t)ask->first + ask->packets : slot->packets;
	slot->end = slot->end < slot->packets ? slot->end : slot->packets;
	slot->next = ask->first < slot->end ? ask->first : slot->end;
	return PEN_WIRE_SLOT_OPENED;
}

static void hear_open(struct toy *toy, struct toy_guest *guest, const struct pen_wire_open *open)
{
	struct pen_wire_packet packet;
	struct pen_wire_slot_answer answers[PEN_WIRE_OPEN_MAX] = {0};
	struct pen_wire_opened opened = {.count = open->count};
	for (unsigned i = 0; i < open->count; i++) {
		uint32_t bytes = 0;
		answers[i].slot = open->slots[i].slot;
		answers[i].nonce = open->slots[i].nonce;
		answers[i].state = open_slot(toy, guest, &open->slots[i], &bytes);
		if (answers[i].state == PEN_WIRE_SLOT_OPENED)
			answers[i].bytes = bytes, answers[i].blocks = 1;
	}
	say(toy, guest, PEN_WIRE_OPENED, &packet,
		pen_wire_opened_encode(&opened, answers, packet.body));
}

static void hear_pull(struct toy_guest *guest, struct pen_bytes body, int64_t now_ns)
{
	struct pen_wire_pulled pulled;
	if (!pen_wire_pull_decode(body, &pulled))
		return;
	uint16_t sum = 0;
	for (uint32_t i = 0; i < 64u * pulled.pull->proof_words; i++) {
		if (pulled.proof[i / 8] >> i % 8 & 1)
			sum ^= (uint16_t)pen_prf(&guest->tokens, pulled.pull->proof_first + i);
	}
	guest->wrong += sum != pulled.pull->proof;
	guest->wrong += pulled.pull->seen > guest->sent;
	guest->wrong += pulled.pull->lost > pulled.pull->seen;
	guest->pulls++;
	guest->grant = pulled.pull->grant;
	guest->pace = (uint64_t)pulled.pull->pace * 1024;
	guest->time_us = pulled.pull->time_us;
	guest->pulled_ns = now_ns;
	guest->echo = true;
	for (unsigned m = 0; m < pulled.pull->missing_count; m++) {
		const struct pen_wire_missing *missing = pulled.missing[m];
		struct toy_slot *slot = slot_of(guest, missing->slot, true);
		for (uint32_t i = 0; slot && i < 64u * missing->words; i++) {
			uint32_t index = 64u * missing->first_word + i;
			bool coming = slot->next <= index && index < slot->end;
			if (missing->bits[i / 8] >> i % 8 & 1 && index < slot->packets && !coming)
				slot->again[index / 64] |= UINT64_C(1) << index % 64;
		}
	}
}

/* Does it lie about this piece, every so many-th? */
static bool lies(unsigned every, uint32_t piece)
{
	return every && (piece + 1) % every == 0;
}

static void hear_attest(
	struct toy *toy, struct toy_guest *guest, const struct pen_wire_object *object)
{
	struct pen_wire_packet packet;
	struct pen_wire_attested attested = {.object = *object};
	const uint8_t *at;
	uint32_t bytes;
	toy->attests++;
	if (toy->manners.no_attest)
		return;
	attested.state = PEN_WIRE_ATTESTED_NOT_HELD;
	if (piece_find(toy, object->kind, object->piece, &at, &bytes)) {
		static uint8_t held[PEN_WIRE_PIECE_BYTES_MAX];
		struct pen_hash digest;
		attested.bytes = bytes;
		memcpy(held, at, attested.bytes);
		held[0] ^= lies(toy->manners.lie_every, object->piece);
		pen_sha256((struct pen_bytes){held, attested.bytes}, &digest);
		memcpy(attested.digest, digest.bytes, sizeof attested.digest);
		attested.state = PEN_WIRE_ATTESTED_HELD;
	}
	memcpy(packet.body, &attested, sizeof attested);
	say(toy, guest, PEN_WIRE_ATTESTED, &packet, sizeof attested);
}

static void hear_session(
	struct toy *toy, struct toy_guest *guest, const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_answer answer = {.bytes = 0};
	enum pen_session_heard heard = pen_session_hear(
		&guest->session, packet, &toy->greeter.draw, now_ns, &answer);
	if (answer.bytes)
		toy->send(toy->context, &answer.packet, answer.bytes, packet->path);
	if (heard == PEN_SESSION_TAKE && toy->manners.leaves) {
		pen_session_close(&guest->session, PEN_WIRE_CLOSE_LEAVING, &answer);
		toy->send(toy->context, &answer.packet, answer.bytes, packet->path);
		heard = PEN_SESSION_CLOSED;
	}
	if (heard == PEN_SESSION_CLOSED)
		guest->used = false;
	if (heard != PEN_SESSION_TAKE && heard != PEN_SESSION_MOVED)
		return;
	const void *message = NULL;
	switch (packet->head->type) {
	case PEN_WIRE_WANT:
		if (!toy->manners.untold && (message = pen_wire_want_decode(packet->body)))
			hear_want(toy, guest, message);
		break;
	case PEN_WIRE_CATALOG:
		if (!toy->manners.unnamed && (message = pen_wire_catalog_decode(packet->body)))
			hear_catalog(toy, guest, message);
		break;
	case PEN_WIRE_OPEN:
		if ((message = pen_wire_open_decode(packet->body)))
			hear_open(toy, guest, message);
		break;
	case PEN_WIRE_ATTEST:
		if ((message = pen_wire_attest_decode(packet->body)))
			hear_attest(toy, guest, message);
		break;
	case PEN_WIRE_PULL: hear_pull(guest, packet->body, now_ns); break;
	}
}

void toy_hear(struct toy *toy, const void *at, size_t bytes, const struct pen_net_path *from,
	int64_t now_ns)
{
	struct pen_bytes front = {at, PEN_WIRE_HEAD_BYTES};
	struct pen_packet packet = {.path = from};
	if (toy->manners.mute || bytes < PEN_WIRE_HEAD_BYTES)
		return;
	packet.head = pen_wire_head_decode(front, bytes);
	if (!packet.head)
		return;
	packet.body = (struct pen_bytes){
		(const uint8_t *)at + PEN_WIRE_HEAD_BYTES, bytes - PEN_WIRE_HEAD_BYTES};
	if (packet.head->type == PEN_WIRE_HELLO) {
		hear_hello(toy, &packet, now_ns);
		return;
	}
	for (unsigned i = 0; i < TOY_SESSIONS; i++) {
		if (!toy->guest[i].used ||
			toy->guest[i].session.channel.own != packet.head->session)
			continue;
		hear_session(toy, &toy->guest[i], &packet, now_ns);
		return;
	}
	struct pen_answer answer = {.bytes = 0};
	pen_resets_answer(&toy->greeter.resets, &packet, now_ns, &answer);
	answer_out(toy, &answer, from);
}

/* The next packet of a slot: what was asked for again first. UINT32_MAX if there is none. */
static uint32_t next_index(const struct toy_slot *slot)
{
	for (unsigned w = 0; w < 14; w++) {
		if (slot->again[w])
			return w * 64 + (uint32_t)__builtin_ctzll(slot->again[w]);
	}
	return slot->next < slot->end ? slot->next : UINT32_MAX;
}

/* The oldest slot that has something to send, and what. */
static struct toy_slot *next_slot(struct toy_guest *guest, uint32_t *index)
{
	struct toy_slot *best = NULL;
	for (unsigned i = 0; i < PEN_WIRE_SLOTS_MAX; i++) {
		struct toy_slot *slot = &guest->slot[i];
		if (slot->open && next_index(slot) != UINT32_MAX &&
			(!best || slot->order < best->order))
			best = slot;
	}
	if (best)
		*index = next_index(best);
	return best;
}

static void take(struct toy *toy, struct toy_slot *slot, uint32_t index)
{
	if (index == slot->next)
		slot->next++;
	else
		toy->resent++;
	slot->again[index / 64] &= ~(UINT64_C(1) << index % 64);
}

static uint32_t send_data(struct toy *toy, struct toy_guest *guest, struct toy_slot *slot,
	uint32_t index, int64_t now_ns)
{
	struct PEN_PACKED {
		struct pen_wire_data head;
		uint8_t payload[8192];
	} packet;
	uint32_t payload = pen_wire_size_bytes(slot->size), from = index * payload;
	uint32_t left = slot->bytes - from, len = left < payload ? left : payload;
	packet.head = (struct pen_wire_data){
		.type = PEN_WIRE_DATA,
		.flags = guest->sent + 1 == guest->grant ? PEN_WIRE_DATA_LAST : 0,
		.token = (uint16_t)pen_prf(&guest->tokens, guest->sent),
		.slot = slot->slot,
		.nonce = slot->nonce,
		.index = index,
		.seq = (uint32_t)guest->sent,
		.time_us = (uint32_t)(now_ns / 1000),
	};
	if (guest->echo) {
		packet.head.flags |= PEN_WIRE_DATA_ECHO;
		packet.head.time_us = guest->time_us +
			(uint32_t)((now_ns - guest->pulled_ns) / 1000);
		guest->echo = false;
	}
	pen_channel_mark(&guest->session.channel, &packet.head, 1);
	memcpy(packet.payload, slot->at + from, len);
	if (index == 0 && lies(toy->manners.lie_every, slot->piece))
		packet.payload[0] ^= 1;
	if (index == 0 && toy->spoilt < toy->manners.spoil) {
		packet.payload[0] ^= 2;
		toy->spoilt++;
	}
	guest->sent++;
	toy->data++;
	if (!toy->manners.payload_max || len <= toy->manners.payload_max)
		toy->send(toy->context, &packet, sizeof packet.head + len,
			&guest->session.route.path);
	return (uint32_t)sizeof packet.head + len;
}

static int64_t send_some(struct toy *toy, struct toy_guest *guest, int64_t now_ns)
{
	uint64_t rate = toy->manners.rate;
	if (guest->pace && guest->pace < rate)
		rate = guest->pace;
	if (guest->free_ns < now_ns - 1000000)
		guest->free_ns = now_ns - 1000000;
	uint32_t index = UINT32_MAX;
	struct toy_slot *slot;
	while (guest->sent < guest->grant && (slot = next_slot(guest, &index))) {
		if (guest->free_ns > now_ns)
			return guest->free_ns;
		take(toy, slot, index);
		uint32_t bytes = send_data(toy, guest, slot, index, now_ns);
		guest->free_ns += (int64_t)bytes * NS_PER_S / (int64_t)rate;
	}
	return INT64_MAX;
}

int64_t toy_turn(struct toy *toy, int64_t now_ns)
{
	int64_t due = INT64_MAX;
	for (unsigned i = 0; i < TOY_SESSIONS; i++) {
		struct toy_guest *guest = &toy->guest[i];
		if (!guest->used || toy->manners.mute || toy->manners.no_data)
			continue;
		int64_t at = send_some(toy, guest, now_ns);
		due = at < due ? at : due;
	}
	return due;
}
