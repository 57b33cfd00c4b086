/*
 * sink: port/sink that remembers what was applied as one digest a part, fails by chance, and
 * crashes.
 *
 * The digest of a part is a sum over its rows in which their order does not count, so two ways to
 * apply the same part agree. A test that knows what a part must be sets `expected`: a commit of
 * anything else ends the program (pen_sim_breach), so nothing unproved can hide. One that knows the
 * rows sets `right`: then a wrong one ends it as it is put, even into a batch that is thrown away.
 * So does a part that is committed twice, a batch used after it failed, and finish with batches
 * open.
 * It is used as port/sink.h says, batches by any thread. With `keeps` all rows stay too
 * (drivers/sim/rows.h), and it can be scanned; else only digests do.
 */
#ifndef PEN_SIM_SINK_H
#define PEN_SIM_SINK_H

#include <pthread.h>

#include "drivers/sim/clock.h"
#include "drivers/sim/rows.h"
#include "port/sink.h"

/* Parts of a shard at most. */
#define PEN_SIM_PARTS_MAX 4096u

/* A sum over rows. */
struct pen_sim_digest {
	uint64_t low, high; /* of XXH3's 128 bits, added up without carry between them */
	uint64_t rows;
};

/* What may fail; chances as in drivers/sim/weather.h. */
struct pen_sim_sink_faults {
	uint32_t bad_open, bad_put, bad_commit; /* -ENOSPC, and nothing is there */
	uint32_t torn_commit; /* -EIO; it is there or not; then nothing works until a restart */
	/* One part's always fails, with -ENOSPC: its number + 1; 0: none. */
	uint32_t open_of, put_of, commit_of;
};

struct pen_sim_sink {
	struct pen_sink sink; /* first */
	struct pen_sim_clock *clock;
	pthread_mutex_t lock; /* of all that follows, while batches are open */
	struct pen_rng rng;
	struct pen_sim_sink_faults faults;
	struct pen_sink_state shard; /* the one that was begun */
	uint8_t applied[PEN_SIM_PARTS_MAX / 8];
	struct pen_sim_digest parts[PEN_SIM_PARTS_MAX]; /* of parts that are applied */
	const struct pen_sim_digest *expected; /* one a part, or NULL; the test's */
	/* The test's: may this row be put into a batch of part k? Called by whoever puts, outside
	 * the lock. Or NULL: any may. */
	bool (*right)(const void *context, uint32_t k, const struct pen_row *row);
	const void *right_context; /* borrowed */
	bool keeps; /* rows of parts that are applied stay in `rows`; set before the first batch */
	struct pen_sim_rows rows;
	bool broken; /* refuses all until a restart */
	unsigned batches; /* that are open */
	unsigned life; /* restarts; batches of an older one are dead */
	uint64_t commits, aborts, failed, finishes;
};

/* Empty, of a stream of the world's chance. */
void pen_sim_sink_init(struct pen_sim_sink *sink, struct pen_sim_clock *clock, uint64_t stream,
	const struct pen_sim_sink_faults *faults);

/* Free what it keeps, while no batch is open. One that does not keep needs it not. */
void pen_sim_sink_fini(struct pen_sim_sink *sink);

/* Without faults, in a world of its own of which *clock is made, with `shard` begun, for tests of
 * what is above: version 3, id 7, this root, so many parts, none of them there. */
void pen_sim_sink_tame(struct pen_sim_sink *sink, struct pen_sim_clock *clock,
	const struct pen_hash *root, uint32_t parts);

/* The process dies and comes back: what was committed is there, open batches are not. They are
 * still to be closed, so that their memory is freed, and count as aborted. */
void pen_sim_sink_restart(struct pen_sim_sink *sink);

/* Add a row, as put does: to make what is expected. */
void pen_sim_digest_add(struct pen_sim_digest *digest, const struct pen_row *row);

#endif
