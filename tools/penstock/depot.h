/*
 * depot: where a fetch takes its parts: a store (stash.h) or a database (vault.h). The loop asks it
 * once which parts are there already; each of its workers proves a part and puts it there, so that
 * it is there whole and proved, or not at all.
 *
 * A bench is what one worker needs for that: memory that is kept from part to part, open files. The
 * loop opens and closes benches while no worker runs; `part` and `object` are called by the worker,
 * one at a time, with all that the errand points to (errand.h).
 */
#ifndef PEN_TOOLS_DEPOT_H
#define PEN_TOOLS_DEPOT_H

#include "errand.h"

struct depot_ops {
	/*
	 * The state is cut into n: which parts of it are here, in any of `forms` (bit i: form i)? A
	 * bitmap of n bits, replaced. 0; PEN_EREFUSED if what is here forbids to add such parts;
	 * -errno; -ENOMEM; with a sentence.
	 */
	int (*look)(struct depot *depot, uint32_t n, unsigned forms, struct pen_buf *here,
		struct pen_why *why);
	/* 0 and *bench, or a code with a sentence. */
	int (*bench_open)(struct depot *depot, void **bench, struct pen_why *why);
	/* NULL is fine. */
	void (*bench_close)(void *bench);
	/* Give back what is kept from part to part. */
	void (*bench_trim)(void *bench);
	/*
	 * Prove `whole` (borrowed) to be the part errand->id within errand->allowance, and put it
	 * there. DONE, with stored_bytes and what else it knows of the part; REFUTED and LARGE
	 * (nothing of it is there), BROKEN, with err and why. Sets store_ns.
	 */
	enum errand_verdict (*part)(void *bench, struct errand *errand, struct pen_bytes whole);
	/* BLOCK, KEPT and END. NULL: no raw objects go there. */
	void (*object)(void *bench, struct errand *errand);
};

struct depot {
	const struct depot_ops *ops;
	const char *place; /* "the store": for sentences */
	bool told; /* workers say on stderr what they do with each part; set before they run */
	uint64_t memory_bytes; /* that it takes beside benches, at most */
	unsigned batch_copies; /* as of port/sink.h */
};

#endif
