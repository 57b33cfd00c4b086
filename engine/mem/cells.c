#include "mem/cells.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

int pen_cells_init(struct pen_cells *cells, struct pen_block_pool *pool, uint32_t bytes)
{
	PEN_CHECK(bytes >= 64);
	PEN_CHECK(bytes % 64 == 0);
	PEN_CHECK(bytes <= PEN_BLOCK_BYTES);
	*cells = (struct pen_cells){.bytes = bytes, .count = (uint32_t)(PEN_BLOCK_BYTES / bytes)};
	cells->block = pen_block_take(pool);
	cells->stack = calloc(cells->count, sizeof *cells->stack);
	if (!cells->block || !cells->stack) {
		pen_cells_fini(cells);
		return -ENOMEM;
	}
	for (uint32_t i = cells->count; i-- > 0;)
		cells->stack[cells->free++] = i;
	return 0;
}

void pen_cells_fini(struct pen_cells *cells)
{
	if (!cells)
		return;
	pen_block_put(cells->block);
	free(cells->stack);
	*cells = (struct pen_cells){.block = NULL};
}

uint32_t pen_cells_take(struct pen_cells *cells)
{
	return cells->free ? cells->stack[--cells->free] : PEN_CELL_NONE;
}

void pen_cells_put(struct pen_cells *cells, uint32_t cell)
{
	PEN_CHECK(cell < cells->count);
	PEN_CHECK(cells->free < cells->count);
	cells->stack[cells->free++] = cell;
}

uint8_t *pen_cells_at(const struct pen_cells *cells, uint32_t cell)
{
	PEN_CHECK(cell < cells->count);
	return cells->block->at + (size_t)cell * cells->bytes;
}
