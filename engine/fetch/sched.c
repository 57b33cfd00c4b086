#include "fetch/sched.h"

#include "base/check.h"

#define NS_PER_S UINT64_C(1000000000)

/* May this server be asked for units of the haul? One that is held may if nobody else is there. */
static bool may_send(const struct pen_sched_view *view, const struct pen_haul *haul, unsigned peer)
{
	if (!pen_haul_serves(haul, peer))
		return false;
	for (unsigned i = 0; view->held >> peer & 1 && i < PEN_HAUL_PEERS; i++) {
		if (view->rates[i] > 0 && !(view->held >> i & 1) && pen_haul_serves(haul, i))
			return false;
	}
	return true;
}

static bool pick_bound(
	const struct pen_sched_view *view, unsigned peer, struct pen_sched_pick *pick)
{
	const struct pen_bond *bond = pen_bonds_next(view->bonds, peer);
	if (!bond || !may_send(view, bond->haul, peer))
		return false;
	*pick = (struct pen_sched_pick){.haul = bond->haul, .unit = bond->unit};
	return true;
}

static bool pick_missing(
	const struct pen_sched_view *view, unsigned peer, struct pen_sched_pick *pick)
{
	for (uint32_t i = 0; i < view->hauls->count; i++) {
		struct pen_haul *haul = pen_hauls_nth(view->hauls, i);
		if (!may_send(view, haul, peer) || !pen_hauls_fits(view->hauls, haul))
			continue;
		uint32_t unit = pen_haul_missing(haul);
		if (unit == PEN_HAUL_NONE)
			continue;
		*pick = (struct pen_sched_pick){.haul = haul, .unit = unit};
		return true;
	}
	return false;
}

/* Is this the only flight of its unit that may arrive, and elsewhere? */
static bool is_alone(
	const struct pen_sched_view *view, const struct pen_sched_flight *flight, unsigned peer)
{
	if (flight->peer == peer)
		return false;
	for (unsigned i = 0; i < view->count; i++) {
		const struct pen_sched_flight *other = &view->flights[i];
		if (other == flight || other->haul != flight->haul || other->unit != flight->unit)
			continue;
		if (other->peer == peer || view->rates[other->peer] > 0)
			return false;
	}
	return true;
}

/* Is it one of the two fastest that can serve the haul? */
static bool is_fast(const struct pen_sched_view *view, const struct pen_haul *haul, unsigned peer)
{
	unsigned faster = 0;
	for (unsigned i = 0; i < PEN_HAUL_PEERS; i++)
		faster += view->rates[i] > view->rates[peer] && pen_haul_serves(haul, i);
	return view->rates[peer] > 0 && faster < PEN_SCHED_FASTEST;
}

/* How long a server needs for so many bytes; a rate that is not known is the slowest. */
static uint64_t time_ns(uint64_t bytes, uint64_t rate)
{
	unsigned __int128 ns = (unsigned __int128)bytes * NS_PER_S / (rate + 1);
	return ns < UINT64_MAX ? (uint64_t)ns : UINT64_MAX;
}

/* Bytes that a server still has to send for what it was asked. */
static uint64_t queued(const struct pen_sched_view *view, unsigned peer)
{
	uint64_t bytes = 0;
	for (unsigned i = 0; i < view->count; i++)
		bytes += view->flights[i].peer == peer ? view->flights[i].left_bytes : 0;
	return bytes;
}

/* How long the flight still takes if its server sends its slots in order: at most all of them. */
static uint64_t flight_ns(const struct pen_sched_view *view, const struct pen_sched_flight *flight)
{
	return time_ns(queued(view, flight->peer), view->rates[flight->peer]);
}

static bool pick_again(
	const struct pen_sched_view *view, unsigned peer, struct pen_sched_pick *pick)
{
	const struct pen_sched_flight *best = NULL;
	uint64_t best_ns = 0, before = queued(view, peer);
	for (unsigned i = 0; i < view->count; i++) {
		const struct pen_sched_flight *flight = &view->flights[i];
		if (flight->bound || !pen_haul_serves(flight->haul, peer) ||
			!is_alone(view, flight, peer))
			continue;
		uint64_t needs = flight_ns(view, flight);
		uint64_t own = time_ns(before + flight->bytes, view->rates[peer]);
		bool missed = flight->misses >= PEN_SCHED_MISSES && flight->left_bytes > 0;
		bool slow = needs / 2 > own && is_fast(view, flight->haul, peer);
		if (missed)
			needs = UINT64_MAX;
		if ((missed || slow) && needs > best_ns) {
			best = flight;
			best_ns = needs;
		}
	}
	if (!best)
		return false;
	struct pen_haul *haul = pen_hauls_find(view->hauls, best->haul->kind, best->haul->part);
	PEN_CHECK(haul == best->haul);
	*pick = (struct pen_sched_pick){.haul = haul, .unit = best->unit, .again = true};
	return true;
}

/* What another is bound to send, and would not have sent before all of it came from here. What came
 * is lost, so who did not keep a promise before gets none of it. */
static bool pick_freed(
	const struct pen_sched_view *view, unsigned peer, struct pen_sched_pick *pick)
{
	for (uint32_t i = 0; view->bonds->count && i < PEN_BONDS_MAX; i++) {
		const struct pen_bond *bond = &view->bonds->bond[i];
		if (!bond->haul || bond->peer == peer || !pen_haul_serves(bond->haul, peer) ||
			bond->haul->lacked >> peer & 1 || !is_fast(view, bond->haul, peer))
			continue;
		unsigned waiting = bond->blocks -
			(unsigned)__builtin_popcount(bond->asked | bond->here);
		uint64_t rest = queued(view, bond->peer) +
			(uint64_t)waiting * PEN_WIRE_PIECE_BYTES_MAX;
		uint64_t all = queued(view, peer) +
			(uint64_t)bond->blocks * PEN_WIRE_PIECE_BYTES_MAX;
		if (time_ns(rest, view->rates[bond->peer]) / PEN_SCHED_FREED <=
			time_ns(all, view->shown[peer]))
			continue;
		*pick = (struct pen_sched_pick){
			.haul = bond->haul, .unit = bond->unit, .again = true};
		return true;
	}
	return false;
}

struct pen_sched_pick pen_sched_next(const struct pen_sched_view *view, unsigned peer)
{
	PEN_CHECK(peer < PEN_HAUL_PEERS);
	struct pen_sched_pick pick = {0};
	bool fresh = pick_bound(view, peer, &pick) || pick_missing(view, peer, &pick);
	bool settled = view->settled || view->held >> peer & 1;
	if (!fresh && !settled && !pick_again(view, peer, &pick))
		pick_freed(view, peer, &pick);
	return pick;
}

bool pen_sched_room(uint64_t rate, int64_t rtt_ns, uint64_t waiting)
{
	PEN_CHECK(rtt_ns > 0);
	uint64_t span = 2 * (uint64_t)rtt_ns + PEN_SCHED_AHEAD_NS;
	return (unsigned __int128)waiting * NS_PER_S <= (unsigned __int128)rate * span;
}
