/*
 * heard: what a client makes of the packets that come: DATA goes on to fetch/data.h, answers close
 * the questions they belong to, and the rest is counted.
 *
 * Whatever a server sends changes only what it was asked for: nothing here aborts, allocates or
 * logs. pen_client_hear is declared in fetch/client.h; this is its part, for tests. Rules of
 * struct pen_client.
 */
#ifndef PEN_FETCH_HEARD_H
#define PEN_FETCH_HEARD_H

#include "fetch/client.h"

/* An answer of a server's session, whose tag and counter were good; `body` is of this type. */
void pen_heard_answer(struct pen_client *client, unsigned server, uint8_t type,
	struct pen_bytes body, int64_t now_ns);

#endif
