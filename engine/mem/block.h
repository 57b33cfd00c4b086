/*
 * block: 1 MiB of an arena with a count of who uses it.
 *
 * A pool belongs to one core, its owner; only the owner takes, gets and puts, so counts are plain
 * integers. A block that another core works on goes there and comes back through a ring
 * (base/ring.h) while the owner keeps the count. Every take and get is answered by one put; the
 * last put makes the block free, and the next take may hand it out again (last in, first out:
 * its lines are still warm). Who takes a block long before anything is written to it takes a cold
 * one, and changes it for a warm one when it comes to that: so a few blocks go round in a core's
 * caches however many are taken.
 * What is cut out of a block (a slice) never reaches beyond it. Under ASan the memory of a free
 * block is poisoned, so that whoever kept a pointer is found.
 */
#ifndef PEN_MEM_BLOCK_H
#define PEN_MEM_BLOCK_H

#include "mem/arena.h"

struct pen_block_pool;

struct pen_block {
	uint8_t *at; /* PEN_BLOCK_BYTES of memory, aligned to them */
	struct pen_block_pool *pool; /* where it goes at the last put */
	uint32_t refs; /* users; 0: free */
	uint32_t next, prev; /* while free: indices of the next free one, put earlier, and of the
				one before; `count` if none */
};

/* Zeroed is closed. Fields are to be read, not written. */
struct pen_block_pool {
	struct pen_block *blocks; /* `count` of them, side by side in memory */
	uint32_t count, free; /* blocks in all, and those that nobody uses */
	uint32_t first_free, last_free; /* indices, `count` if none */
	uint32_t free_min; /* the fewest that were ever free */
};

/*
 * Make a pool of `count` (> 0) blocks carved from an arena. 0, -ENOMEM without a change: the arena
 * has not so many left, or there is no memory for the table. Control thread, before the owner
 * starts.
 */
int pen_block_pool_init(struct pen_block_pool *pool, struct pen_arena *arena, unsigned count);

/* Drop the table; the memory stays with the arena. Every block must be free, or its user gone
 * together with the device that kept it (port/net.h, close). NULL and zeroed are fine. */
void pen_block_pool_fini(struct pen_block_pool *pool);

/* A free block with a count of 1, or NULL if there is none. Its bytes are whatever they were. */
struct pen_block *pen_block_take(struct pen_block_pool *pool);

/* The same, the one that has been free for longest. */
struct pen_block *pen_block_take_cold(struct pen_block_pool *pool);

/* A block of one user, who has written nothing to it that matters, for the free one that was put
 * last: that has this user now, and the other is free behind all others. The same if none is free.
 */
struct pen_block *pen_block_warm(struct pen_block *cold);

/* One user more. The block is in use. */
void pen_block_get(struct pen_block *block);

/* One user less; at 0 the block is free again. NULL is fine. */
void pen_block_put(struct pen_block *block);

/* The block of the pool whose memory holds `at`, or NULL if none does. */
struct pen_block *pen_block_of(const struct pen_block_pool *pool, const void *at);

#endif
