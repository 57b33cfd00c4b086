/*
 * vault: the database that a sync puts a state into: what it has of the shard already, begun for
 * one root and one N, finished when all is in. It is a depot: a worker proves a part and puts its
 * rows into one batch, which is all there or not at all (apply/job.h). One thread, but for workers.
 *
 * Order: open, begin once N is known, parts, finish, close. Of the empty state: open, finish. As a
 * depot it begins when it is asked what is here.
 */
#ifndef PEN_TOOLS_VAULT_H
#define PEN_TOOLS_VAULT_H

#include "depot.h"
#include "part/id.h"
#include "port/sink.h"

struct vault_ask {
	const char *dir; /* the RocksDB; made if it is not there; borrowed until close */
	struct pen_shard shard;
	struct pen_hash root;
	uint32_t parts; /* N; 0: whatever is there, or is found */
	bool quiet;
};

/* Zeroed is closed. Fields are to be read. */
struct vault {
	struct depot depot; /* first */
	struct vault_ask ask;
	struct pen_sink *sink;
	struct pen_sink_state want; /* root, shard, and N once it is known */
	struct pen_sink_state had; /* what the database had of the shard at the start */
	struct pen_buf applied; /* bitmap of the parts that it has; empty until it was begun */
};

/*
 * Open the database and look what it has. 1: all of the state; 0: want.parts is N if that is known
 * now; PEN_EREFUSED if it holds parts of another root or N; else as the sink says, with a sentence.
 * The empty state is not looked for. close is due either way.
 */
int vault_open(struct vault *vault, const struct vault_ask *ask, struct pen_why *why);

/* N is known: begin, or go on. Fills `applied`. What an earlier run began and applied nothing of is
 * forgotten, and that is said. 0, -ENOMEM, or as the sink says. */
int vault_begin(struct vault *vault, uint32_t n, struct pen_why *why);

/* All parts are in. 0, or as the sink says. */
int vault_finish(struct vault *vault, struct pen_why *why);

/* Zeroed is fine. */
void vault_close(struct vault *vault);

static inline bool vault_is_begun(const struct vault *vault)
{
	return vault->applied.len > 0;
}

/* Of its depot (vault_bench.c). */
extern const struct depot_ops vault_depot;

#endif
