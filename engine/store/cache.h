/*
 * cache: stretches of files in blocks of an arena, read once for all who want them.
 *
 * A stretch is up to 1 MiB of one file, in one block, so that packets can be cut out of it without
 * a copy. It begins where the first who asked for it began (rounded down to the disk's alignment,
 * unless the file is buffered) and goes on to the end of the block or of the file. Pieces that lie
 * side by side share it: the frames of a lean part, or the head and the first of them. Who asks for
 * something that is being read already waits for the same read (single flight).
 *
 * Order: open; get, state, at, put in any mix, and poll in every turn of the loop, which submits
 * and reaps; close when nothing is held. A stretch that nobody holds stays until its block is
 * needed, least lately used first. All is taken at open: get says -EAGAIN when every block is held
 * or being read, and the caller asks again later. One thread, which owns the disks and the pool;
 * nobody else has anything in flight on these disks.
 */
#ifndef PEN_STORE_CACHE_H
#define PEN_STORE_CACHE_H

#include "mem/block.h"
#include "store/handles.h"

/* Blocks of one cache at most: 64 GiB. */
#define PEN_CACHE_BLOCKS_MAX (UINT32_C(1) << 16)
/* Disks that one cache reads: the store's, and that of its side files. */
#define PEN_CACHE_DISKS_MAX 2u
/* Reads that are given to the disk in one call, and taken back. */
#define PEN_CACHE_BURST 32u

enum pen_cache_state {
	PEN_CACHE_FREE, /* holds nothing */
	PEN_CACHE_QUEUED, /* the disk has not taken the read yet */
	PEN_CACHE_READING,
	PEN_CACHE_READY,
	PEN_CACHE_FAILED, /* the read failed; forgotten at the last put */
};

struct pen_cache_entry {
	enum pen_cache_state state;
	uint32_t refs; /* holders */
	struct pen_block *block; /* its own from open to close */
	uint64_t file_id; /* struct pen_handle's */
	uint32_t handle; /* kept open while QUEUED or READING */
	int err; /* of the disk, when FAILED */
	uint64_t offset; /* of the file, where the block's first byte comes from */
	uint32_t bytes; /* that the block holds, or will hold */
	uint32_t chain_next; /* next entry of the same bucket, or count */
	uint32_t lru_prev, lru_next; /* when READY and held by none: neighbours, or count */
};

/* Zeroed is closed. Fields are to be read, not written. */
struct pen_cache {
	struct pen_handles *handles; /* borrowed */
	struct pen_block_pool *pool; /* borrowed */
	struct pen_disk *disks[PEN_CACHE_DISKS_MAX]; /* borrowed; two, or one and NULL */
	struct pen_cache_entry *entries;
	uint32_t *buckets; /* first entry of each chain, or count; as many as entries, to a power
			      of two */
	uint32_t *queue; /* ring of `count` entries whose reads are QUEUED */
	uint32_t count, bucket_mask;
	uint32_t queue_head, queued; /* the oldest, and how many */
	uint32_t reading; /* entries that a disk has */
	uint32_t lru_first, lru_last; /* the one to go next, and the one used last; or count */
	uint32_t free_first; /* FREE entries, by chain_next */
	uint64_t hits, joins, misses; /* gets that found it ready, found it being read, began a
					 read */
	uint64_t evicted, failed, full; /* stretches; reads; gets that found no block */
	uint64_t read_bytes;
	uint64_t rested; /* puts after which nobody held the entry: who found no block may ask again
			  */
};

/* What is wanted: bytes > 0 of an open file, all within it. */
struct pen_cache_ask {
	uint32_t handle; /* place in the handles; the caller has a reference during the call */
	uint64_t offset;
	uint32_t bytes; /* at most PEN_BLOCK_BYTES, from the last aligned offset on unless the file
			   is buffered */
};

/* What a cache is opened with. All is borrowed until close. */
struct pen_cache_config {
	struct pen_handles *handles;
	struct pen_block_pool *pool;
	uint32_t blocks; /* 1..PEN_CACHE_BLOCKS_MAX, which the pool has free */
	struct pen_disk *disks[PEN_CACHE_DISKS_MAX]; /* of all files that are asked for; the second
							may be NULL */
};

/* Make a cache. 0 or -ENOMEM. */
int pen_cache_open(struct pen_cache *cache, const struct pen_cache_config *config);

/* Wait for reads in flight and give everything back; nobody holds an entry. NULL and zeroed are
 * fine. */
void pen_cache_close(struct pen_cache *cache);

/*
 * Hold the stretch that has what is asked for, and begin to read it if it is not there. Its entry
 * (0 and up), to be put once; or -EAGAIN.
 */
int pen_cache_get(struct pen_cache *cache, const struct pen_cache_ask *ask);

/* As get, but only if all is in memory already; nothing is begun. An entry, or -ENOENT. */
int pen_cache_find(struct pen_cache *cache, const struct pen_cache_ask *ask);

/* One holder more of a held entry: a packet that points into it. */
void pen_cache_keep(struct pen_cache *cache, uint32_t entry);

/* One holder less. */
void pen_cache_put(struct pen_cache *cache, uint32_t entry);

/* What became of a held entry. */
enum pen_cache_state pen_cache_state(const struct pen_cache *cache, uint32_t entry);

/* Where byte `offset` of the file lies, `bytes` in a row; the entry is READY and held, and has
 * them. Borrowed until it is put. */
const uint8_t *pen_cache_at(
	const struct pen_cache *cache, uint32_t entry, uint64_t offset, uint32_t bytes);

/* Give queued reads to the disk and take finished ones back; never waits. How many have finished,
 * well or badly. */
unsigned pen_cache_poll(struct pen_cache *cache);

#endif
