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
	*pool = (struct pen_block_pool){.blocks = blocks,
		.count = count,
		.free = count,
		.last_free = count - 1,
		.free_min = count};
	for (unsigned i = 0; i < count; i++)
		blocks[i] = (struct pen_block){.at = at + i * PEN_BLOCK_BYTES,
			.pool = pool,
			.next = i + 1,
			.prev = i ? i - 1 : count};
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

/* A free block leaves the list, and has one user. */
static struct pen_block *detach(struct pen_block_pool *pool, uint32_t index)
{
	PEN_CHECK(index < pool->count);
	struct pen_block *block = &pool->blocks[index];
	PEN_CHECK(block->refs == 0);
	if (block->prev < pool->count)
		pool->blocks[block->prev].next = block->next;
	else
		pool->first_free = block->next;
	if (block->next < pool->count)
		pool->blocks[block->next].prev = block->prev;
	else
		pool->last_free = block->prev;
	block->refs = 1;
	pen_unpoison(block->at, PEN_BLOCK_BYTES);
	return block;
}

/* A block that nobody uses joins the list: as the next one to be taken, or the last. */
static void attach(struct pen_block *block, bool warm)
{
	struct pen_block_pool *pool = block->pool;
	uint32_t index = (uint32_t)(block - pool->blocks);
	PEN_CHECK(block->refs == 0);
	block->prev = warm ? pool->count : pool->last_free;
	block->next = warm ? pool->first_free : pool->count;
	if (block->prev < pool->count)
		pool->blocks[block->prev].next = index;
	else
		pool->first_free = index;
	if (block->next < pool->count)
		pool->blocks[block->next].prev = index;
	else
		pool->last_free = index;
	pen_poison(block->at, PEN_BLOCK_BYTES);
}

static struct pen_block *take(struct pen_block_pool *pool, uint32_t index)
{
	pool->free--;
	if (pool->free < pool->free_min)
		pool->free_min = pool->free;
	return detach(pool, index);
}

struct pen_block *pen_block_take(struct pen_block_pool *pool)
{
	return pool->free ? take(pool, pool->first_free) : NULL;
}

struct pen_block *pen_block_take_cold(struct pen_block_pool *pool)
{
	return pool->free ? take(pool, pool->last_free) : NULL;
}

struct pen_block *pen_block_warm(struct pen_block *cold)
{
	struct pen_block_pool *pool = cold->pool;
	PEN_CHECK(cold->refs == 1);
	if (!pool->free)
		return cold;
	struct pen_block *warm = detach(pool, pool->first_free);
	cold->refs = 0;
	attach(cold, false);
	return warm;
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
	pool->free++;
	attach(block, true);
}

struct pen_block *pen_block_of(const struct pen_block_pool *pool, const void *at)
{
	PEN_CHECK(pool->blocks);
	uintptr_t offset = (uintptr_t)at - (uintptr_t)pool->blocks[0].at;
	size_t index = offset / PEN_BLOCK_BYTES;
	return index < pool->count ? &pool->blocks[index] : NULL;
}
