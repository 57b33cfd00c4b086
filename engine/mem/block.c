#include "mem/block.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "mem/poison.h"

int pen_block_pool_init(struct pen_block_pool *pool, struct pen_arena *arena, unsigned count)
{
	PEN_CHECK(count > 0);
	struct pen_block *blocks = calloc(count, sizeof *blocks);
	uint8_t *at = blocks ? pen_arena_carve(arena, count) : NULL;
	if (!at) {
		free(blocks);
		return -ENOMEM;
	}
	*pool = (struct pen_block_pool){
		.blocks = blocks, .count = count, .free = count, .free_min = count};
	for (unsigned i = 0; i < count; i++)
		blocks[i] = (struct pen_block){
			.at = at + i * PEN_BLOCK_BYTES, .pool = pool, .next = i + 1};
	pen_poison(at, count * PEN_BLOCK_BYTES);
	return 0;
}

void pen_block_pool_fini(struct pen_block_pool *pool)
{
	if (!pool || !pool->blocks)
		return;
	/* The next who maps these addresses starts afresh. */
	pen_unpoison(pool->blocks[0].at, pool->count * PEN_BLOCK_BYTES);
	free(pool->blocks);
	*pool = (struct pen_block_pool){0};
}

struct pen_block *pen_block_take(struct pen_block_pool *pool)
{
	if (!pool->free)
		return NULL;
	PEN_CHECK(pool->first_free < pool->count);
	struct pen_block *block = &pool->blocks[pool->first_free];
	PEN_CHECK(block->refs == 0);
	pool->first_free = block->next;
	pool->free--;
	if (pool->free < pool->free_min)
		pool->free_min = pool->free;
	block->refs = 1;
	pen_unpoison(block->at, PEN_BLOCK_BYTES);
	return block;
}

void pen_block_get(struct pen_block *block)
{
	PEN_CHECK(block->refs > 0);
	PEN_CHECK(block->refs < UINT32_MAX);
	block->refs++;
}

void pen_block_put(struct pen_block *block)
{
	if (!block)
		return;
	PEN_CHECK(block->refs > 0);
	if (--block->refs)
		return;
	struct pen_block_pool *pool = block->pool;
	PEN_CHECK(pool->free < pool->count);
	block->next = pool->first_free;
	pool->first_free = (uint32_t)(block - pool->blocks);
	pool->free++;
	pen_poison(block->at, PEN_BLOCK_BYTES);
}

struct pen_block *pen_block_of(const struct pen_block_pool *pool, const void *at)
{
	PEN_CHECK(pool->blocks);
	uintptr_t offset = (uintptr_t)at - (uintptr_t)pool->blocks[0].at;
	size_t index = offset / PEN_BLOCK_BYTES;
	return index < pool->count ? &pool->blocks[index] : NULL;
}
