/*
 * depot: a client's machine behind the network: a disk on which proved parts become durable under
 * their names, and a sink that they are applied to afterwards. Both outlive the process.
 *
 * A part is written to a temporary file, synced and renamed, in as many turns as the disk takes;
 * then it may be acknowledged, and goes on to the sink, a row for each MiB. Whatever fails is tried
 * again. After a crash or a power cut the process has what the disk and the sink have, and no more.
 *
 * The world watches, with the true object at hand: the sink ends the program for any row that is
 * not the object's, even of a batch that is thrown away; a part whose name is there with other
 * bytes, and one that was acknowledged and is there no more, or is fetched again, is kept as a
 * sentence in `wrong`.
 *
 * Order: open; for each life of the process start, then keep and turn, then stop; judge; close.
 */
#ifndef PEN_TESTS_SIM_DEPOT_H
#define PEN_TESTS_SIM_DEPOT_H

#include "drivers/sim/sink.h"
#include "sim/object.h"

#define DEPOT_WRONG_BYTES 160u
/* Rows of a part, and writes of its file. */
#define DEPOT_BLOCKS_MAX OBJECT_BLOCKS_MAX

enum depot_state {
	DEPOT_IDLE,
	DEPOT_WRITING,
	DEPOT_SYNCING,
};

struct depot {
	struct pen_sim_disk disk;
	struct pen_sim_sink sink;
	const struct object *object; /* borrowed: what is true */
	struct pen_sim_digest expected[PLAN_PARTS_MAX];
	bool hasty; /* sabotage: files are named without having been synced */
	bool forgetful; /* sabotage: a new life does not look what is there */
	/* The world's, about all lives: */
	uint32_t owed; /* parts that were acknowledged */
	char wrong[DEPOT_WRONG_BYTES]; /* the first thing, or empty */
	uint64_t resumed; /* parts that a new life found */
	/* The process's, sets of parts: */
	uint32_t waiting; /* proved, and not durable */
	uint32_t kept; /* durable under their names */
	uint32_t applied; /* in the sink */
	struct pen_bytes parts[PLAN_PARTS_MAX]; /* borrowed until stop */
	/* The part that is written: */
	enum depot_state state;
	unsigned k;
	int file;
	unsigned asked, flying; /* writes that the disk has taken, operations in flight */
	bool bad; /* one failed */
	/* The part that is applied: */
	struct pen_batch *batch; /* or NULL */
	unsigned batch_k, rows; /* rows put so far */
	int64_t apply_ns; /* what the sink takes for each call */
	int64_t free_ns; /* the world's time at which it is done with the last one */
};

/* Empty, on a disk as the plan says for this host. */
void depot_open(struct depot *depot, struct world *world, const struct plan *plan, unsigned host,
	const struct object *object);

/* Of a stopped process. Zeroed is fine. */
void depot_close(struct depot *depot);

/* A process begins: what lies on the disk is read into `bytes`, one a part, the others are
 * emptied. The set of parts that are there. */
uint32_t depot_start(struct depot *depot, struct pen_buf *bytes[PLAN_PARTS_MAX]);

/* Part k is proved; the bytes are borrowed until stop. */
void depot_keep(struct depot *depot, unsigned k, struct pen_bytes bytes);

/* A piece of part k came: it must not have been acknowledged. */
void depot_came(struct depot *depot, unsigned k);

/* Go on with what there is to do. The set of parts that became durable, to be acknowledged. */
uint32_t depot_turn(struct depot *depot);

/* In how long there is something to do that the disk does not rouse for; INT64_MAX: never. */
int64_t depot_wait_ns(const struct depot *depot);

/* Whether all parts are in the sink, and it is finished. */
bool depot_done(const struct depot *depot);

/* Sabotage: put a block of part k into a batch that is thrown away, whatever it is. */
void depot_taste(struct depot *depot, unsigned k, uint32_t block, struct pen_bytes bytes);

/* The process ends; after a power cut the disk is dead already. */
void depot_stop(struct depot *depot);

/* Look at everything that is on the disk, and in the sink when `all` must be. */
void depot_judge(struct depot *depot, bool all);

#endif
