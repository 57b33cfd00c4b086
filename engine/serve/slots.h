/*
 * slots: the pieces that one session has asked for and is being sent.
 *
 * A slot is one piece in flight (wire/wire.h): its bytes cut into packets of one size, sent in
 * order of their index, and again when the receiver names them. The server remembers where the
 * piece lies and which packets are still to be sent. It knows nothing of what arrived, and has no
 * timers: what is not asked for again is forgotten.
 *
 * The oldest slot comes first, and in it what was asked for again before what was never sent: a
 * piece that is finished early is proved early. Only what was sent once can be asked for again; the
 * rest of such a request is ignored, because it will be sent anyway. And a request counts only if
 * its sender has seen past the last packet that was sent again: else it was made before that
 * packet could come.
 *
 * Pure: no memory of its own, no time. Zeroed is empty. One thread.
 */
#ifndef PEN_SERVE_SLOTS_H
#define PEN_SERVE_SLOTS_H

#include <stdbool.h>

#include "wire/piece.h"

/* No entry of the cache; no file. */
#define PEN_SLOT_NONE UINT32_MAX

enum pen_slot_state {
	PEN_SLOT_LOCATING, /* where the piece lies is still being read; `bytes` is not known */
	PEN_SLOT_SENDING, /* its packets leave as they may */
};

struct pen_slot {
	uint64_t nonce; /* the receiver's, in every packet */
	uint64_t offset; /* of the piece in its file; bytes */
	uint64_t again_seq; /* 1 + seq of the last packet that was sent again; 0: none was */
	uint32_t id; /* the receiver's number of the slot */
	uint32_t handle; /* the file, held while the slot is open (store/handles.h) */
	uint32_t entry; /* of the cache, held while packets leave (store/cache.h), or
			   PEN_SLOT_NONE */
	uint32_t bytes; /* of the piece: 1 to PEN_WIRE_PIECE_BYTES_MAX */
	uint32_t piece; /* as asked; of use while LOCATING */
	uint16_t packets; /* 1 to PEN_WIRE_SLOT_PACKETS_MAX */
	uint16_t next; /* index of the first packet that was never sent; `packets`: none */
	uint16_t again; /* bits set in missing */
	uint8_t block; /* as asked */
	uint8_t size; /* enum pen_wire_size */
	uint8_t state; /* enum pen_slot_state */
	uint64_t missing[PEN_WIRE_MISSING_WORDS_MAX]; /* asked for again: bit i & 63 of word i / 64
						       */
};

struct pen_slots {
	uint16_t used; /* bit i: place i is open */
	uint8_t count; /* open */
	uint8_t order[PEN_WIRE_SLOTS_MAX]; /* places in `slots`, the oldest first: `count` of them
					    */
	struct pen_slot slots[PEN_WIRE_SLOTS_MAX];
};

/* The open slot with this number, or NULL. */
struct pen_slot *pen_slots_find(struct pen_slots *slots, uint32_t id);

/* The i-th open slot, the oldest first; i < count. */
struct pen_slot *pen_slots_nth(struct pen_slots *slots, unsigned i);

/* Open a slot as `asked` (borrowed): no open one has its number, and count < PEN_WIRE_SLOTS_MAX. It
 * is LOCATING, without file and entry. */
struct pen_slot *pen_slots_open(struct pen_slots *slots, const struct pen_wire_slot *asked);

/* Close an open slot; its handle and entry were given back by the caller. */
void pen_slots_close(struct pen_slots *slots, struct pen_slot *slot);

/* The piece was found: `bytes` of it (1 to PEN_WIRE_PIECE_BYTES_MAX) at `offset` of its file. */
void pen_slot_found(struct pen_slot *slot, uint64_t offset, uint32_t bytes);

/* Packets that are still to be sent. */
uint32_t pen_slot_left(const struct pen_slot *slot);

/* Bytes of the piece before packet `index`, and in it. */
uint32_t pen_slot_packet_at(const struct pen_slot *slot, uint32_t index);
uint32_t pen_slot_packet_bytes(const struct pen_slot *slot, uint32_t index);

/*
 * A section of a PULL names packets of this slot (decoded, borrowed), and its sender has seen all
 * that comes of the packets below `seen`. It takes the place of what was asked for before. Whether
 * it counted.
 */
bool pen_slot_again(struct pen_slot *slot, const struct pen_wire_missing *missing, uint64_t seen);

/*
 * Take up to max packets to send now, of which the first will have number `seq` in the session;
 * their indices go to `out`, and count as sent. Returns how many.
 */
unsigned pen_slot_take(struct pen_slot *slot, uint64_t seq, uint16_t *out, unsigned max);

#endif
