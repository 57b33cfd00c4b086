#include "store/cache.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/rng.h"

/* How long close waits for one read; only a bound for its loop, which goes on. */
#define CLOSE_WAIT_NS INT64_C(1000000000)

static struct pen_cache_entry *entry_at(const struct pen_cache *cache, uint32_t index)
{
	PEN_CHECK(index < cache->count);
	return &cache->entries[index];
}

static uint32_t index_of(const struct pen_cache *cache, const struct pen_cache_entry *entry)
{
	return (uint32_t)(entry - cache->entries);
}

static void free_push(struct pen_cache *cache, struct pen_cache_entry *entry)
{
	entry->state = PEN_CACHE_FREE;
	entry->chain_next = cache->free_first;
	cache->free_first = index_of(cache, entry);
}

static int take_blocks(struct pen_cache *cache)
{
	for (uint32_t i = cache->count; i-- > 0;) {
		cache->entries[i].block = pen_block_take(cache->pool);
		if (!cache->entries[i].block)
			return -ENOMEM;
		free_push(cache, &cache->entries[i]);
	}
	return 0;
}

int pen_cache_open(struct pen_cache *cache, const struct pen_cache_config *config)
{
	uint32_t count = config->blocks;
	PEN_CHECK(config->disks[0]);
	PEN_CHECK(count > 0);
	PEN_CHECK(count <= PEN_CACHE_BLOCKS_MAX);
	uint32_t buckets = 1;
	while (buckets < count)
		buckets *= 2;
	*cache = (struct pen_cache){.handles = config->handles,
		.pool = config->pool,
		.disks = {config->disks[0], config->disks[1]},
		.count = count,
		.bucket_mask = buckets - 1,
		.lru_first = count,
		.lru_last = count,
		.free_first = count};
	cache->entries = calloc(count, sizeof *cache->entries);
	cache->buckets = calloc(buckets, sizeof *cache->buckets);
	cache->queue = calloc(count, sizeof *cache->queue);
	int err = cache->entries && cache->buckets && cache->queue ? 0 : -ENOMEM;
	for (uint32_t i = 0; !err && i < buckets; i++)
		cache->buckets[i] = count;
	if (!err)
		err = take_blocks(cache);
	if (err)
		pen_cache_close(cache);
	return err;
}

/* Stretches are found by the MiB of the file that they begin in. */
static uint32_t *bucket_of(const struct pen_cache *cache, uint64_t file_id, uint64_t mib)
{
	uint64_t mixed = pen_rng_mix(file_id * PEN_RNG_GOLDEN ^ mib);
	return &cache->buckets[mixed & cache->bucket_mask];
}

static void chain(struct pen_cache *cache, struct pen_cache_entry *entry)
{
	uint32_t *first = bucket_of(cache, entry->file_id, entry->offset / PEN_BLOCK_BYTES);
	entry->chain_next = *first;
	*first = index_of(cache, entry);
}

static void unchain(struct pen_cache *cache, struct pen_cache_entry *entry)
{
	uint32_t *link = bucket_of(cache, entry->file_id, entry->offset / PEN_BLOCK_BYTES);
	while (*link != index_of(cache, entry))
		link = &entry_at(cache, *link)->chain_next;
	*link = entry->chain_next;
}

static void lru_append(struct pen_cache *cache, struct pen_cache_entry *entry)
{
	uint32_t index = index_of(cache, entry);
	entry->lru_prev = cache->lru_last;
	entry->lru_next = cache->count;
	if (cache->lru_last < cache->count)
		cache->entries[cache->lru_last].lru_next = index;
	else
		cache->lru_first = index;
	cache->lru_last = index;
}

static void lru_remove(struct pen_cache *cache, struct pen_cache_entry *entry)
{
	if (entry->lru_prev < cache->count)
		cache->entries[entry->lru_prev].lru_next = entry->lru_next;
	else
		cache->lru_first = entry->lru_next;
	if (entry->lru_next < cache->count)
		cache->entries[entry->lru_next].lru_prev = entry->lru_prev;
	else
		cache->lru_last = entry->lru_prev;
}

static bool covers(
	const struct pen_cache_entry *entry, uint64_t file_id, const struct pen_cache_ask *ask)
{
	return entry->file_id == file_id && ask->offset >= entry->offset &&
		ask->offset + ask->bytes <= entry->offset + entry->bytes;
}

static struct pen_cache_entry *look_up(
	struct pen_cache *cache, uint64_t file_id, const struct pen_cache_ask *ask)
{
	uint64_t mib = ask->offset / PEN_BLOCK_BYTES;
	/* It may begin in the MiB before: a stretch is up to 1 MiB long. */
	for (uint64_t back = 0; back <= 1 && back <= mib; back++)
		for (uint32_t i = *bucket_of(cache, file_id, mib - back); i < cache->count;
			i = cache->entries[i].chain_next)
			if (covers(&cache->entries[i], file_id, ask))
				return &cache->entries[i];
	return NULL;
}

