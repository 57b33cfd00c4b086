/*
 * wire_samples: a good body of each type of packet, for tests to decode, to spoil and to seal.
 */
#ifndef PEN_UNIT_WIRE_SAMPLES_H
#define PEN_UNIT_WIRE_SAMPLES_H

#include <stdbool.h>

#include "base/check.h"
#include "wire/decode.h"
#include "wire/encode.h"
#include "wire/piece.h"

static const uint8_t wire_types[] = {PEN_WIRE_HELLO, PEN_WIRE_LIST, PEN_WIRE_WANT, PEN_WIRE_CATALOG,
	PEN_WIRE_OPEN, PEN_WIRE_PULL, PEN_WIRE_PATH_RESPONSE, PEN_WIRE_ATTEST, PEN_WIRE_CLOSE,
	PEN_WIRE_COOKIE, PEN_WIRE_WELCOME, PEN_WIRE_BUSY, PEN_WIRE_LISTED, PEN_WIRE_HAVE,
	PEN_WIRE_ENTRIES, PEN_WIRE_OPENED, PEN_WIRE_PATH_CHALLENGE, PEN_WIRE_ATTESTED,
	PEN_WIRE_CLOSED};

/* Whether `body` decodes as a packet of this type. */
static inline bool wire_decodes(uint8_t type, struct pen_bytes body)
{
	struct pen_wire_pulled pulled;
	switch (type) {
	case PEN_WIRE_HELLO: return pen_wire_hello_decode(body);
	case PEN_WIRE_LIST: return pen_wire_list_decode(body);
	case PEN_WIRE_WANT: return pen_wire_want_decode(body);
	case PEN_WIRE_CATALOG: return pen_wire_catalog_decode(body);
	case PEN_WIRE_OPEN: return pen_wire_open_decode(body);
	case PEN_WIRE_PULL: return pen_wire_pull_decode(body, &pulled);
	case PEN_WIRE_PATH_RESPONSE:
	case PEN_WIRE_PATH_CHALLENGE: return pen_wire_path_decode(body);
	case PEN_WIRE_ATTEST: return pen_wire_attest_decode(body);
	case PEN_WIRE_CLOSE:
	case PEN_WIRE_CLOSED: return pen_wire_close_decode(body);
	case PEN_WIRE_COOKIE: return pen_wire_cookie_decode(body);
	case PEN_WIRE_WELCOME: return pen_wire_welcome_decode(body);
	case PEN_WIRE_BUSY: return pen_wire_busy_decode(body);
	case PEN_WIRE_LISTED: return pen_wire_listed_decode(body);
	case PEN_WIRE_HAVE: return pen_wire_have_decode(body);
	case PEN_WIRE_ENTRIES: return pen_wire_entries_decode(body);
	case PEN_WIRE_OPENED: return pen_wire_opened_decode(body);
	case PEN_WIRE_ATTESTED: return pen_wire_attested_decode(body);
	default: return false;
	}
}

static inline size_t wire_sample_lists(uint8_t type, uint8_t *body)
{
	struct pen_wire_state states[2] = {
		{.memory_usage = 5, .n = 9, .held = 3, .form = PEN_WIRE_FORM_LEAN},
		{.epoch_height = 7,
			.shard = 2,
			.n = 1,
			.held = 1,
			.form = PEN_WIRE_FORM_RAW,
			.chain_bytes = 8,
			.chain = "test-net"}};
	struct pen_wire_entry entries[3] = {{.id = {1}, .bytes = 1, .pieces = 1}, {.bytes = 0},
		{.bytes = (2 << 20) + 1, .pieces = 3}};
	uint8_t bits[PEN_WIRE_WINDOW_BYTES] = {0x81, 0x01};
	switch (type) {
	case PEN_WIRE_LISTED:
		return pen_wire_listed_encode(
			&(struct pen_wire_listed){.next = 2, .count = 2}, states, body);
	case PEN_WIRE_ENTRIES:
		return pen_wire_entries_encode(
			&(struct pen_wire_catalog){
				.n = 9, .first = 6, .form = PEN_WIRE_FORM_NEARCORE, .count = 3},
			entries, body);
	case PEN_WIRE_WANT:
		return pen_wire_window_encode(
			&(struct pen_wire_window){
				.n = 8192 + 9, .window = 1, .form = PEN_WIRE_FORM_LEAN},
			bits, body);
	default:
		return pen_wire_window_encode(&(struct pen_wire_window){.n = 8192 + 8,
						      .held = 4,
						      .form = PEN_WIRE_FORM_LEAN,
						      .flags = PEN_WIRE_WINDOW_CACHED},
			bits, body);
	}
}

