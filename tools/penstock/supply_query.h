/*
 * supply_query: one source of a supply, by its word: opened, asked what it offers in a thread of
 * its own, and what it answered. The thread ends when it has, or when supply->quit is set;
 * `offers`, `result` and `why` are the thread's until supply_query_over says that it has.
 */
#ifndef PEN_TOOLS_SUPPLY_QUERY_H
#define PEN_TOOLS_SUPPLY_QUERY_H

#include <stdatomic.h>

#include "base/thread.h"
#include "drivers/table.h"
#include "locate_peer.h"

struct supply;

/* Zeroed but for `supply` it is closed. */
struct supply_query {
	struct supply *supply;
	struct pen_thread thread;
	struct pen_origin *origin; /* the thread's until `over`; NULL: a server of our protocol */
	struct locate_peer peer; /* which one */
	struct locate_offers offers;
	int result;
	struct pen_why why; /* when result is not 0 */
	_Atomic bool over;
	bool seen; /* its answer was taken into account */
	unsigned source; /* index of its first in supply->sources, if it takes part or still may */
	unsigned sources; /* how many it has there: one a form */
};

/* Open what the word means; nothing is asked. 0, or PEN_EUSAGE with a sentence. */
int supply_query_open(struct supply_query *query, const char *word, struct pen_why *why);

/* Ask, in a thread with this number. 0 or -errno with a sentence. */
int supply_query_start(struct supply_query *query, unsigned number, struct pen_why *why);

/* Once supply->quit is set: wait for the thread's end, and close. */
void supply_query_close(struct supply_query *query);

/* Has it answered, or failed? */
bool supply_query_over(const struct supply_query *query);

/* Of one that is over: can it deliver the state in n parts? 0; what it failed with;
 * PEN_EREFUSED or PEN_ENOTFOUND; with a sentence. */
int supply_query_check(const struct supply_query *query, uint32_t n, struct pen_why *why);

/* Has it answered what is enough to begin with? n is 0 while it is open. */
bool supply_query_useful(const struct supply_query *query, uint32_t n);

/* Does it offer the state in n parts, as far as it knows? */
bool supply_query_has(const struct supply_query *query, uint32_t n);

/* Its offer in as many parts as was agreed on; zeroed if there is none. */
struct locate_offer supply_query_offer(const struct supply_query *query);

/* The labels in what it answered, once that was taken into account; NULL if there are none. They
 * stay until close. */
const struct pen_labels *supply_query_labels(const struct supply_query *query);

#endif
