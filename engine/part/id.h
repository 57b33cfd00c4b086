/*
 * id: which part of which state, and the limits that bound one. A part is a deterministic
 * function of (state root, k, N) up to compression (nearcore core/primitives/src/state_part.rs,
 * chain/chain/src/state_sync/adapter.rs).
 */
#ifndef PEN_PART_ID_H
#define PEN_PART_ID_H

#include "base/sha.h"

/* nearcore STATE_PART_MEMORY_LIMIT: the memory_usage that one part covers when N is the default. */
#define PEN_PART_MEMORY_LIMIT (UINT64_C(30) << 20)
/* Most parts of one state that are made, catalogued or fetched: 1.9 TiB of memory_usage. */
#define PEN_PARTS_MAX 65536u
/* nearcore's bound on a decompressed part ("decompression limit exceeded"). */
#define PEN_PART_BYTES_MAX ((size_t)512 << 20)
/* nearcore's bound on the entries of a part: 2 * 30 MiB / 50 ("state part entry limit exceeded").
 */
#define PEN_PART_ENTRIES_MAX 1258291u
/* Longest trie key in bytes and in nibbles; longest value in bytes (nearcore's runtime limits). */
#define PEN_KEY_BYTES_MAX 2048u
#define PEN_KEY_NIBBLES_MAX (2 * PEN_KEY_BYTES_MAX)
#define PEN_VALUE_BYTES_MAX (4u << 20)

/* Part k of n of the state whose trie has this root. */
struct pen_part_id {
	struct pen_hash root; /* zero: the empty state */
	uint64_t k; /* 0 <= k < n for a part that exists */
	uint64_t n; /* number of parts in all */
};

/* nearcore ShardUId: prefixes every key of the State and FlatState columns. */
struct pen_shard {
	uint32_t version; /* of the shard layout */
	uint32_t id;
};

/* "s4294967295.v4294967295" and the end. */
#define PEN_SHARD_TEXT_BYTES 24
#define PEN_SHARD_KEY_BYTES 8

/* nearcore's default number of parts: ceil(memory_usage / 30 MiB); 0 for the empty state. */
uint64_t pen_part_count(uint64_t memory_usage);

/* Most parts that a state of this memory_usage is cut into: min(memory_usage, PEN_PARTS_MAX). */
uint64_t pen_part_count_max(uint64_t memory_usage);

/* Read a ShardUId as nearcore prints it, "s7.v3". 0 or PEN_EINPUT. */
int pen_shard_parse(const char *text, struct pen_shard *out);

/* Write it the same way, terminated; returns `text`. */
const char *pen_shard_text(struct pen_shard shard, char text[PEN_SHARD_TEXT_BYTES]);

/* The 8 bytes before a column key: u32 version, u32 id, little endian. */
void pen_shard_key(struct pen_shard shard, uint8_t key[PEN_SHARD_KEY_BYTES]);

#endif
