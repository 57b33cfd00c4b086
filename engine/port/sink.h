/*
 * sink: where applied state goes, and where it is read back from.
 *
 * The unit is the part: everything a part adds is put into one batch, and commit makes the batch
 * and the marker "part k is applied" durable in one step, or neither. So a part is counted once
 * however often the process dies. A sink may keep a batch in memory, append it to a sorted run or
 * write it straight through, as long as nothing of it can be seen without its marker.
 *
 * Order: begin (once a shard), then batches, in any order of k; finish when all are in. Different
 * batches may be open at the same time, each used by one thread at a time; begin, finish, scan and
 * close are called while no batch is open, by one thread.
 * An error of put or commit leaves the batch unusable: abort it. The sentence names the cause.
 * After a commit that failed, a sink may refuse all writing until it is opened again.
 */
#ifndef PEN_PORT_SINK_H
#define PEN_PORT_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/bits.h"
#include "base/sha.h"

struct pen_sink;
struct pen_batch; /* the driver's own */

/* A column of applied state (part/column.h says what its bytes mean). */
enum pen_column {
	PEN_COLUMN_STATE, /* key: SHA-256; value: payload and count, added up over parts */
	PEN_COLUMN_FLAT, /* key: trie key; value: FlatStateValue */
};

/*
 * One row of a batch. All is borrowed for the call. The stored value is head and value, one after
 * the other; a State row has no head, and the sink appends its count.
 */
struct pen_row {
	enum pen_column column;
	struct pen_bytes key; /* without the ShardUId, which the sink puts in front */
	struct pen_bytes head;
	struct pen_bytes value;
	int64_t refs; /* State: how many uses this part adds (> 0) */
};

/* What a sink knows about the state of one shard. */
struct pen_sink_state {
	uint32_t shard_version, shard_id; /* nearcore ShardUId */
	struct pen_hash root;
	uint32_t parts; /* N */
	bool done; /* finish was called for it */
	uint32_t applied; /* parts whose marker is there */
};

/* One row read back, borrowed until the next call with the same cursor. */
struct pen_scanned {
	struct pen_bytes key; /* without the ShardUId */
	struct pen_bytes value; /* as stored, State with its count */
};

/* Where a scan stands. Zeroed starts one. */
struct pen_cursor {
	void *driver;
};

struct pen_sink_ops {
	/*
	 * Read what the sink holds of the shard in `want` (version and id), into *have: root zero
	 * and parts 0 if nothing. If `want` has parts > 0 and nothing was there, the shard is
	 * started: root and parts are stored durably. `applied` (may be NULL) receives a bit a
	 * part, bit k & 7 of byte k >> 3, and must have room for (parts + 7) / 8 bytes of want.
	 * A shard that was begun for another root or N and has no part applied is started anew, in
	 * one durable step: nothing is lost with it. PEN_EREFUSED if the shard holds another root
	 * or N of which a part is applied, or which is done; both are named. With parts 0 in
	 * `want` the call only reads: it starts, replaces and refuses nothing.
	 */
	int (*begin)(struct pen_sink *sink, const struct pen_sink_state *want,
		struct pen_sink_state *have, uint8_t *applied, struct pen_why *why);
	/* Start the batch of part k of a shard that was begun. 0 and *batch, or an error. */
	int (*open)(struct pen_sink *sink, const struct pen_sink_state *shard, uint32_t k,
		struct pen_batch **batch, struct pen_why *why);
	/* Add rows to a batch. 0 or an error. */
	int (*put)(struct pen_sink *sink, struct pen_batch *batch, const struct pen_row *rows,
		unsigned count, struct pen_why *why);
	/* commit: make the batch and its marker durable in one step; else throw it away. The batch
	 * is gone either way. 0 or an error (nothing is visible then). NULL does nothing. */
	int (*close)(
		struct pen_sink *sink, struct pen_batch *batch, bool commit, struct pen_why *why);
	/* All parts are in: do what is left (merge runs, flush), mark the shard done, drop markers.
	 * Done already is fine. The empty state (zero root, parts 0) is stored by this call alone.
	 * PEN_EREFUSED if parts are missing or the shard holds another state. */
	int (*finish)(
		struct pen_sink *sink, const struct pen_sink_state *shard, struct pen_why *why);
	/*
	 * Read up to max rows of a column of one shard in key order, from where the cursor stands.
	 * Returns how many, or an error; 0, the end, and errors free the cursor. max 0 ends the
	 * scan early and frees it too.
	 */
	int (*scan)(struct pen_sink *sink, enum pen_column column,
		const struct pen_sink_state *shard, struct pen_cursor *cursor,
		struct pen_scanned *rows, unsigned max, struct pen_why *why);
	/* Flush and free the sink. NULL is fine. */
	void (*shut)(struct pen_sink *sink);
};

/* A driver's sink begins with this. */
struct pen_sink {
	const struct pen_sink_ops *ops;
	const char *label; /* where it is, for messages; lives as long as the sink */
	uint64_t memory_bytes; /* that it takes beside open batches, at most */
	unsigned batch_copies; /* how often the rows of an open batch are in memory, at most */
};

#endif
