/*
 * reach: from the name of a piece to the open file that has it, and where. For a lean part its head
 * is read on the way, which takes a while; everything else is known at once.
 *
 * Order: begin; if it says LATER, the head is being read: ask pen_reach_head when its entry of the
 * cache is no longer so. What a reach holds (a file, and the head's entry) goes with pen_reach_end.
 * One thread.
 */
#ifndef PEN_SERVE_REACH_H
#define PEN_SERVE_REACH_H

#include "serve/locate.h"
#include "store/cache.h"

/* Nothing is held. */
#define PEN_REACH_NONE UINT32_MAX

/* What pieces are reached through. All borrowed. */
struct pen_reacher {
	struct pen_locate_room room;
	struct pen_handles *handles;
	struct pen_cache *cache;
};

enum pen_reach_state {
	PEN_REACH_FOUND, /* offset, bytes and blocks say where */
	PEN_REACH_LATER, /* when the head is there */
	PEN_REACH_NOT_HELD,
	PEN_REACH_NOT_CACHED, /* held, but not in memory */
	PEN_REACH_BUSY, /* no place for a file or block just now */
	PEN_REACH_FAILED, /* the disk says no */
};

/* Where a piece is. */
struct pen_reach {
	uint32_t handle; /* the file, held; or PEN_REACH_NONE */
	uint32_t head; /* entry of the cache with the head, held while LATER; or PEN_REACH_NONE */
	uint64_t offset; /* of the piece in the file */
	uint32_t bytes; /* of it: 1 to PEN_WIRE_PIECE_BYTES_MAX */
	uint32_t blocks; /* of the whole piece */
};

/*
 * Look for an object (decoded). With `cached`, only what is in memory will do, and nothing is read.
 * Unless it says FOUND or LATER nothing is held.
 */
enum pen_reach_state pen_reach_begin(struct pen_reacher *reacher,
	const struct pen_wire_object *object, bool cached, struct pen_reach *reach);

/*
 * Which parts of a set from `first` on have their beginning in memory: those that somebody reads
 * just now. Sets bits (i of byte i >> 3: part first + i) of `count` parts, the others stay. Looks
 * at open files, not at parts: its cost has nothing to do with `count`.
 */
void pen_reach_cached(struct pen_reacher *reacher, const struct pen_catalog_set *set,
	uint32_t first, uint32_t count, uint8_t *bits);

/* After LATER: LATER still, or what became of it (of the object, kind, piece and block count). */
enum pen_reach_state pen_reach_head(
	struct pen_reacher *reacher, const struct pen_wire_object *object, struct pen_reach *reach);

/* Let go of what is held; may be called at any time, again too. */
void pen_reach_end(struct pen_reacher *reacher, struct pen_reach *reach);

#endif
