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
 * A place may have a second slot for a while, a *trial*: its first few packets, in a larger size
 * that the path may carry or not (fetch/sizes.h). The slot itself begins behind them. When the
 * trial ends, what it did not bring is asked for in the slot's own size, so a size that fails costs
 * no more than these packets. And when a path no longer carries the slot's size, the place goes on
 * in another: what came stays.
 *
 * Life: open (a free place becomes busy) .. close. The block is the caller's: it has one count for
 * the place from open on, and takes it over or puts it at close. With the first packet it is
 * changed for a warm one of its pool (mem/block.h), so that until then nobody else may use it.
 * Fields are to be read, not written. No allocation; one thread; time is an argument.
 */
#ifndef PEN_FETCH_PLACE_H
#define PEN_FETCH_PLACE_H

#include <stdbool.h>

#include "fetch/run.h"
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

/* A few packets of a larger size. Zeroed: there is none. */
struct pen_place_trial {
	uint32_t slot; /* its own number and nonce */
	uint64_t nonce;
	enum pen_wire_size size;
	uint32_t packets; /* from the piece's first on; at most PEN_SIZES_TRIAL_PACKETS */
	uint32_t came; /* bit i: packet i did */
	int64_t due_ns; /* when it ends if nothing more comes; INT64_MAX: not known yet */
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
	uint32_t came_bytes; /* of the piece, as of the last PULL to its server */
	uint64_t losses; /* of its stream, when something of it came last: whoever feeds it sets it
			  */
	struct pen_place_trial trial;
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
	struct pen_place_trial trial; /* slot, nonce, size above the place's, packets: less than
					 there are, if that is known; 0: none */
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

/* What the trial shows so far. */
enum pen_place_verdict {
	PEN_PLACE_UNDECIDED,
	PEN_PLACE_PASSED, /* half of its full packets came, no accident */
	PEN_PLACE_FAILED, /* none did, although what was sent behind them came, or nothing is to be
			   */
};
enum pen_place_verdict pen_place_tried(const struct pen_place *place);

/* Does the place have a trial that is all of the piece, so that nothing is sent behind it? */
bool pen_place_all_tried(const struct pen_place *place);

/* The trial is over: what is missing of it is asked for in the slot's size. */
void pen_place_try_end(struct pen_place *place, int64_t now_ns);

/* Go on in another size, under another slot number and nonce: nothing came of that yet, and OPENED
 * has not said so, but what came before stays. The place is neither free nor whole, and has no
 * trial. */
void pen_place_resize(struct pen_place *place, enum pen_wire_size size, uint32_t slot,
	uint64_t nonce, const struct pen_recv_view *view);

/* How many packets from this one on, of `bytes` each, would be fresh here, and full: several make a
 * run. */
uint32_t pen_place_fresh(
	const struct pen_place *place, const struct pen_wire_data *data, uint32_t bytes);

/* DATA packets for this slot number, or its trial's: one, or a run of as many as are fresh. */
enum pen_place_came pen_place_put(
	struct pen_place *place, const struct pen_run *run, int64_t now_ns);

/* Of a place that has a trial: as pen_place_left. */
uint32_t pen_place_left_with_trial(const struct pen_place *place);

/* Packets still to come, as far as is known, the trial's too; 0 if whole. */
static inline uint32_t pen_place_left(const struct pen_place *place)
{
	if (place->state == PEN_PLACE_FREE)
		return 0;
	/* Seldom; and this is for each packet. */
	if (place->recv.held)
		return pen_place_left_with_trial(place);
	return place->recv.packets - place->recv.got;
}

/* Bytes that may still come: what the place may claim of a credit. */
uint64_t pen_place_left_bytes(const struct pen_place *place);

/* A PULL left: note how much has come. */
void pen_place_pulled(struct pen_place *place);

#endif
