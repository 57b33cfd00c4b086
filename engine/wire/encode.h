/*
 * encode: messages of wire.h into the bytes of a packet.
 *
 * A body of fixed size needs no encoder: fill a zeroed struct of wire.h in. The functions here put
 * together bodies with something behind them, and take care of the rest of what wire.h demands;
 * breaking it is our own bug. They write at most PEN_WIRE_BODY_BYTES_MAX bytes to `body` and return
 * how many; what they borrow lies elsewhere. peer/channel.h writes the header, last. Any thread.
 */
#ifndef PEN_WIRE_ENCODE_H
#define PEN_WIRE_ENCODE_H

#include "wire/wire.h"

/* Packets of one slot that are missing: bit i of `bits` is index i of its piece. */
struct pen_wire_gap {
	uint32_t slot;
	uint32_t words; /* of 64 bits in `bits`: at most PEN_WIRE_MISSING_WORDS_MAX */
	const uint8_t *bits; /* 8 * words bytes */
};

/* What stands behind a PULL. */
struct pen_wire_pull_parts {
	uint64_t proof_first; /* a multiple of 64: seq of bit 0 of `proof` */
	const uint8_t *proof; /* bitmap of 8 * proof_words bytes; may end in empty words */
	uint32_t proof_words; /* at most PEN_WIRE_PROOF_WORDS_MAX */
	const struct pen_wire_gap *gaps; /* the urgent ones first, each of another slot */
	uint32_t gap_count; /* at most PEN_WIRE_SLOTS_MAX */
};

/* A packet to be sent that is no DATA; body first, then peer/channel.h's header. */
struct pen_wire_packet {
	struct pen_wire_head head;
	uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
};
static_assert(sizeof(struct pen_wire_packet) == PEN_WIRE_PACKET_BYTES_MAX, "as it is sent");

/*
 * The body of a PULL: `pull` without proof_first, proof_words and missing_count, which follow from
 * the parts. Gaps without a bit are left out, and so are those that do not fit any more.
 */
size_t pen_wire_pull_encode(
	const struct pen_wire_pull *pull, const struct pen_wire_pull_parts *parts, uint8_t *body);

/* Bodies with `count` of something behind them; the struct's own count says how many. */
size_t pen_wire_open_encode(
	const struct pen_wire_open *open, const struct pen_wire_slot *slots, uint8_t *body);
size_t pen_wire_opened_encode(const struct pen_wire_opened *opened,
	const struct pen_wire_slot_answer *slots, uint8_t *body);
size_t pen_wire_listed_encode(
	const struct pen_wire_listed *listed, const struct pen_wire_state *states, uint8_t *body);
size_t pen_wire_entries_encode(const struct pen_wire_catalog *catalog,
	const struct pen_wire_entry *entries, uint8_t *body);

/* WANT and HAVE; `bits` has the window's bytes (wire/piece.h), or is NULL with
 * PEN_WIRE_WINDOW_ALL. Bits beyond the last part are cleared. */
size_t pen_wire_window_encode(
	const struct pen_wire_window *window, const uint8_t *bits, uint8_t *body);

/* The check of a DATA header: over all of it before `check`, under the session's seed. */
uint32_t pen_wire_data_check(const struct pen_wire_data *data, uint64_t seed);

/* Write the checks of `count` headers side by side, the rest of which is written. */
void pen_wire_data_seal(struct pen_wire_data *data, unsigned count, uint64_t seed);

#endif
