/*
 * sendings: the pieces that one session has asked for and is being sent.
 *
 * A slot is one piece in flight, or some packets of it (wire/wire.h): sent in order of their index,
 * and again, or those beside them for once, when the receiver names them. The server remembers
 * where the piece lies and which packets are still to be sent. It knows nothing of what arrived,
 * and has no timers: what is not asked for again is forgotten.
 *
 * The oldest slot comes first, and in it what was asked for again before what was never sent: a
 * piece that is finished early is proved early. What will be sent anyway can not be asked for; the
 * rest of the piece can, also what the slot was not opened for.
 *
 * Pure: no memory of its own, no time. Zeroed is empty. One thread.
 */
#ifndef PEN_SERVE_SENDINGS_H
#define PEN_SERVE_SENDINGS_H

#include <stdbool.h>

#include "wire/piece.h"

/* No entry of the cache; no file. */
#define PEN_SENDING_NONE UINT32_MAX

enum pen_sending_state {
	PEN_SENDING_LOCATING, /* where the piece lies is still being read; `bytes` is not known */
	PEN_SENDING_FOUND, /* its packets leave as they may */
};

struct pen_sending {
	uint64_t nonce; /* the receiver's, in every packet */
	uint64_t offset; /* of the piece in its file; bytes */
	uint32_t id; /* the receiver's number of the slot */
	uint32_t handle; /* the file, held while the slot is open (store/handles.h) */
	uint32_t entry; /* of the cache, held while packets leave (store/cache.h), or
			   PEN_SENDING_NONE */
	uint32_t bytes; /* of the piece: 1 to PEN_WIRE_PIECE_BYTES_MAX */
	uint32_t piece; /* as asked: piece, block and kind are of use while LOCATING */
	uint16_t packets; /* of the piece: 1 to PEN_WIRE_SLOT_PACKETS_MAX */
	uint16_t first, end; /* sent unasked: first <= index < end <= packets; LOCATING: as asked */
	uint16_t next; /* index of the first of those that was never sent; end: none */
	uint16_t again; /* bits set in missing */
	uint8_t kind, block; /* as asked */
	uint8_t blocks; /* of the piece, in all */
	uint8_t size; /* enum pen_wire_size */
	uint8_t state; /* enum pen_sending_state */
	uint64_t missing[PEN_WIRE_MISSING_WORDS_MAX]; /* asked for again: bit i & 63 of word i / 64
						       */
};

struct pen_sendings {
	uint16_t used; /* bit i: place i is open */
	uint8_t count; /* open */
	uint8_t order[PEN_WIRE_SLOTS_MAX]; /* places in `slots`, the oldest first: `count` of them
					    */
	struct pen_sending slots[PEN_WIRE_SLOTS_MAX];
};

/* The open slot with this number, or NULL. */
struct pen_sending *pen_sendings_find(struct pen_sendings *slots, uint32_t id);

/* The i-th open slot, the oldest first; i < count. */
struct pen_sending *pen_sendings_nth(struct pen_sendings *slots, unsigned i);

/* Open a slot as `asked` (borrowed): no open one has its number, and count < PEN_WIRE_SLOTS_MAX. It
 * is LOCATING, without file and entry. */
struct pen_sending *pen_sendings_open(
	struct pen_sendings *slots, const struct pen_wire_slot *asked);

/* Close an open slot; its handle and entry were given back by the caller. */
void pen_sendings_close(struct pen_sendings *slots, struct pen_sending *slot);

/* The piece was found: `bytes` of it (1 to PEN_WIRE_PIECE_BYTES_MAX) at `offset` of its file. */
void pen_sending_found(struct pen_sending *slot, uint64_t offset, uint32_t bytes, uint32_t blocks);

/* Packets that are still to be sent. */
uint32_t pen_sending_left(const struct pen_sending *slot);

/* A section of a PULL (decoded, borrowed) names packets of this slot's piece that are to be sent
 * (again). Returns how many are more now. */
uint32_t pen_sending_again(struct pen_sending *slot, const struct pen_wire_missing *missing);

/* Take up to max packets to send now; their indices go to `out`, and count as sent. Returns how
 * many. */
unsigned pen_sending_take(struct pen_sending *slot, uint16_t *out, unsigned max);

#endif
