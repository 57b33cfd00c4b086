/*
 * errand: what the workers of a fetch do, apart from the loop that talks to the network: they join
 * the pieces of a part, prove it and put it where parts go (depot.h), and say which pieces are
 * wrong if it is none; or they prove a block of a raw object, as it came or as it was kept, and
 * write it. An errand belongs to its worker until it comes back, with all that it points to.
 */
#ifndef PEN_TOOLS_ERRAND_H
#define PEN_TOOLS_ERRAND_H

#include "apply/job.h"
#include "fetch/sum.h"
#include "parcel.h"
#include "store/layout.h"
#include "store/writer.h"

struct depot;

enum errand_kind {
	ERRAND_PART, /* prove a part and put it where it belongs */
	ERRAND_BLOCK, /* prove a block of the raw object, and write it */
	ERRAND_KEPT, /* prove one that an earlier fetch has written */
	ERRAND_END, /* all blocks are proved: make the object durable, give it its name */
};

enum errand_verdict {
	ERRAND_DONE,
	ERRAND_WRONG, /* some pieces are wrong by themselves: `bits`; or the block is */
	ERRAND_REFUTED, /* the part fails its proof */
	ERRAND_AS_NAMED, /* the same, and its bytes are what was offered */
	ERRAND_LARGE, /* the part takes more memory than it is allowed; nothing is decided */
	ERRAND_BROKEN, /* the machine failed: `err` */
};

/* A raw object under way, whose file is store/partial.h's. */
struct errand_object {
	struct pen_hash root;
	uint64_t bytes; /* END: of all */
	unsigned file; /* its how-manieth file it is: workers open it anew when this changes */
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
	const struct pen_allowance *allowance; /* beyond it, it is LARGE */
	const struct parcel *parcel; /* its pieces, or NULL: */
	struct pen_bytes bytes; /* the part as it came, whole */
	const struct parcel *before; /* what came first and failed; or NULL */
	uint64_t *bits; /* room for PARCEL_UNITS_MAX: pieces of the parcel if WRONG, of `before`
			   that are others if DONE */
	unsigned others; /* DONE: bits set */
	struct pen_sum sum; /* REFUTED: of the parcel's pieces */
	const struct pen_labels *labels; /* that whoever sent it knows; or NULL */
	uint64_t stored_bytes; /* DONE: of the part as it came, whole */
	struct pen_part_counts counts; /* DONE, in a database: what is in it */
	int64_t prove_ns, store_ns; /* time it took */

	/* BLOCK, KEPT and END */
	const struct errand_object *object;
	uint32_t unit; /* number of the block */
	bool unproved; /* the block is proved with all others: */
	struct pen_hash leaf; /* of the block, if it is right; unproved: as it is */
	uint32_t kept_bytes; /* KEPT: of the block; that of BLOCK is in `bytes` */
};

struct errand_bench;

/* What a code of proof or machine means for an errand: DONE for 0, REFUTED, LARGE or BROKEN. */
enum errand_verdict errand_verdict(int err);

/* A worker's place. NULL and a sentence: the depot (borrowed) has none for it, or no memory. */
struct errand_bench *errand_bench_open(struct depot *depot, struct pen_why *why);

/* NULL is fine. */
void errand_bench_close(struct errand_bench *bench);

/* Give back what is kept from part to part; while no errand is under way on it. */
void errand_bench_trim(struct errand_bench *bench);

/* Do it, in the worker's thread. */
void errand_run(struct errand_bench *bench, struct errand *errand);

#endif
