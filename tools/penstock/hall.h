/*
 * hall: a server of our protocol at one UDP address: a thread that runs engine/serve over
 * drivers/uring, reads the store by a disk of its own, and offers what the shelf has.
 */
#ifndef PEN_TOOLS_HALL_H
#define PEN_TOOLS_HALL_H

#include "endpoint.h"
#include "identity.h"
#include "shelf.h"

struct hall;

struct hall_config {
	struct endpoint at; /* port 0: any that is free */
	uint8_t core; /* number of this hall, in the numbers of its sessions */
	const struct identity *identity; /* borrowed for the call */
	const char *store,
		*index; /* directories, as in struct shelf_config; borrowed until close */
	struct shelf *shelf; /* borrowed until close */
};

/* Listen and serve. 0 and *hall, at->port known; -errno with a sentence. What this machine lacks is
 * said on stderr. */
int hall_open(struct hall_config *config, struct hall **hall, struct pen_why *why);

/* Tell everybody that we leave, and end. NULL is fine. */
void hall_close(struct hall *hall);

#endif
