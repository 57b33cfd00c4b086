#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "mem/cells.h"

Test(mem_cells, every_cell_is_its_own)
{
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_cells cells, more;
	struct pen_arena_ask ask = {.bytes = PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&arena, &ask, NULL), 0);
	cr_assert_eq(pen_block_pool_init(&pool, &arena, 1), 0);
	cr_assert_eq(pen_cells_init(&cells, &pool, 1280), 0);
	cr_expect_eq(pen_cells_init(&more, &pool, 1280), -ENOMEM);
	cr_expect_eq(cells.count, PEN_BLOCK_BYTES / 1280);
	for (uint32_t i = 0; i < cells.count; i++)
		memset(pen_cells_at(&cells, pen_cells_take(&cells)), (int)i, 1280);
	cr_expect_eq(pen_cells_take(&cells), PEN_CELL_NONE);
	for (uint32_t i = 0; i < cells.count; i++) {
		cr_expect(pen_arena_holds(&arena, pen_cells_at(&cells, i), 1280));
		for (uint32_t j = 0; j < 1280; j++)
			cr_assert_eq(pen_cells_at(&cells, i)[j], (uint8_t)i);
	}
	pen_cells_put(&cells, 7);
	cr_expect_eq(pen_cells_take(&cells), 7);
	for (uint32_t i = 0; i < cells.count; i++)
		pen_cells_put(&cells, i);
	pen_cells_fini(&cells);
	pen_cells_fini(&cells);
	pen_cells_fini(NULL);
	cr_expect_eq(pool.free, 1);
	pen_block_pool_fini(&pool);
	pen_arena_close(&arena);
}
