/* locate_peer: what a server of our protocol offers of a state; see locate.h. */
#ifndef PEN_TOOLS_LOCATE_PEER_H
#define PEN_TOOLS_LOCATE_PEER_H

#include "endpoint.h"
#include "identity.h"
#include "locate.h"
#include "wire/wire.h"

/* Who is asked, and who asks. */
struct locate_peer {
	struct endpoint end;
	struct pen_identity identity;
};

/* Call the server behind ask->peer, and ask for its list, and, where it has parts in two forms, how
 * large they are in each. As locate. */
int locate_peer(const struct locate_ask *ask, struct locate_offers *out, struct pen_why *why);

/* One state of a list (decoded), in a form that is asked for, is added to what is offered. For
 * locate_peer and its test. */
void locate_peer_state(
	struct locate_offers *out, const struct pen_wire_state *state, unsigned forms);

#endif
