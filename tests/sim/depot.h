/*
 * depot: a client's machine behind the network: a disk on which proved parts become durable under
 * their names, and a sink that they are applied to afterwards (sim/ledger.h). Both outlive the
 * process.
 *
 * A part is written to a temporary file, synced and renamed, in as many turns as the disk takes;
 * then it may be acknowledged, and goes on to the sink. Whatever fails is tried again. After a
 * crash or a power cut the process has what the disk and the sink have, and no more. A raw object's
 * blocks are written as they come (sim/crate.h), and what is kept is all of them.
 *
 * The world watches, with the true object at hand: a part whose name is there with other bytes, and
 * one that was acknowledged and is there no more, or is fetched again, is kept as a sentence in
 * `wrong`; so is what the ledger finds.
 *
 * Order: open; for each life of the process start, then keep and turn, then stop; judge; close.
 */
#ifndef PEN_TESTS_SIM_DEPOT_H
#define PEN_TESTS_SIM_DEPOT_H

#include "sim/crate.h"
#include "sim/ledger.h"

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
	struct ledger ledger;
	struct crate crate; /* of a raw object */
	const struct object *object; /* borrowed: what is true */
	bool hasty; /* sabotage: files are named without having been synced */
	bool forgetful; /* sabotage: a new life does not look what is there */
	/* The world's, about all lives: */
	uint32_t owed; /* parts that were acknowledged */
	char wrong[DEPOT_WRONG_BYTES]; /* the first thing, or empty */
	uint64_t resumed; /* parts that a new life found */
	/* The process's, sets of parts: */
	uint32_t waiting; /* proved, and not durable */
	uint32_t kept; /* durable under their names */
	struct pen_bytes parts[PLAN_PARTS_MAX]; /* borrowed until stop */
	/* The part that is written: */
	enum depot_state state;
	unsigned k;
	int file;
	unsigned asked, flying; /* writes that the disk has taken, operations in flight */
	bool bad; /* one failed */
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

/* A piece of part k came: it must not have been acknowledged, nor, of a raw object, be there. */
void depot_came(struct depot *depot, unsigned k, uint32_t unit);

/* Go on with what there is to do. The set of parts that became durable, to be acknowledged. */
uint32_t depot_turn(struct depot *depot);

/* In how long there is something to do that the disk does not rouse for; INT64_MAX: never. */
int64_t depot_wait_ns(const struct depot *depot);

/* Whether all parts are in the sink, and it is finished. */
bool depot_done(const struct depot *depot);

/* The process ends; after a power cut the disk is dead already. */
void depot_stop(struct depot *depot);

/* Look at everything that is on the disk, and in the sink when `all` must be. */
void depot_judge(struct depot *depot, bool all);

#endif
