/*
 * assign: gives servers something to send: begins hauls, asks for catalogue entries, opens places,
 * and shares credit. The step of a client's turn that turns decisions of fetch/sched.h and
 * flow/credit.h into questions. Rules of struct pen_client.
 */
#ifndef PEN_FETCH_ASSIGN_H
#define PEN_FETCH_ASSIGN_H

#include "fetch/client.h"

/* Hauls that have something missing, ahead of what flies: so that no server waits for a name. */
#define PEN_ASSIGN_AHEAD 8u

/* Timeouts in a row until what a silent server is bound to send starts again elsewhere: one more,
 * twice as long, for a path that recovers, as up to five blocks are lost. */
#define PEN_ASSIGN_BOND_SILENCES (PEN_SERVER_SILENCES + 1)

/* Could a server be given another slot now? */
bool pen_assign_room(const struct pen_client *client, unsigned server, int64_t now_ns);

/* Free pieces of servers that will not send them, begin hauls of the rarest parts, ask what servers
 * have of them if that is not known, and open places until servers have no room or nothing is
 * missing, one each in turn, the fastest first; then, if it is to be weighed, what another would
 * bring sooner. */
void pen_assign_places(struct pen_client *client, int64_t now_ns);

/* State what a server could use of the credit. */
void pen_assign_claim(struct pen_client *client, unsigned server, int64_t now_ns);

/* Share what may be in flight, and what may be sent a second. */
void pen_assign_credit(struct pen_client *client, int64_t now_ns);

#endif
