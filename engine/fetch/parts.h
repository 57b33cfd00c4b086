/*
 * parts: the parts of one state, what is still wanted of them, and which server has which.
 *
 * Servers tell windows of 8,192 parts (wire/wire.h, HAVE); what was told stays until it is told
 * anew. The next part to begin is the one that fewest servers have, because it is the first to be
 * gone when one leaves, and of those the lowest. All memory is taken by open: about ten bytes a
 * part. One thread.
 */
#ifndef PEN_FETCH_PARTS_H
#define PEN_FETCH_PARTS_H

#include "fetch/hauls.h"

enum pen_parts_state {
	PEN_PARTS_WANTED,
	PEN_PARTS_BEGUN, /* a haul for it runs, or its pieces are being proved */
	PEN_PARTS_DONE, /* here for good, or never wanted */
	PEN_PARTS_STATES,
};

struct pen_parts {
	uint32_t n; /* parts of the state */
	uint32_t count[PEN_PARTS_STATES];
	uint8_t *state; /* of each */
	uint8_t *holders; /* servers that have each */
	uint8_t *held; /* PEN_HAUL_PEERS bitmaps of row_bytes: server, then part */
	size_t row_bytes;
};

/*
 * All n parts (1 to PEN_WIRE_PARTS_MAX) are wanted, but for those set in `skip` (bit i & 7 of byte
 * i >> 3; may be NULL). 0 or -ENOMEM (nothing to close).
 */
int pen_parts_open(struct pen_parts *parts, uint32_t n, const uint8_t *skip);

/* NULL and zeroed are fine. */
void pen_parts_close(struct pen_parts *parts);

/* Bytes that open takes. */
uint64_t pen_parts_bytes(uint32_t n);

/* A server told a window (decoded: within n): `bits` has pen_wire_window_bytes of it. */
void pen_parts_told(struct pen_parts *parts, unsigned peer, uint32_t window, const uint8_t *bits);

/* One bit of that is known to be wrong. */
void pen_parts_lacks(struct pen_parts *parts, unsigned peer, uint32_t part);

/* A server is gone: it has nothing. */
void pen_parts_leave(struct pen_parts *parts, unsigned peer);

bool pen_parts_has(const struct pen_parts *parts, unsigned peer, uint32_t part);

/* Servers that have a part. */
uint64_t pen_parts_holders(const struct pen_parts *parts, uint32_t part);

/* The next part to begin: wanted, and some server has it; PEN_HAUL_NONE if there is none. */
uint32_t pen_parts_next(const struct pen_parts *parts);

/* A part's state is another from now on. */
void pen_parts_set(struct pen_parts *parts, uint32_t part, enum pen_parts_state state);

#endif