static inline size_t wire_sample_transfer(uint8_t type, uint8_t *body)
{
	struct pen_wire_slot slots[2] = {{.slot = 4, .nonce = 5, .act = PEN_WIRE_SLOT_CLOSE},
		{.slot = 6,
			.part = 2,
			.nonce = 7,
			.piece = 1,
			.kind = PEN_WIRE_KIND_PIECE,
			.block = 3,
			.size = PEN_WIRE_SIZE_8192,
			.act = PEN_WIRE_SLOT_OPEN,
			.first = 100,
			.packets = 28}};
	struct pen_wire_slot_answer answers[2] = {{.slot = 4, .state = PEN_WIRE_SLOT_CLOSED},
		{.slot = 6, .bytes = 9, .nonce = 7, .blocks = 4, .state = PEN_WIRE_SLOT_OPENED}};
	uint8_t proof[16] = {0xff, [8] = 0x1f}, missing[16] = {[8] = 0x10};
	struct pen_wire_gap gaps[2] = {{4, 2, missing}, {6, 2, proof}};
	switch (type) {
	case PEN_WIRE_OPEN:
		return pen_wire_open_encode(
			&(struct pen_wire_open){.n = 9, .form = PEN_WIRE_FORM_LEAN, .count = 2},
			slots, body);
	case PEN_WIRE_OPENED:
		return pen_wire_opened_encode(&(struct pen_wire_opened){.count = 2}, answers, body);
	default:
		return pen_wire_pull_encode(&(struct pen_wire_pull){.grant = 400,
						    .seen = 128 + 69,
						    .lost = 2,
						    .proof = 0xabcd,
						    .lease_ms = 100},
			&(struct pen_wire_pull_parts){128, proof, 2, gaps, 2}, body);
	}
}

/* One of those that have a size of their own; 0 if there is none for the type. */
static inline size_t wire_sample_fixed(uint8_t type, uint8_t *body)
{
	struct pen_wire_object object = {
		.n = 9, .form = PEN_WIRE_FORM_NEARCORE, .kind = PEN_WIRE_KIND_PIECE, .part = 8};
#define SAMPLE(name, ...) \
	memcpy(body, &(struct pen_wire_##name){__VA_ARGS__}, sizeof(struct pen_wire_##name)); \
	return sizeof(struct pen_wire_##name)
	switch (type) {
	case PEN_WIRE_HELLO: SAMPLE(hello, .client = 3, .versions = {2, 1}, .size = 4);
	case PEN_WIRE_COOKIE: SAMPLE(cookie, .when_s = 5, .mac = {1});
	case PEN_WIRE_WELCOME:
		SAMPLE(welcome, .session = 9, .version = 1, .slots = 16, .idle_s = 60);
	case PEN_WIRE_BUSY: SAMPLE(busy, .reason = PEN_WIRE_BUSY_DISK, .retry_ms = 10);
	case PEN_WIRE_CLOSE:
	case PEN_WIRE_CLOSED: SAMPLE(close, .reason = PEN_WIRE_CLOSE_DONE);
	case PEN_WIRE_PATH_CHALLENGE:
	case PEN_WIRE_PATH_RESPONSE: SAMPLE(path, .challenge = {1, 2, 3});
	case PEN_WIRE_LIST:
		SAMPLE(list, .filters = PEN_WIRE_BY_CHAIN | PEN_WIRE_BY_FORM,
			.form = PEN_WIRE_FORM_RAW, .chain_bytes = 4, .chain = "main");
	case PEN_WIRE_CATALOG:
		SAMPLE(catalog, .n = 9, .first = 8, .form = PEN_WIRE_FORM_LEAN, .count = 1);
	case PEN_WIRE_ATTEST: memcpy(body, &object, sizeof object); return sizeof object;
	case PEN_WIRE_ATTESTED:
		SAMPLE(attested, .object = object, .digest = {1}, .bytes = 4,
			.state = PEN_WIRE_ATTESTED_HELD);
	default: return 0;
	}
#undef SAMPLE
}

/* Fills `body`, which has room for PEN_WIRE_BODY_BYTES_MAX; returns its bytes. */
static inline size_t wire_sample(uint8_t type, uint8_t *body)
{
	size_t len = wire_sample_fixed(type, body);
	if (len)
		return len;
	if (type == PEN_WIRE_OPEN || type == PEN_WIRE_OPENED || type == PEN_WIRE_PULL)
		return wire_sample_transfer(type, body);
	return wire_sample_lists(type, body);
}

#endif
