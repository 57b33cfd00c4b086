/* Blocks and their counts; what breaks a promise aborts. */
#include "mem/block.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>

#include "base/rng.h"

#define BLOCKS 4u

static struct pen_arena arena;
static struct pen_block_pool pool;

static void open_pool(void)
{
	struct pen_arena_ask ask = {.bytes = BLOCKS * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&arena, &ask, NULL), 0);
	cr_assert_eq(pen_block_pool_init(&pool, &arena, BLOCKS), 0);
}

static void close_pool(void)
{
	pen_block_pool_fini(&pool);
	pen_arena_close(&arena);
}

TestSuite(mem_block, .init = open_pool, .fini = close_pool);

Test(mem_block, hands_out_each_block_once)
{
	struct pen_block *blocks[BLOCKS];
	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = pen_block_take(&pool);
		cr_assert_not_null(blocks[i]);
		cr_assert_eq((uintptr_t)blocks[i]->at % PEN_BLOCK_BYTES, 0);
		memset(blocks[i]->at, (int)i, PEN_BLOCK_BYTES);
		cr_assert_eq(pen_block_of(&pool, blocks[i]->at + 12345), blocks[i]);
	}
	cr_assert_null(pen_block_take(&pool));
	for (unsigned i = 0; i < BLOCKS; i++)
		cr_assert_eq(blocks[i]->at[PEN_BLOCK_BYTES - 1], i);
	pen_block_put(blocks[2]);
	cr_assert_eq(pen_block_take(&pool), blocks[2], "the one last used is warm");
	for (unsigned i = 0; i < BLOCKS; i++)
		pen_block_put(blocks[i]);
	cr_assert_eq(pool.free, BLOCKS);
	cr_assert_eq(pool.free_min, 0);
	cr_assert_null(pen_block_of(&pool, arena.at + arena.bytes));
	cr_assert_null(pen_block_of(&pool, arena.at - 1));
}

/* Who takes early takes what is cold, and has the warmest when it is needed. */
Test(mem_block, changes_cold_for_warm)
{
	struct pen_block *cold = pen_block_take_cold(&pool), *warm = pen_block_take(&pool);
	cr_assert_eq(cold, &pool.blocks[BLOCKS - 1]);
	cr_assert_eq(warm, &pool.blocks[0]);
	pen_block_put(warm);
	cr_assert_eq(pen_block_warm(cold), warm);
	cr_assert_eq(pool.free, BLOCKS - 1);
	cr_assert_eq(pool.free_min, BLOCKS - 2);
	memset(warm->at, 1, PEN_BLOCK_BYTES);
	cr_assert_eq(pen_block_take_cold(&pool), cold, "it went behind all others");
	/* One is free, and goes to and fro. */
	struct pen_block *other = pen_block_take(&pool), *last = pen_block_take(&pool);
	cr_assert_eq(pen_block_warm(warm), warm, "none is free");
	pen_block_put(other);
	cr_assert_eq(pen_block_warm(last), other);
	cr_assert_eq(pen_block_warm(other), last);
	cr_assert_eq(pen_block_take(&pool), other);
	cr_assert_eq(pool.free, 0);
}

Test(mem_block, is_free_at_the_last_put)
{
	struct pen_block *block = pen_block_take(&pool);
	pen_block_get(block);
	pen_block_get(block);
	pen_block_put(block);
	pen_block_put(block);
	cr_assert_eq(pool.free, BLOCKS - 1);
	block->at[0] = 1;
	pen_block_put(block);
	cr_assert_eq(pool.free, BLOCKS);
	pen_block_put(NULL);
}

/* What the pool says against our own count of users a block. */
static void compare(const unsigned refs[BLOCKS])
{
	unsigned used = 0;
	for (unsigned i = 0; i < BLOCKS; i++) {
		cr_assert_eq(pool.blocks[i].refs, refs[i]);
		used += refs[i] > 0;
	}
	cr_assert_eq(pool.free, BLOCKS - used);
}

Test(mem_block, keeps_count_over_many_turns)
{
	enum { HELD_MAX = 64 };
	struct pen_rng rng = {7};
	struct pen_block *held[HELD_MAX + 1] = {0}, *block;
	unsigned count = 0, refs[BLOCKS] = {0};
	for (unsigned turn = 0; turn < 10000; turn++) {
		unsigned at = (unsigned)pen_rng_below(&rng, count + 1);
		if (count == HELD_MAX || (count && pen_rng_below(&rng, 2))) {
			at %= count;
			refs[held[at] - pool.blocks]--;
			pen_block_put(held[at]);
			held[at] = held[--count];
		} else if (at < count) {
			pen_block_get(held[at]);
			refs[held[at] - pool.blocks]++;
			held[count++] = held[at];
		} else if ((block = turn % 3 ? pen_block_take(&pool)
					     : pen_block_take_cold(&pool))) {
			if (turn % 2)
				block = pen_block_warm(block);
			refs[block - pool.blocks]++;
			held[count++] = block;
		}
		compare(refs);
	}
	while (count)
		pen_block_put(held[--count]);
	cr_assert_eq(pool.free, BLOCKS);
}

Test(mem_block, takes_no_more_than_the_arena_has)
{
	struct pen_block_pool other = {0};
	cr_assert_eq(pen_block_pool_init(&other, &arena, 1), -ENOMEM);
	pen_block_pool_fini(&other);
	pen_block_pool_fini(NULL);
}

Test(mem_block, aborts_at_a_put_too_many, .signal = SIGABRT)
{
	struct pen_block *block = pen_block_take(&pool);
	pen_block_put(block);
	pen_block_put(block);
}

Test(mem_block, aborts_at_a_get_of_a_free_block, .signal = SIGABRT)
{
	struct pen_block *block = pen_block_take(&pool);
	pen_block_put(block);
	pen_block_get(block);
}
