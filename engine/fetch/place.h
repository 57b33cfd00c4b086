/*
 * place: one piece on its way from one server: its slot, its packets, and the block they go to.
 *
 * A DATA packet says where it belongs: the slot by number, its bytes by index. Before a byte is
 * written it is known that the packet is of this slot (nonce), of the right length for its index,
 * and undamaged in its header (peer/channel.h's check, by the caller). So packets may come in any
 * order, twice or late, and what does not belong here changes nothing.
 *
 * How long the piece is may be known before (from a catalogue entry) or be said by OPENED; until
 * then packets are placed all the same, and a short one says where the piece ends. A length that
 * contradicts what came is the server's fault, and the place is good for nothing.
 *
 * Life: open (a free place becomes busy) .. close. The block is the caller's: it has one count for
 * the place from open on, and takes it over or puts it at close. With the first packet it is
 * changed for a warm one of its pool (mem/block.h), so that until then nobody else may use it.
 * Fields are to be read, not written. No allocation; one thread; time is an argument.
 */
#ifndef PEN_FETCH_PLACE_H
#define PEN_FETCH_PLACE_H

#include <stdbool.h>

#include "flow/recv.h"
#include "mem/block.h"
#include "mem/frame.h"
#include "wire/piece.h"

/* Which bytes of a state or object: what an OPEN names beside root, N and form. */
struct pen_piece {
	uint32_t part, piece;
	uint8_t kind; /* enum pen_wire_kind */
	uint8_t block; /* of the piece, in MiB */
};

enum pen_place_state {
	PEN_PLACE_FREE,
	PEN_PLACE_ASKED, /* OPEN left or is about to; no OPENED yet */
	PEN_PLACE_OPENED, /* the server said so */
	PEN_PLACE_WHOLE, /* every packet is here */
};

struct pen_place {
	enum pen_place_state state;
	unsigned peer; /* who sends it */
	struct pen_piece piece;
	uint32_t slot; /* number on the wire */
	uint64_t nonce;
	enum pen_wire_size size;
	uint32_t bytes; /* of the piece; 0: not known yet */
	uint32_t blocks; /* of the piece in all, as OPENED said; 0: it has not */
	bool parted; /* the piece may have more than one block: a full one waits for OPENED */
	struct pen_block *block; /* where packets go */
	int64_t opened_ns; /* when it was asked for */
	uint64_t losses; /* of its stream, when something of it came last: whoever feeds it sets it
			  */
	struct pen_recv recv;
};

/* What a place is opened with. */
struct pen_place_ask {
	unsigned peer;
	struct pen_piece piece;
	uint32_t slot;
	uint64_t nonce;
	enum pen_wire_size size;
	uint32_t bytes; /* at most PEN_WIRE_PIECE_BYTES_MAX; 0: not known */
	bool parted; /* as in struct pen_place */
	struct pen_block *block; /* one count of it goes to the place */
};

/* What became of a packet. */
enum pen_place_came {
	PEN_PLACE_NEW,
	PEN_PLACE_DUPLICATE,
	PEN_PLACE_NONCE, /* not of this piece */
	PEN_PLACE_LENGTH, /* beyond the piece, or not as long as it has to be */
	PEN_PLACE_CAMES,
};

/* A free place is busy from now on; `view` is of the session that serves it. */
void pen_place_open(
	struct pen_place *place, const struct pen_place_ask *ask, const struct pen_recv_view *view);

/* The place is free again. The block it had is returned: its count is the caller's now. */
struct pen_block *pen_place_close(struct pen_place *place);

/*
 * OPENED says how long the piece is (1 to PEN_WIRE_PIECE_BYTES_MAX, as decoded) and of how many
 * blocks. False if that contradicts what is known or came. Repetitions are fine.
 */
bool pen_place_opened(struct pen_place *place, uint32_t bytes, uint32_t blocks);

/* A DATA packet for this slot number; `slice` is the whole packet, borrowed for the call. */
enum pen_place_came pen_place_put(struct pen_place *place, const struct pen_wire_data *data,
	const struct pen_slice *slice, int64_t now_ns);

/* Packets still to come, as far as is known; 0 if whole. */
uint32_t pen_place_left(const struct pen_place *place);

/* Bytes that may still come: what the place may claim of a credit. */
uint64_t pen_place_left_bytes(const struct pen_place *place);

#endif