static void hold(struct pen_cache *cache, struct pen_cache_entry *entry)
{
	if (entry->refs == 0 && entry->state == PEN_CACHE_READY)
		lru_remove(cache, entry);
	entry->refs++;
}

/* An entry for a new stretch: a free one, else the one least lately used; NULL if there is none. */
static struct pen_cache_entry *make_room(struct pen_cache *cache)
{
	struct pen_cache_entry *entry;
	if (cache->free_first < cache->count) {
		entry = entry_at(cache, cache->free_first);
		cache->free_first = entry->chain_next;
		return entry;
	}
	if (cache->lru_first == cache->count)
		return NULL;
	entry = entry_at(cache, cache->lru_first);
	PEN_CHECK(entry->refs == 0);
	lru_remove(cache, entry);
	unchain(cache, entry);
	cache->evicted++;
	return entry;
}

static void begin(struct pen_cache *cache, struct pen_cache_entry *entry,
	const struct pen_cache_ask *ask, const struct pen_handle *handle)
{
	uint32_t align = handle->buffered ? 1 : handle->disk->align;
	uint64_t offset = ask->offset - ask->offset % align;
	uint64_t rest = handle->bytes - offset;
	entry->state = PEN_CACHE_QUEUED;
	entry->file_id = handle->id;
	entry->handle = ask->handle;
	entry->err = 0;
	entry->offset = offset;
	entry->bytes = rest < PEN_BLOCK_BYTES ? (uint32_t)rest : (uint32_t)PEN_BLOCK_BYTES;
	PEN_CHECK(covers(entry, handle->id, ask));
	pen_handles_keep(cache->handles, ask->handle);
	chain(cache, entry);
	PEN_CHECK(cache->queued < cache->count);
	cache->queue[(cache->queue_head + cache->queued++) % cache->count] = index_of(cache, entry);
}

int pen_cache_get(struct pen_cache *cache, const struct pen_cache_ask *ask)
{
	const struct pen_handle *handle = pen_handles_at(cache->handles, ask->handle);
	PEN_CHECK(ask->bytes > 0);
	PEN_CHECK(ask->offset < handle->bytes);
	PEN_CHECK(ask->bytes <= handle->bytes - ask->offset);
	struct pen_cache_entry *entry = look_up(cache, handle->id, ask);
	if (entry) {
		cache->hits += entry->state == PEN_CACHE_READY;
		cache->joins += entry->state != PEN_CACHE_READY;
	} else {
		entry = make_room(cache);
		if (!entry) {
			cache->full++;
			return -EAGAIN;
		}
		begin(cache, entry, ask, handle);
		cache->misses++;
	}
	hold(cache, entry);
	return (int)index_of(cache, entry);
}

int pen_cache_find(struct pen_cache *cache, const struct pen_cache_ask *ask)
{
	const struct pen_handle *handle = pen_handles_at(cache->handles, ask->handle);
	struct pen_cache_entry *entry = look_up(cache, handle->id, ask);
	if (!entry || entry->state != PEN_CACHE_READY)
		return -ENOENT;
	hold(cache, entry);
	cache->hits++;
	return (int)index_of(cache, entry);
}

void pen_cache_keep(struct pen_cache *cache, uint32_t index)
{
	struct pen_cache_entry *entry = entry_at(cache, index);
	PEN_CHECK(entry->refs > 0);
	entry->refs++;
}

void pen_cache_put(struct pen_cache *cache, uint32_t index)
{
	struct pen_cache_entry *entry = entry_at(cache, index);
	PEN_CHECK(entry->refs > 0);
	if (--entry->refs > 0)
		return;
	cache->rested++;
	if (entry->state == PEN_CACHE_READY)
		lru_append(cache, entry);
	else if (entry->state == PEN_CACHE_FAILED)
		free_push(cache, entry);
}

enum pen_cache_state pen_cache_state(const struct pen_cache *cache, uint32_t index)
{
	const struct pen_cache_entry *entry = entry_at(cache, index);
	PEN_CHECK(entry->refs > 0);
	return entry->state;
}

const uint8_t *pen_cache_at(
	const struct pen_cache *cache, uint32_t index, uint64_t offset, uint32_t bytes)
{
	const struct pen_cache_entry *entry = entry_at(cache, index);
	PEN_CHECK(entry->refs > 0);
	PEN_CHECK(entry->state == PEN_CACHE_READY);
	PEN_CHECK(offset >= entry->offset);
	PEN_CHECK(offset + bytes <= entry->offset + entry->bytes);
	return entry->block->at + (offset - entry->offset);
}

