/*
 * route: where a session's packets go, and how that changes: by challenge, never because a packet
 * says so (wire/wire.h, MOVING).
 *
 * One candidate at a time, one challenge a second. Only the newest challenge of the candidate
 * counts, and for PEN_ROUTE_ANSWER_NS. Until it is answered everything goes to the old address. No
 * memory of its own; one thread; time and randomness are arguments.
 */
#ifndef PEN_PEER_ROUTE_H
#define PEN_PEER_ROUTE_H

#include "base/draw.h"
#include "mem/frame.h"
#include "wire/wire.h"

/* Between two challenges of one session. */
#define PEN_ROUTE_CHALLENGE_NS INT64_C(1000000000)
/* An answer that takes longer is none: the longest timeout of a path, three times. */
#define PEN_ROUTE_ANSWER_NS INT64_C(3000000000)

struct pen_route {
	struct pen_net_path path; /* where packets go */
	struct pen_net_path candidate; /* that was challenged last */
	uint8_t challenge[sizeof(struct pen_wire_path)]; /* sent to it */
	int64_t challenged_ns; /* when, if ever */
	uint32_t moves; /* ever */
	uint32_t refused; /* packets from elsewhere that were not answered, ever */
	bool challenged; /* ever */
	bool waiting; /* the challenge may still be answered */
};

enum pen_route_from {
	PEN_ROUTE_HOME, /* from where its packets go */
	PEN_ROUTE_CHALLENGE, /* from elsewhere: send route->challenge to the candidate */
	PEN_ROUTE_REFUSED, /* from elsewhere, and no challenge is due */
};

void pen_route_init(struct pen_route *route, const struct pen_net_path *path);

/* A packet with a good tag came from `from` and is no answer to a challenge. */
enum pen_route_from pen_route_heard(struct pen_route *route, const struct pen_net_path *from,
	struct pen_draw *draw, int64_t now_ns);

/* An answer to a challenge came from `from`: true if it is right, and packets go there now. */
bool pen_route_answered(struct pen_route *route, const struct pen_net_path *from,
	const struct pen_wire_path *answer, int64_t now_ns);

/* Addresses that are this process's own. */
struct pen_route_own {
	const uint8_t (*addresses)[16]; /* `count` of them, as in struct pen_net_path */
	unsigned count;
	uint16_t port;
};

/* Whether a packet of this path may be looked at or sent at all: no port 0, multicast, broadcast or
 * unspecified address at either end, and not to ourselves. */
bool pen_route_sane(const struct pen_net_path *path, const struct pen_route_own *own);

#endif
