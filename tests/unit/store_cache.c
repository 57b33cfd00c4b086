#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/rng.h"
#include "fakes/disk.h"
#include "store/cache.h"

#define MIB ((uint32_t)PEN_BLOCK_BYTES)
#define FILE_BYTES (5 * (size_t)MIB + 12345)

/* A cache over one file of five and a bit blocks. */
struct room {
	struct fake_disk disk;
	struct pen_handles handles;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_cache cache;
	uint8_t *bytes;
	uint32_t handle;
};

static void room_open(struct room *room, uint32_t blocks, bool buffered)
{
	struct pen_rng rng = {17};
	memset(room, 0, sizeof *room);
	room->bytes = malloc(FILE_BYTES);
	pen_rng_bytes(&rng, room->bytes, FILE_BYTES);
	fake_disk_init(&room->disk, 4, 4096);
	if (buffered)
		room->disk.disk.align = 1;
	fake_disk_add(&room->disk, "f", (struct pen_bytes){room->bytes, FILE_BYTES}, 1);
	struct pen_arena_ask arena = {.bytes = blocks * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&room->arena, &arena, NULL), 0);
	cr_assert_eq(pen_block_pool_init(&room->pool, &room->arena, blocks), 0);
	cr_assert_eq(pen_handles_open(&room->handles, 2), 0);
	struct pen_cache_config config = {&room->handles, &room->pool, blocks, {&room->disk.disk}};
	cr_assert_eq(pen_cache_open(&room->cache, &config), 0);
	struct pen_handle_ask ask = {&room->disk.disk, "f", FILE_BYTES, 1, buffered};
	int handle = pen_handles_get(&room->handles, &ask);
	cr_assert_geq(handle, 0);
	room->handle = (uint32_t)handle;
}

static void room_close(struct room *room)
{
	pen_handles_put(&room->handles, room->handle);
	pen_cache_close(&room->cache);
	pen_handles_close(&room->handles);
	cr_expect_eq(room->disk.files[0].opens, 0);
	cr_expect_eq(room->pool.free, room->pool.count);
	pen_block_pool_fini(&room->pool);
	pen_arena_close(&room->arena);
	free(room->bytes);
}

static int get(struct room *room, uint64_t offset, uint32_t bytes)
{
	struct pen_cache_ask ask = {room->handle, offset, bytes};
	return pen_cache_get(&room->cache, &ask);
}

static void expect_bytes(struct room *room, int entry, uint64_t offset, uint32_t bytes)
{
	cr_assert_eq(pen_cache_state(&room->cache, (uint32_t)entry), PEN_CACHE_READY);
	const uint8_t *at = pen_cache_at(&room->cache, (uint32_t)entry, offset, bytes);
	cr_expect_eq(memcmp(at, room->bytes + offset, bytes), 0);
	cr_expect_eq((uintptr_t)at / MIB, ((uintptr_t)at + bytes - 1) / MIB);
}

/* Reads a stretch from the disk and gives it back. */
static void pass(struct room *room, uint64_t offset, uint32_t bytes)
{
	int entry = get(room, offset, bytes);
	cr_assert_geq(entry, 0);
	pen_cache_poll(&room->cache);
	expect_bytes(room, entry, offset, bytes);
	pen_cache_put(&room->cache, (uint32_t)entry);
}

Test(store_cache, a_block_is_read_once_for_all)
{
	struct room room;
	room_open(&room, 4, false);
	room.disk.allowed = 0;
	int a = get(&room, MIB, MIB);
	cr_expect_eq(pen_cache_state(&room.cache, (uint32_t)a), PEN_CACHE_QUEUED);
	cr_expect_eq(pen_cache_poll(&room.cache), 0);
	cr_expect_eq(pen_cache_state(&room.cache, (uint32_t)a), PEN_CACHE_READING);
	int b = get(&room, MIB, MIB);
	cr_expect_eq(a, b);
	cr_expect_eq(get(&room, MIB + 77, 100), a);
	room.disk.allowed = UINT_MAX;
	cr_expect_eq(pen_cache_poll(&room.cache), 1);
	expect_bytes(&room, a, MIB, MIB);
	cr_expect_eq(get(&room, 2 * (uint64_t)MIB - 1, 1), a);
	cr_expect_eq(room.disk.reads, 1);
	cr_expect_eq(room.cache.misses, 1);
	cr_expect_eq(room.cache.joins, 2);
	cr_expect_eq(room.cache.hits, 1);
	for (int i = 0; i < 4; i++)
		pen_cache_put(&room.cache, (uint32_t)a);
	room_close(&room);
}

Test(store_cache, stretches_of_any_place)
{
	static const struct {
		uint64_t offset;
		uint32_t bytes;
		unsigned reads; /* so far */
		bool buffered;
	} rows[] = {
		/* Aligned down to 4,096, then to the end of the block: 4096 .. 1 MiB + 4096. */
		{5000, 10, 1, false},
		{4096, 900, 1, false},
		{MIB - 100, 4196, 1, false},
		{MIB + 4000, 96, 1, false},
		{MIB + 4000, 97, 2, false},
		{4095, 10, 3, false},
		{FILE_BYTES - 1, 1, 4, false},
		{FILE_BYTES - 57, 57, 4, false},
		/* From the very byte on. */
		{5000, MIB, 1, true},
		{5001, MIB - 1, 1, true},
		{5001, MIB, 2, true},
		{FILE_BYTES - 5, 5, 3, true},
	};
	for (size_t i = 0; i < PEN_COUNT(rows);) {
		struct room room;
		bool buffered = rows[i].buffered;
		room_open(&room, 8, buffered);
		for (; i < PEN_COUNT(rows) && rows[i].buffered == buffered; i++) {
			pass(&room, rows[i].offset, rows[i].bytes);
			cr_expect_eq(room.disk.reads, rows[i].reads, "row %zu", i);
		}
		room_close(&room);
	}
}

