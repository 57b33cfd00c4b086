/*
 * cells: one block cut into small buffers of one size, for packets that are put together rather
 * than cut out of a part: what is sent must lie in an arena (port/net.h) until it is reaped.
 *
 * Taken at open, given back one by one; no cell crosses the block. One thread.
 */
#ifndef PEN_MEM_CELLS_H
#define PEN_MEM_CELLS_H

#include "mem/block.h"

/* No cell. */
#define PEN_CELL_NONE UINT32_MAX

/* Zeroed is closed. */
struct pen_cells {
	struct pen_block *block; /* held from init to fini */
	uint32_t bytes; /* of a cell */
	uint32_t count; /* in the block */
	uint32_t free; /* cells on the stack */
	uint32_t *stack; /* indices of free cells; the last is taken first */
};

/* Cut a block of the pool into cells of `bytes` (64 to PEN_BLOCK_BYTES, a multiple of 64). 0 or
 * -ENOMEM. */
int pen_cells_init(struct pen_cells *cells, struct pen_block_pool *pool, uint32_t bytes);

/* Give the block back; no cell is in use, or its user has gone together with the device that kept
 * it. NULL and zeroed are fine. */
void pen_cells_fini(struct pen_cells *cells);

/* A free cell, whatever is in it, or PEN_CELL_NONE. */
uint32_t pen_cells_take(struct pen_cells *cells);

/* Give back a cell that is in use. */
void pen_cells_put(struct pen_cells *cells, uint32_t cell);

/* The memory of a cell. */
uint8_t *pen_cells_at(const struct pen_cells *cells, uint32_t cell);

#endif
