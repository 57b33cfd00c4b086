/*
 * halls: all UDP addresses of one server. Each is a hall: a thread, a port, a cache. They share
 * nothing but the shelf, the identity and the log, so that what one address does costs the others
 * nothing; the cap on the rate is divided evenly.
 */
#ifndef PEN_TOOLS_HALLS_H
#define PEN_TOOLS_HALLS_H

#include "hall.h"

/* UDP addresses of one server. */
#define HALLS_MAX 8u

struct halls_config {
	const char *const *listen; /* as the user typed them */
	unsigned count; /* 0..HALLS_MAX */
	const char *store, *index; /* as in struct hall_config, like the rest; borrowed until close
				    */
	struct shelf *shelf;
	struct hush *hush;
	uint32_t blocks;
	uint64_t
		rate; /* bytes a second that leave at most, with IP headers, by all halls; 0: any */
	bool pinned, busy;
	unsigned without;
};

struct halls {
	unsigned count;
	struct hall *halls[HALLS_MAX];
	char text[HALLS_MAX][ENDPOINT_TEXT_BYTES]; /* ADDR:PORT of each, the port that it got */
};

/* Open every address, and say on stderr where, and what this machine lacks. 0, or as hall_open;
 * close is due either way. `halls` is zeroed before. */
int halls_open(struct halls *halls, const struct halls_config *config, struct pen_why *why);

/* Append their metrics. 0 or -ENOMEM. */
int halls_metrics(struct halls *halls, struct pen_buf *out);

/* All drain, at the same time; and all end. */
void halls_drain(struct halls *halls, int64_t until_ns);
void halls_close(struct halls *halls);

#endif