Test(store_cache, the_one_unused_for_longest_makes_room)
{
	struct room room;
	room_open(&room, 3, false);
	for (uint32_t i = 0; i < 3; i++)
		pass(&room, i * (uint64_t)MIB, MIB);
	pass(&room, 0, MIB);
	cr_expect_eq(room.disk.reads, 3);
	pass(&room, 3 * (uint64_t)MIB, MIB);
	pass(&room, 0, MIB);
	cr_expect_eq(room.disk.reads, 4);
	cr_expect_eq(room.cache.evicted, 1);
	struct pen_cache_ask gone = {room.handle, MIB, MIB}, there = {room.handle, 0, 5};
	cr_expect_eq(pen_cache_find(&room.cache, &gone), -ENOENT);
	int entry = pen_cache_find(&room.cache, &there);
	cr_assert_geq(entry, 0);
	pen_cache_put(&room.cache, (uint32_t)entry);
	room_close(&room);
}

Test(store_cache, held_blocks_stay_and_then_it_is_full)
{
	struct room room;
	int held[3];
	room_open(&room, 3, false);
	for (uint32_t i = 0; i < 3; i++)
		held[i] = get(&room, i * (uint64_t)MIB, MIB);
	cr_expect_eq(get(&room, 4 * (uint64_t)MIB, MIB), -EAGAIN);
	pen_cache_poll(&room.cache);
	cr_expect_eq(get(&room, 4 * (uint64_t)MIB, MIB), -EAGAIN);
	cr_expect_eq(room.cache.full, 2);
	pen_cache_keep(&room.cache, (uint32_t)held[1]);
	pen_cache_put(&room.cache, (uint32_t)held[1]);
	cr_expect_eq(get(&room, 4 * (uint64_t)MIB, MIB), -EAGAIN);
	pen_cache_put(&room.cache, (uint32_t)held[1]);
	cr_expect_eq(get(&room, 4 * (uint64_t)MIB, MIB), held[1]);
	for (uint32_t i = 0; i < 3; i++)
		pen_cache_put(&room.cache, (uint32_t)held[i]);
	room_close(&room);
}

/* Also when the reader has gone meanwhile, and when the disk takes few at a time, in any order. */
Test(store_cache, reads_that_nobody_waits_for_end_well)
{
	struct room room;
	room_open(&room, 6, false);
	room.disk.newest_first = true;
	room.disk.allowed = 0;
	for (uint32_t i = 0; i < 6; i++)
		pen_cache_put(&room.cache, (uint32_t)get(&room, i * (uint64_t)MIB, 12345));
	pen_cache_poll(&room.cache);
	cr_expect_eq(room.disk.op_count, 4);
	cr_expect_eq(room.cache.queued, 2);
	cr_expect_eq(get(&room, 6 * (uint64_t)MIB - MIB, 1), 5);
	pen_cache_put(&room.cache, 5);
	room.disk.allowed = 3;
	cr_expect_eq(pen_cache_poll(&room.cache), 3);
	room.disk.allowed = UINT_MAX;
	cr_expect_eq(pen_cache_poll(&room.cache), 3);
	for (uint32_t i = 0; i < 6; i++)
		pass(&room, i * (uint64_t)MIB, 12345);
	cr_expect_eq(room.disk.reads, 6);
	room_close(&room);
}

Test(store_cache, closes_with_reads_in_flight)
{
	struct room room;
	room_open(&room, 6, false);
	room.disk.allowed = 0;
	for (uint32_t i = 0; i < 6; i++)
		pen_cache_put(&room.cache, (uint32_t)get(&room, i * (uint64_t)MIB, 12345));
	pen_cache_poll(&room.cache);
	room_close(&room);
}

Test(store_cache, a_failed_read_is_told_and_tried_again)
{
	struct room room;
	room_open(&room, 2, false);
	room.disk.err = -EIO;
	int entry = get(&room, 0, MIB);
	pen_cache_poll(&room.cache);
	cr_expect_eq(pen_cache_state(&room.cache, (uint32_t)entry), PEN_CACHE_FAILED);
	cr_expect_eq(room.cache.entries[entry].err, -EIO);
	room.disk.err = 0;
	int again = get(&room, 0, MIB);
	cr_expect_neq(again, entry);
	pen_cache_poll(&room.cache);
	expect_bytes(&room, again, 0, MIB);
	pen_cache_put(&room.cache, (uint32_t)entry);
	pen_cache_put(&room.cache, (uint32_t)again);
	/* A file that has become shorter. */
	room.disk.files[0].readable = MIB + 5;
	entry = get(&room, MIB, 5);
	pen_cache_poll(&room.cache);
	cr_expect_eq(pen_cache_state(&room.cache, (uint32_t)entry), PEN_CACHE_FAILED);
	pen_cache_put(&room.cache, (uint32_t)entry);
	cr_expect_eq(room.cache.failed, 2);
	room_close(&room);
}

Test(store_cache, takes_what_the_pool_has_or_nothing)
{
	struct room room;
	room_open(&room, 2, false);
	struct pen_cache other;
	struct pen_cache_config config = {&room.handles, &room.pool, 1, {&room.disk.disk}};
	cr_expect_eq(pen_cache_open(&other, &config), -ENOMEM);
	pen_cache_close(&other);
	pen_cache_close(NULL);
	room_close(&room);
}
