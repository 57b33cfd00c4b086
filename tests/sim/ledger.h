/*
 * ledger: a client's sink, what is applied to it, and what the world knows of it. The sink outlives
 * the process.
 *
 * A part that is durable is applied, in as many turns as it has rows: of opaque bytes a row for
 * each MiB. A golden state's part (sim/golden.h) is applied as sync does it, by a job (apply/job.h)
 * in one turn: it is proved, and its rows of nodes and values, and of pairs, are put. Whatever
 * fails is tried again; after a crash or a power cut the process has what the sink has, and no
 * more.
 *
 * The world watches: the sink ends the program for any row that is not the object's, even of a
 * batch that is thrown away, and for a part that is committed twice. At the end it has all parts,
 * and of a golden state its rows are audited (apply/audit.h): they are just those of the state with
 * its root, each counted as often as it is used.
 *
 * Order: open; for each life of the process start, then turn, then stop; judge; close.
 */
#ifndef PEN_TESTS_SIM_LEDGER_H
#define PEN_TESTS_SIM_LEDGER_H

#include "drivers/sim/sink.h"
#include "sim/object.h"

struct ledger {
	struct pen_sim_sink sink;
	const struct object *object; /* borrowed: what is true */
	struct pen_sim_digest expected[PLAN_PARTS_MAX]; /* of opaque parts */
	bool again; /* sabotage: a new life does not look what is applied */
	/* The process's: */
	uint32_t applied; /* parts that are in the sink, a bit each */
	struct pen_batch *batch; /* of an opaque part, or NULL */
	unsigned batch_k, rows; /* rows put so far */
	int64_t apply_ns; /* what the sink takes for each call */
	int64_t free_ns; /* the world's time at which it is done with the last one */
};

/* Empty; `stream` of the world's chance. */
void ledger_open(struct ledger *ledger, struct pen_sim_clock *clock, uint64_t stream,
	const struct object *object, int64_t apply_ns);

/* Of a stopped process. Zeroed is fine. */
void ledger_close(struct ledger *ledger);

/* A process begins. */
void ledger_start(struct ledger *ledger);

/* Go on: of the parts that are `kept`, with these bytes, apply what is not. */
void ledger_turn(struct ledger *ledger, uint32_t kept, const struct pen_bytes *parts);

/* In how long there is something to do; INT64_MAX: never. */
int64_t ledger_wait_ns(const struct ledger *ledger, uint32_t kept);

/* Whether all parts are in the sink, and it is finished. */
bool ledger_done(const struct ledger *ledger);

/* Sabotage: put a block of part k, whatever it is, into a batch that is thrown away; or, of a
 * golden state, the entries of a part that nobody has proved. */
void ledger_taste(struct ledger *ledger, unsigned k, uint32_t block, struct pen_bytes bytes);
void ledger_taste_part(struct ledger *ledger, unsigned k, struct pen_bytes stored);

/* Sabotage: the sink loses the row that it was given last, or counts it once more. */
void ledger_lose(struct ledger *ledger);
void ledger_miscount(struct ledger *ledger);

/* The process ends. */
void ledger_stop(struct ledger *ledger);

/* All must be in the sink: 0, or an error with a sentence. */
int ledger_judge(struct ledger *ledger, struct pen_why *why);

/* How opaque bytes are cut into rows, and files into writes. */
unsigned ledger_blocks(struct pen_bytes bytes);
struct pen_bytes ledger_block(struct pen_bytes bytes, unsigned block);

#endif
