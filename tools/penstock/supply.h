/*
 * supply: the sources of one sync: opened, asked what they offer, and agreed on one N. A source
 * that cannot take part is left out with a line on stderr, as long as another one can.
 */
#ifndef PEN_TOOLS_SUPPLY_H
#define PEN_TOOLS_SUPPLY_H

#include "locate.h"

struct supply_ask {
	const char *const *words; /* as the user gave them */
	unsigned count; /* 1..PEN_SOURCES_MAX */
	unsigned tries;
	int64_t stall_ns;
	bool (*stop)(void);
};

/* Zeroed is closed. */
struct supply {
	struct supply_ask ask;
	struct pen_origin *origins[PEN_SOURCES_MAX]; /* one a word */
	struct pen_source sources[PEN_SOURCES_MAX]; /* those that take part */
	unsigned count; /* of them */
};

/* Open every source. 0, or the first error: a word that is none must not go unnoticed. */
int supply_open(struct supply *supply, const struct supply_ask *ask, struct pen_why *why);

void supply_close(struct supply *supply);

/*
 * Find the state at the sources. *n is the number of parts, or 0: then it is chosen (locate.h).
 * 0 and supply->sources; PEN_EUSAGE if N must be given; PEN_EREFUSED if the state cannot have so
 * many; else the gravest of what the sources said (not found if they have other N).
 */
int supply_locate(
	struct supply *supply, const struct pen_hash *root, uint32_t *n, struct pen_why *why);

#endif
