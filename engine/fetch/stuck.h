/*
 * stuck: says what a fetch waits for, in words for the person who waits: nobody has the part, those
 * who have it are silent, or we cannot take more ourselves. A look at struct pen_client that
 * changes nothing.
 */
#ifndef PEN_FETCH_STUCK_H
#define PEN_FETCH_STUCK_H

#include "fetch/client.h"

enum pen_stuck_reason {
	PEN_STUCK_NOT, /* it goes on, or it is done */
	PEN_STUCK_CALLING, /* no server has answered yet */
	PEN_STUCK_GONE, /* every server has left, was banned, or never answered */
	PEN_STUCK_ASIDE, /* nobody is left but who is left aside: bytes change on the way from them
			  */
	PEN_STUCK_UNTOLD, /* nobody who has said what he has has the part, and a server that is
			     there has not said it yet */
	PEN_STUCK_NOBODY, /* no server that is there has the part, or has the same bytes */
	PEN_STUCK_SILENT, /* those that have it send nothing */
	PEN_STUCK_BUSY, /* those that have it said that they are busy */
	PEN_STUCK_CALLER, /* what came is not taken: no block is free, or the backlog is full */
	PEN_STUCK_REASONS,
};

struct pen_stuck {
	enum pen_stuck_reason reason;
	uint32_t part; /* that it is about; PEN_HAUL_NONE: all */
	unsigned server; /* one of those meant; PEN_HAUL_PEERS: none */
	int64_t quiet_ns; /* since a packet of data came from any server */
};

/* Why nothing comes, for the oldest part that is not here. */
void pen_stuck_look(const struct pen_client *client, int64_t now_ns, struct pen_stuck *out);

/* A sentence for a reason. */
const char *pen_stuck_text(enum pen_stuck_reason reason);

#endif
