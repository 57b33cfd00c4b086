/*
 * shard: what the sink keeps of a shard beside its rows: the record of the state that it is to hold
 * and the markers of parts that are applied (drivers/rocks/keys.h). Reads go to the database;
 * writes only into a batch, which the sink writes with what belongs to it. Any thread.
 *
 * `state` names the shard by version and id in every call.
 */
#ifndef PEN_ROCKS_SHARD_H
#define PEN_ROCKS_SHARD_H

#include "drivers/rocks/db.h"
#include "port/sink.h"

/* Read the record into *state: root, parts and done. 1; 0 if there is none; PEN_EVERIFY: it is
 * damaged or of a later version; else as RocksDB says. */
int pen_rocks_shard_read(
	struct pen_rocks_db *db, struct pen_sink_state *state, struct pen_why *why);

/* Put the record into a batch. */
void pen_rocks_shard_put(rocksdb_writebatch_t *batch, const struct pen_sink_state *state);

/*
 * Count the markers into state->applied, of at most state->parts; if not NULL, set their bits in
 * `applied` (bit k % 8 of byte k / 8), which has room for all parts. 0; PEN_EVERIFY: one is of a
 * part that there is not; else as RocksDB says.
 */
int pen_rocks_shard_markers(struct pen_rocks_db *db, struct pen_sink_state *state, uint8_t *applied,
	struct pen_why *why);

/* Is the marker of part k there? 1, 0, or an error. */
int pen_rocks_shard_marked(struct pen_rocks_db *db, const struct pen_sink_state *state, uint32_t k,
	struct pen_why *why);

/* Do both name the same state, in the same number of parts? */
bool pen_rocks_shard_is(const struct pen_sink_state *a, const struct pen_sink_state *b);

/* The same as an error: 0, or PEN_EREFUSED with both states in the sentence. */
int pen_rocks_shard_same(struct pen_rocks_db *db, const struct pen_sink_state *want,
	const struct pen_sink_state *have, struct pen_why *why);

#endif
