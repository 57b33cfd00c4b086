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
	credit->used |= UINT64_C(1) << peer;
	credit->peer[peer] = (struct pen_credit_peer){.used = true, .heard_ns = now_ns};
}

void pen_credit_leave(struct pen_credit *credit, unsigned peer)
{
	*peer_of(credit, peer) = (struct pen_credit_peer){0};
	credit->used &= ~(UINT64_C(1) << peer);
}

void pen_credit_heard(struct pen_credit *credit, unsigned peer, int64_t now_ns)
{
	struct pen_credit_peer *p = peer_of(credit, peer);
	p->heard_ns = now_ns;
	p->lapsed = false;
}

bool pen_credit_use(
	struct pen_credit *credit, unsigned peer, const struct pen_credit_use *use, int64_t now_ns)
{
	PEN_CHECK(use->timeout_ns > 0);
	struct pen_credit_peer *p = peer_of(credit, peer);
	/* Silence counts from when something was first wanted. */
	if (p->useful == 0 && use->useful > 0 && !p->lapsed)
		p->heard_ns = now_ns;
	bool news = p->rate != use->rate || p->useful != use->useful ||
		p->timeout_ns != use->timeout_ns || p->rtt_ns != use->rtt_ns;
	p->rate = use->rate;
	p->useful = use->useful;
	p->timeout_ns = use->timeout_ns;
	p->rtt_ns = use->rtt_ns;
	return news;
}

static int64_t lapse_ns(const struct pen_credit_peer *p)
{
	/* Who may not send is not silent. */
	if (!p->used || p->lapsed || p->useful == 0 || p->share == 0)
		return INT64_MAX;
	return p->heard_ns + PEN_CREDIT_SILENT_TIMEOUTS * p->timeout_ns;
}

static bool takes_part(const struct pen_credit_peer *p)
{
	return p->used && !p->lapsed && p->useful > 0;
}

static unsigned first_of(uint64_t set)
{
	return (unsigned)__builtin_ctzll(set);
}

/* Leases lapse, and shares are taken back. Returns who had one. */
static uint64_t collect(struct pen_credit *credit, int64_t now_ns)
{
	uint64_t had = 0;
	for (uint64_t set = credit->used; set; set &= set - 1) {
		struct pen_credit_peer *p = &credit->peer[first_of(set)];
		bool lapses = lapse_ns(p) <= now_ns;
		p->lapsed |= lapses;
		credit->lapses += lapses;
		had |= p->share ? set & -set : 0;
		p->share = 0;
	}
	return had;
}

/* Give each the least that keeps it measurable, in order, as far as the whole reaches. */
static uint64_t give_least(struct pen_credit *credit, uint64_t left)
{
	for (uint64_t set = credit->used; set; set &= set - 1) {
		struct pen_credit_peer *p = &credit->peer[first_of(set)];
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
	for (uint64_t set = credit->used; set; set &= set - 1) {
		const struct pen_credit_peer *p = &credit->peer[first_of(set)];
		if (takes_part(p) && p->share < p->useful)
			rates += p->rate + 1;
	}
	uint64_t rest = left;
	for (uint64_t set = credit->used; rates && set; set &= set - 1) {
		struct pen_credit_peer *p = &credit->peer[first_of(set)];
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
	uint64_t had = collect(credit, now_ns);
	uint64_t left = give_least(credit, total);
	/* Each pass fills somebody or shares out all but some bytes. */
	for (unsigned pass = 0; pass < PEN_CREDIT_PEERS && left; pass++) {
		uint64_t rest = give_by_rate(credit, left);
		PEN_CHECK(rest <= left);
		if (rest == left)
			break;
		left = rest;
	}
	for (uint64_t set = credit->used & ~had; set; set &= set - 1) {
		struct pen_credit_peer *p = &credit->peer[first_of(set)];
		if (p->share)
			p->heard_ns = now_ns;
	}
}

int64_t pen_credit_due_ns(const struct pen_credit *credit)
{
	int64_t due = INT64_MAX;
	for (uint64_t set = credit->used; set; set &= set - 1) {
		int64_t at = lapse_ns(&credit->peer[first_of(set)]);
		due = at < due ? at : due;
	}
	return due;
}

int64_t pen_credit_rtt_ns(const struct pen_credit *credit)
{
	int64_t longest = 0;
	for (uint64_t set = credit->used; set; set &= set - 1) {
		const struct pen_credit_peer *p = &credit->peer[first_of(set)];
		if (!p->lapsed && p->rtt_ns > longest)
			longest = p->rtt_ns;
	}
	return longest;
}
