#include "flow/credit.h"

#include <string.h>

#include "base/check.h"

void pen_credit_init(struct pen_credit *credit)
{
	memset(credit, 0, sizeof *credit);
}

static struct pen_credit_peer *peer_of(struct pen_credit *credit, unsigned peer)
{
	PEN_CHECK(peer < PEN_CREDIT_PEERS);
	PEN_CHECK(credit->peer[peer].used);
	return &credit->peer[peer];
}

void pen_credit_join(struct pen_credit *credit, unsigned peer, int64_t now_ns)
{
	PEN_CHECK(peer < PEN_CREDIT_PEERS);
	PEN_CHECK(!credit->peer[peer].used);
	credit->peer[peer] = (struct pen_credit_peer){.used = true, .heard_ns = now_ns};
}

void pen_credit_leave(struct pen_credit *credit, unsigned peer)
{
	*peer_of(credit, peer) = (struct pen_credit_peer){0};
}

void pen_credit_heard(struct pen_credit *credit, unsigned peer, int64_t now_ns)
{
	struct pen_credit_peer *p = peer_of(credit, peer);
	p->heard_ns = now_ns;
	p->lapsed = false;
}

void pen_credit_use(
	struct pen_credit *credit, unsigned peer, const struct pen_credit_use *use, int64_t now_ns)
{
	PEN_CHECK(use->timeout_ns > 0);
	struct pen_credit_peer *p = peer_of(credit, peer);
	/* Silence counts from when something was first wanted. */
	if (p->useful == 0 && use->useful > 0 && !p->lapsed)
		p->heard_ns = now_ns;
	p->rate = use->rate;
	p->useful = use->useful;
	p->timeout_ns = use->timeout_ns;
}

static int64_t lapse_ns(const struct pen_credit_peer *p)
{
	if (!p->used || p->lapsed || p->useful == 0)
		return INT64_MAX;
	return p->heard_ns + PEN_CREDIT_SILENT_TIMEOUTS * p->timeout_ns;
}

static bool takes_part(const struct pen_credit_peer *p)
{
	return p->used && !p->lapsed && p->useful > 0;
}

static void lapse(struct pen_credit *credit, int64_t now_ns)
{
	for (unsigned i = 0; i < PEN_CREDIT_PEERS; i++) {
		struct pen_credit_peer *p = &credit->peer[i];
		/* Who could not send was not silent. */
		if (p->used && p->share == 0 && !p->lapsed)
			p->heard_ns = now_ns;
		p->share = 0;
		if (lapse_ns(p) > now_ns)
			continue;
		p->lapsed = true;
		credit->lapses++;
	}
}

/* Give each the least that keeps it measurable, in order, as far as the whole reaches. */
static uint64_t give_least(struct pen_credit *credit, uint64_t left)
{
	for (unsigned i = 0; i < PEN_CREDIT_PEERS; i++) {
		struct pen_credit_peer *p = &credit->peer[i];
		if (!takes_part(p))
			continue;
		uint64_t least = p->useful < PEN_CREDIT_LEAST ? p->useful : PEN_CREDIT_LEAST;
		p->share = least < left ? least : left;
		left -= p->share;
	}
	return left;
}

/*
 * Share `left` by rate among those who can use more; returns what remains, because somebody could
 * not use all of his part. One without a measured rate counts as a byte a second.
 */
static uint64_t give_by_rate(struct pen_credit *credit, uint64_t left)
{
	unsigned __int128 rates = 0;
	for (unsigned i = 0; i < PEN_CREDIT_PEERS; i++) {
		const struct pen_credit_peer *p = &credit->peer[i];
		if (takes_part(p) && p->share < p->useful)
			rates += p->rate + 1;
	}
	uint64_t rest = left;
	for (unsigned i = 0; rates && i < PEN_CREDIT_PEERS; i++) {
		struct pen_credit_peer *p = &credit->peer[i];
		if (!takes_part(p) || p->share >= p->useful)
			continue;
		uint64_t part = (uint64_t)((unsigned __int128)left * (p->rate + 1) / rates);
		uint64_t room = p->useful - p->share;
		part = part < room ? part : room;
		p->share += part;
		rest -= part;
	}
	return rest;
}

void pen_credit_share(
	struct pen_credit *credit, const struct pen_credit_limits *limits, int64_t now_ns)
{
	uint64_t total = limits->downlink;
	total = limits->memory < total ? limits->memory : total;
	total = limits->backlog < total ? limits->backlog : total;
	credit->total = total;
	lapse(credit, now_ns);
	uint64_t left = give_least(credit, total);
	/* Each pass fills somebody or shares out all but some bytes. */
	for (unsigned pass = 0; pass < PEN_CREDIT_PEERS && left; pass++) {
		uint64_t rest = give_by_rate(credit, left);
		PEN_CHECK(rest <= left);
		if (rest == left)
			break;
		left = rest;
	}
}

int64_t pen_credit_due_ns(const struct pen_credit *credit)
{
	int64_t due = INT64_MAX;
	for (unsigned i = 0; i < PEN_CREDIT_PEERS; i++) {
		int64_t at = lapse_ns(&credit->peer[i]);
		due = at < due ? at : due;
	}
	return due;
}
