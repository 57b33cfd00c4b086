/*
 * locate_sizes: which parts of a state have fewer bytes in nearcore form, at a server of our
 * protocol that offers it in two. Asked in batches (CATALOG), a window of them at once, each again
 * and again; what the answers come to is noted in what the server offers. It only saves
 * bytes: where a server does not say, its parts are taken as they come.
 *
 * Pure: the time comes in, questions go out. One thread.
 */
#ifndef PEN_TOOLS_LOCATE_SIZES_H
#define PEN_TOOLS_LOCATE_SIZES_H

#include "locate.h"
#include "wire/wire.h"

/* Times that a question is asked until it is given up, in 6.8 s: where a fifth is lost each way,
 * all are in vain once in 1.6 million. */
#define LOCATE_ASKS_MAX 14u
/* Questions about sizes at once: a packet each way. */
#define LOCATE_SIZES_WINDOW 8u
/* Parts of a state whose sizes are asked for; of larger ones lean form is taken to be smaller. */
#define LOCATE_SIZES_MAX 8192u

/* A question about the sizes of some parts, in one form. */
struct locate_question {
	bool open, answered;
	unsigned asks;
	int64_t next_ns;
};

/* Zeroed but for `ask` and `out` (both borrowed) it is ready, once the list is in `out`. */
struct locate_sizes {
	const struct locate_ask *ask;
	struct locate_offers *out;
	unsigned offer; /* whose parts are asked for: out->list[offer] */
	unsigned questions; /* 2 i and 2 i + 1 are of the i-th batch, nearcore and lean */
	struct locate_question *question; /* NULL between offers */
	uint64_t *bytes; /* of each part, nearcore and lean */
};

enum locate_sizes_act {
	LOCATE_SIZES_ASK, /* say this, and come again at once */
	LOCATE_SIZES_WAIT, /* for answers, or the time */
	LOCATE_SIZES_OVER, /* there is nothing left to know */
};

/* Zeroed is fine. */
void locate_sizes_fini(struct locate_sizes *sizes);

/* What is to be done? ASK fills *catalog. */
enum locate_sizes_act locate_sizes_next(
	struct locate_sizes *sizes, struct pen_wire_catalog *catalog, int64_t now_ns);

/* An answer (decoded); what was not asked is passed over. */
void locate_sizes_hear(struct locate_sizes *sizes, const struct pen_wire_catalog *entries);

/* Is it time to ask something (again), that was asked so often? Then it is counted, and *next_ns is
 * when to ask anew. */
bool locate_is_due(unsigned *asks, int64_t *next_ns, int64_t now_ns);

#endif
