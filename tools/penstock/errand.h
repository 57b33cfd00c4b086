/*
 * errand: what the workers of a fetch do, apart from the loop that talks to the network: they prove
 * a part, write it, make it durable and give it its name; or they write a block of a raw object and
 * hash it. An errand belongs to its worker until it comes back, with all that it points to.
 *
 * A bench is the memory and the open files of one worker.
 */
#ifndef PEN_TOOLS_ERRAND_H
#define PEN_TOOLS_ERRAND_H

#include "parcel.h"
#include "stash.h"

enum errand_kind {
	ERRAND_PART, /* prove and store a part */
	ERRAND_BLOCK, /* write a block of the raw object, and hash it */
	ERRAND_END, /* all blocks are proved: make the object durable, give it its name */
};

enum errand_verdict {
	ERRAND_DONE,
	ERRAND_WRONG, /* some pieces are wrong by themselves: `bits` */
	ERRAND_REFUTED, /* the part fails its proof */
	ERRAND_AS_NAMED, /* the same, and its bytes are what was offered */
	ERRAND_LARGE, /* the part takes more memory than it is allowed; nothing is decided */
	ERRAND_BROKEN, /* the machine failed: `err` */
};

/* What a part may take; beyond it the errand is LARGE. */
struct errand_allowance {
	size_t content_bytes;
	uint32_t entries;
	unsigned window_log;
	bool alone; /* nothing is kept for the next part */
};

/* The file of a raw object under way. */
struct errand_object {
	char temp[PEN_WRITER_TEMP_BYTES];
	struct pen_hash root;
};

struct errand {
	enum errand_kind kind;
	enum errand_verdict verdict;
	int err; /* of the proof, or the machine's */
	struct pen_why why; /* the sentence to it */
	void (*back)(struct errand *errand, int64_t now_ns); /* it has come back; in the loop */
	void *owner, *context; /* of whoever sent it */
	struct errand *next; /* of those that wait (workshop.h) */

	/* PART */
	struct pen_part_id id;
	enum pen_form form;
	const struct errand_allowance *allowance;
	const struct parcel *parcel; /* its pieces, or NULL: */
	struct pen_bytes bytes; /* the part as it came, whole */
	const struct parcel *before; /* what came first and failed; or NULL */
	uint64_t *bits; /* room for PARCEL_UNITS_MAX: pieces of the parcel if WRONG, of `before`
			   that are others if DONE */
	unsigned others; /* DONE: bits set */
	const struct pen_labels *labels; /* that whoever sent it knows; or NULL */
	uint64_t stored_bytes; /* DONE: of the file */
	int64_t prove_ns, store_ns; /* time it took */

	/* BLOCK and END */
	const struct errand_object *object;
	uint32_t unit; /* number of the block */
	struct pen_hash leaf; /* DONE: of the block in `bytes` */
};

struct errand_bench;

/* NULL and a sentence: the store cannot be opened once more, or no memory. `stash` is borrowed. */
struct errand_bench *errand_bench_open(struct stash *stash, struct pen_why *why);

/* NULL is fine. */
void errand_bench_close(struct errand_bench *bench);

/* Give back what is kept from part to part; while no errand is under way on it. */
void errand_bench_trim(struct errand_bench *bench);

/* Do it, in the worker's thread. */
void errand_run(struct errand_bench *bench, struct errand *errand);

#endif
