/*
 * keys: our own records, which lie in the column family `default` beside nearcore's columns.
 *
 *   penstock/state/<ShardUId>       what state the shard is to hold: u8 version 1 | 32 B root |
 *                                   u32 N | u8 done, little endian
 *   penstock/part/<ShardUId><k>     part k is applied; empty. k is big endian: markers sort by it
 *
 * <ShardUId> is the 8 bytes that prefix the shard's column keys. Pure functions, any thread.
 */
#ifndef PEN_ROCKS_KEYS_H
#define PEN_ROCKS_KEYS_H

#include "port/sink.h"

/* The longest key: "penstock/state/" and a ShardUId, or "penstock/part/", one and k. */
#define PEN_ROCKS_KEY_BYTES 32
#define PEN_ROCKS_RECORD_BYTES 38

struct pen_rocks_key {
	size_t len; /* bytes */
	char at[PEN_ROCKS_KEY_BYTES];
};

/* The ShardUId of a state, as it stands before its column keys. */
void pen_rocks_shard(const struct pen_sink_state *state, uint8_t shard[8]);

struct pen_rocks_key pen_rocks_state_key(const struct pen_sink_state *state);
struct pen_rocks_key pen_rocks_part_key(const struct pen_sink_state *state, uint32_t k);
/* What all part keys of the shard begin with. */
struct pen_rocks_key pen_rocks_part_prefix(const struct pen_sink_state *state);

/* The k of a part key that begins with the shard's prefix. 0, or PEN_EVERIFY. */
int pen_rocks_part_decode(struct pen_bytes key, uint32_t *k);

/* Write the record of a state: root, parts and done. */
void pen_rocks_record_encode(
	const struct pen_sink_state *state, char record[PEN_ROCKS_RECORD_BYTES]);

/* Read root, parts and done into *state; the rest of it stays. 0, or PEN_EVERIFY: not a record,
 * or one of a later version. */
int pen_rocks_record_decode(struct pen_bytes record, struct pen_sink_state *state);

#endif