/* Reads that were given to a disk and have not come back. */
static bool in_flight(const struct pen_cache *cache, const struct pen_disk *disk)
{
	for (uint32_t i = 0; cache->reading && i < cache->count; i++) {
		const struct pen_cache_entry *entry = &cache->entries[i];
		if (entry->state == PEN_CACHE_READING &&
			cache->handles->handles[entry->handle].disk == disk)
			return true;
	}
	return false;
}

/* Give the oldest queued reads to their disk, as many as follow each other there. Returns whether
 * it took all of these. */
static bool submit(struct pen_cache *cache)
{
	struct pen_disk_op ops[PEN_CACHE_BURST];
	struct pen_disk *disk = NULL;
	unsigned count = 0;
	while (count < PEN_CACHE_BURST && count < cache->queued) {
		uint32_t index = cache->queue[(cache->queue_head + count) % cache->count];
		struct pen_cache_entry *entry = entry_at(cache, index);
		const struct pen_handle *handle = &cache->handles->handles[entry->handle];
		PEN_CHECK(entry->state == PEN_CACHE_QUEUED);
		if (disk && disk != handle->disk)
			break;
		disk = handle->disk;
		/* Whole blocks, also at a file's end: lengths of direct reads are aligned. */
		ops[count++] = (struct pen_disk_op){.kind = PEN_DISK_READ,
			.file = handle->file,
			.offset = entry->offset,
			.at = entry->block->at,
			.bytes = PEN_BLOCK_BYTES,
			.tag = index};
	}
	if (count == 0)
		return false;
	unsigned taken = disk->ops->submit(disk, ops, count);
	PEN_CHECK(taken <= count);
	for (unsigned i = 0; i < taken; i++)
		entry_at(cache, (uint32_t)ops[i].tag)->state = PEN_CACHE_READING;
	cache->queue_head = (cache->queue_head + taken) % cache->count;
	cache->queued -= taken;
	cache->reading += taken;
	return taken == count;
}

static void finish(struct pen_cache *cache, const struct pen_disk_done *done)
{
	struct pen_cache_entry *entry = entry_at(cache, (uint32_t)done->tag);
	PEN_CHECK(entry->state == PEN_CACHE_READING);
	PEN_CHECK(cache->reading > 0);
	cache->reading--;
	pen_handles_put(cache->handles, entry->handle);
	if (done->result >= 0 && done->result >= (int64_t)entry->bytes) {
		entry->state = PEN_CACHE_READY;
		cache->read_bytes += entry->bytes;
		if (entry->refs == 0)
			lru_append(cache, entry);
		return;
	}
	/* A file that became shorter since it was opened is as bad as one that cannot be read. */
	entry->err = done->result < 0 ? (int)done->result : -EIO;
	entry->state = PEN_CACHE_FAILED;
	cache->failed++;
	unchain(cache, entry);
	if (entry->refs == 0)
		free_push(cache, entry);
}

void pen_cache_close(struct pen_cache *cache)
{
	struct pen_disk_done done[PEN_CACHE_BURST];
	if (!cache || !cache->handles)
		return;
	for (unsigned i = 0; i < PEN_CACHE_DISKS_MAX; i++)
		while (cache->disks[i] && in_flight(cache, cache->disks[i])) {
			unsigned count = cache->disks[i]->ops->reap(
				cache->disks[i], done, PEN_CACHE_BURST, CLOSE_WAIT_NS);
			for (unsigned j = 0; j < count; j++)
				finish(cache, &done[j]);
		}
	for (uint32_t i = 0; cache->entries && i < cache->count; i++) {
		struct pen_cache_entry *entry = &cache->entries[i];
		PEN_CHECK(entry->refs == 0);
		if (entry->state == PEN_CACHE_QUEUED || entry->state == PEN_CACHE_READING)
			pen_handles_put(cache->handles, entry->handle);
		pen_block_put(entry->block);
	}
	free(cache->entries);
	free(cache->buckets);
	free(cache->queue);
	*cache = (struct pen_cache){.handles = NULL};
}

unsigned pen_cache_poll(struct pen_cache *cache)
{
	struct pen_disk_done done[PEN_CACHE_BURST];
	unsigned finished = 0;
	while (submit(cache))
		continue;
	for (unsigned i = 0; i < PEN_CACHE_DISKS_MAX; i++) {
		struct pen_disk *disk = cache->disks[i];
		if (!disk || cache->reading == 0)
			continue;
		unsigned count = disk->ops->reap(disk, done, PEN_CACHE_BURST, 0);
		for (unsigned j = 0; j < count; j++)
			finish(cache, &done[j]);
		finished += count;
	}
	return finished;
}
