/*
 * outbox: packets on their way to the port: what the device has not taken yet, and what it has and
 * has not given back.
 *
 * DATA packets are a header and a stretch of a block of the cache, which is held until the device
 * is done with all that point into it. All others are copied into a cell (mem/cells.h). Packets
 * leave in order; those of one session are put in side by side, as a run that shares one path, so
 * that the device can send them in one go. Nothing waits: a device that takes nothing leaves them
 * here, and when the outbox is full nobody may put more in.
 *
 * Tags carry the owner's byte in their upper 8 bits, so that several may send by one queue, and
 * whoever reaps it can tell whose they are. Fixed memory; one thread, that of the queue.
 */
#ifndef PEN_SERVE_OUTBOX_H
#define PEN_SERVE_OUTBOX_H

#include "mem/cells.h"
#include "port/net.h"
#include "store/cache.h"
#include "wire/encode.h"

/* Frames that wait here: two bursts, so that one can be filled while the other is refused. A power
 * of two: they lie in a ring. */
#define PEN_OUTBOX_FRAMES (2 * PEN_NET_BURST_MAX)
/* A cell: the largest packet that is no DATA, to whole cache lines. */
#define PEN_OUTBOX_CELL_BYTES 1280u
/* Where the owner's byte stands in a tag. */
#define PEN_OUTBOX_OWNER_SHIFT 56

struct pen_outbox {
	struct pen_net *net; /* borrowed */
	unsigned queue;
	uint64_t owner; /* shifted */
	struct pen_cache *cache; /* borrowed */
	struct pen_cells cells;
	uint32_t *flying; /* by entry of the cache: frames that point into it; while there are any,
			     the entry is held once */
	struct pen_frame *frames; /* a ring of PEN_OUTBOX_FRAMES; those from head on wait */
	struct pen_net_path *paths; /* as many: a run's path lies at the place of its last frame */
	uint32_t head, count;
	uint32_t taken; /* frames that the device has */
	uint64_t left; /* frames that it took, ever */
	uint64_t no_cell; /* packets that were dropped because the device kept all cells */
	uint64_t packets, data; /* put in: all, and those with payload */
};

struct pen_outbox_config {
	struct pen_net *net; /* borrowed until close, like the rest */
	unsigned queue;
	uint8_t owner; /* of the tags */
	struct pen_cache *cache;
	struct pen_block_pool *pool; /* has one more block */
};

/* 0 or -ENOMEM. */
int pen_outbox_open(struct pen_outbox *outbox, const struct pen_outbox_config *config);

/* The port is closed: whatever it had counts as returned. NULL and zeroed are fine. */
void pen_outbox_close(struct pen_outbox *outbox);

/* Frames that may be put in. */
uint32_t pen_outbox_room(const struct pen_outbox *outbox);

/* A packet of `bytes` that is copied. False: there is no room or no cell, and it is lost. */
bool pen_outbox_packet(struct pen_outbox *outbox, const struct pen_net_path *path,
	const struct pen_wire_packet *packet, size_t bytes);

/* Packets of a piece, to one receiver. */
struct pen_outbox_run {
	const struct pen_net_path *path; /* copied */
	const struct pen_wire_data *heads; /* of each, copied; `index` says which payload it is */
	const uint8_t *piece; /* in the block of the entry */
	uint32_t piece_bytes;
	uint32_t payload_bytes; /* of each packet of the piece but the last */
	uint32_t entry; /* of the cache, held by the caller; held here too until all is reaped */
	uint8_t flags; /* enum pen_frame_flags, of each */
	unsigned count; /* at least 1; there is room for them */
};

/* Put a run in, borrowed for the call. */
void pen_outbox_data(struct pen_outbox *outbox, const struct pen_outbox_run *run);

/* Offer what waits to the device. How many frames it took. */
unsigned pen_outbox_flush(struct pen_outbox *outbox, int64_t now_ns);

/* Whether a tag is of this outbox. */
bool pen_outbox_owns(const struct pen_outbox *outbox, uint64_t tag);

/* The device is done with the frame of this tag, which is of this outbox. */
void pen_outbox_done(struct pen_outbox *outbox, uint64_t tag);

/* Reap a queue that nobody else sends by. How many tags came. */
unsigned pen_outbox_reap(struct pen_outbox *outbox);

#endif
