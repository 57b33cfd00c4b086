/*
 * hall: a server of our protocol at one UDP address: a thread that runs engine/serve over
 * drivers/uring, reads the store by a disk of its own, and offers what the shelf has. It is a core
 * in the sense of engine/serve: its sessions, its cache and its memory are its own.
 *
 * Order: open, any number of counts, drain, close.
 */
#ifndef PEN_TOOLS_HALL_H
#define PEN_TOOLS_HALL_H

#include "endpoint.h"
#include "hall_counts.h"
#include "hush.h"
#include "identity.h"
#include "shelf.h"

struct hall;

/* Sessions of one hall. */
#define HALL_GUESTS 256u

struct hall_config {
	struct endpoint at; /* port 0: any that is free */
	uint8_t core; /* number of this hall, in the numbers of its sessions */
	bool pinned; /* its thread to allowed CPU number `core` */
	bool busy; /* never sleep */
	uint32_t blocks; /* of its cache */
	uint64_t rate; /* bytes of DATA packets a second at most; 0: any */
	const struct identity *identity; /* borrowed for the call */
	const char *store,
		*index; /* directories, as in struct shelf_config; borrowed until close */
	struct shelf *shelf; /* borrowed until close, like hush */
	struct hush *hush;
	unsigned without; /* enum pen_without */
	struct pen_notes *notes; /* what this machine lacks is added; borrowed for the call */
};

/* Listen and serve. 0 and *hall, at->port known; -errno with a sentence. */
int hall_open(struct hall_config *config, struct hall **hall, struct pen_why *why);

/* What it did up to a moment that is at most a quarter of a second ago. Any thread. */
void hall_counts(struct hall *hall, struct hall_counts *counts);

/* The memory that its blocks are in. */
const struct pen_arena *hall_arena(const struct hall *hall);

/* Open nothing more, finish what was begun, at the latest by then, tell everybody that we leave,
 * and end; returns at once. Again is fine. */
void hall_drain(struct hall *hall, int64_t until_ns);

/* The end, after what hall_drain says; without it at once. NULL is fine. */
void hall_close(struct hall *hall);

#endif
