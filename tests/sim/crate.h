/*
 * crate: a raw object on a client's disk while it is fetched, block by block, as `fetch` keeps it
 * (store/partial.h): each block is written to its place as soon as it is proved, nothing is synced
 * before all are there, and a new life looks what the file has and proves it again.
 *
 * The world watches, with the true object at hand, what the medium has when a life begins: a block
 * whose write was acknowledged is there, unless the power was cut since; what is right is not
 * fetched again; what is not (a write that went, in part or whole) is never taken for the block.
 * The first thing of these ends the program, or, what is fetched again, is a sentence in `why`.
 *
 * Order: open; for each life start, look once when the digests are proved, then put and turn, end
 * when all is written, stop.
 */
#ifndef PEN_TESTS_SIM_CRATE_H
#define PEN_TESTS_SIM_CRATE_H

#include "drivers/sim/disk.h"
#include "sim/object.h"

struct crate {
	struct pen_sim_disk *disk; /* borrowed, as is the object */
	const struct object *object;
	bool hasty; /* sabotage: a block counts as written, and nothing is */
	bool forgetful; /* sabotage: a new life does not look what is there */
	bool trusting; /* sabotage: it takes what is there without a proof */
	/* The world's, sets of blocks, about all lives: */
	uint32_t owed; /* the disk acknowledged their writes */
	uint32_t there; /* of these, and others that were in flight: right when this life began */
	uint64_t cuts; /* of the power, as of the last life */
	uint64_t resumed, torn; /* blocks that new lives found; and that were there and wrong */
	struct pen_why why; /* the first thing that is wrong */
	int err; /* and its code */
	/* The process's, sets of blocks: */
	bool looked;
	int file; /* open, or -1 */
	uint32_t waiting; /* to be written */
	uint32_t flying; /* being written */
	uint32_t written;
	struct pen_bytes blocks[OBJECT_BLOCKS_MAX]; /* borrowed until stop */
};

/* Of an empty disk; zeroed before. */
void crate_open(struct crate *crate, struct pen_sim_disk *disk, const struct object *object);

/* A process begins. */
void crate_start(struct crate *crate);

/* The digests of the object's blocks are proved: read what is there to its place in `bytes`, which
 * has room for all. The set of blocks that are right; not again in this life. */
uint32_t crate_look(struct crate *crate, const struct pen_hash *leaves, struct pen_buf *bytes);

/* A block is proved: write it. */
void crate_put(struct crate *crate, uint32_t unit, struct pen_bytes block);

/* A block came from a server: it must not have been there. */
void crate_came(struct crate *crate, uint32_t unit);

/* Go on with what there is to do. */
void crate_turn(struct crate *crate);

/* Is there something to do that the disk does not rouse for? */
bool crate_ready(const struct crate *crate);

/* Give it its name, if all is written: 0; or to be tried again. */
int crate_end(struct crate *crate);

/* The process ends; after a power cut the disk is dead already. */
void crate_stop(struct crate *crate);

#endif
