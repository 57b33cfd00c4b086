/*
 * credit: how many bytes each server may have in flight towards us, so that together they never
 * exceed what we can take. What makes many senders to one receiver free of incast.
 *
 * The whole is min(downlink budget, memory that is free for what arrives, room behind the workers).
 * It is shared over the servers that we want something from, in proportion to their measured
 * rates, each at least PEN_CREDIT_LEAST and none more than it can use; what one cannot use goes to
 * the others. Credit is a lease: a server from which nothing came for three of its timeouts holds
 * none until it is heard again, or asked to prove itself (PEN_CREDIT_LEAST at a time, by the
 * caller's own doing). Late data of a lapsed lease is still placed.
 *
 * Nothing is sent from here: pen_credit_share computes, the caller grants. When the whole shrinks
 * below what was granted the grants cannot be taken back; shares are then 0 until enough has come.
 * Fixed table; one thread; time is an argument.
 */
#ifndef PEN_FLOW_CREDIT_H
#define PEN_FLOW_CREDIT_H

#include <stdbool.h>
#include <stdint.h>

/* Servers that one receiver has sessions with. */
#define PEN_CREDIT_PEERS 64u
/* The least share of a live server, in bytes: some packets, so that its rate can be measured. */
#define PEN_CREDIT_LEAST UINT64_C(32768)
/* Timeouts of silence after which a lease lapses. */
#define PEN_CREDIT_SILENT_TIMEOUTS 3

/* What bounds the sum. Bytes. */
struct pen_credit_limits {
	uint64_t downlink; /* rate of the link times a round trip, or --rate's share of it */
	uint64_t memory; /* blocks and frames that are free for what arrives */
	uint64_t backlog; /* what the workers can still take */
};

struct pen_credit_peer {
	bool used; /* the entry is taken */
	bool lapsed; /* silent for too long: no lease */
	uint64_t rate; /* measured, bytes a second */
	uint64_t useful; /* bytes it could have in flight: its window, or what is left to ask it for
			  */
	uint64_t share; /* result: bytes it may have in flight */
	int64_t heard_ns; /* when something came from it, or when it was last given a first share,
			     before which its silence means nothing */
	int64_t timeout_ns, rtt_ns; /* of its path */
};

struct pen_credit {
	uint64_t used; /* entries that are taken: a set */
	struct pen_credit_peer peer[PEN_CREDIT_PEERS];
	uint64_t total; /* result: the whole that was shared */
	uint64_t lapses; /* leases that lapsed, ever */
};

void pen_credit_init(struct pen_credit *credit);

/* Take the entry `peer` (below PEN_CREDIT_PEERS, not taken), or give it up. */
void pen_credit_join(struct pen_credit *credit, unsigned peer, int64_t now_ns);
void pen_credit_leave(struct pen_credit *credit, unsigned peer);

/* Something came from the peer: its lease is renewed, a lapsed one given back. */
void pen_credit_heard(struct pen_credit *credit, unsigned peer, int64_t now_ns);

/* What the next sharing should know of a peer. `useful` 0: nothing is wanted of it, and its silence
 * means nothing. */
struct pen_credit_use {
	uint64_t rate, useful;
	int64_t timeout_ns, rtt_ns;
};
/* True if that is news: share again. */
bool pen_credit_use(
	struct pen_credit *credit, unsigned peer, const struct pen_credit_use *use, int64_t now_ns);

/* Share out again: fills `share` of every peer. The sum is at most min(limits). Nothing changes if
 * nothing was told since the last time, and no lease lapsed. */
void pen_credit_share(
	struct pen_credit *credit, const struct pen_credit_limits *limits, int64_t now_ns);

/* When the next lease would lapse; INT64_MAX if none can. */
int64_t pen_credit_due_ns(const struct pen_credit *credit);

/* The longest round trip of those who have a lease: what the link must be filled for. */
int64_t pen_credit_rtt_ns(const struct pen_credit *credit);

#endif
