#include "fetch/assign.h"

#include "base/check.h"
#include "fetch/blame.h"
#include "fetch/seats.h"
#include "fetch/stir.h"

#define NS_PER_S UINT64_C(1000000000)
/* An eighth for each timeout. */
#define DOUBT_BITS 3
/* Of a downlink with a cap: what one turn of a busy loop takes beyond the round trip. */
#define DOWNLINK_SLACK_NS UINT64_C(20000000)

/* Will the server not send what it is bound to, while somebody else may? */
static bool is_idle(const struct pen_client *client, const struct pen_bond *bond)
{
	const struct pen_server *server = &client->server[bond->peer];
	uint64_t others = bond->haul->can & bond->haul->only & pen_client_ready(client) &
		~(UINT64_C(1) << bond->peer);
	if (server->state == PEN_SERVER_GONE || !pen_haul_serves(bond->haul, bond->peer))
		return true;
	bool silent = server->state != PEN_SERVER_READY &&
		server->silences >= PEN_ASSIGN_BOND_SILENCES;
	return others != 0 && (silent || bond->fails >= PEN_BOND_FAILS_MAX);
}

/* Free pieces from servers that will not send them: they are missing again. */
static void free_bonds(struct pen_client *client, int64_t now_ns)
{
	for (uint32_t i = 0; client->bonds.count && i < PEN_BONDS_MAX; i++) {
		struct pen_bond *bond = &client->bonds.bond[i];
		if (bond->haul && is_idle(client, bond) && !pen_seats_complete(client, bond))
			pen_seats_unbind(client, bond, now_ns);
	}
}

/* Could something of the haul be asked for, now or once it has a name? */
static bool is_hungry(struct pen_haul *haul)
{
	return !haul->named || pen_haul_missing(haul) != PEN_HAUL_NONE;
}

/* A comparison whose only server has gone is none: everybody may send again. */
static void free_orphan(const struct pen_client *client, struct pen_haul *haul)
{
	if (haul->named && (haul->can & haul->only & pen_client_ready(client)) == 0)
		haul->only = UINT64_MAX;
}

/* Begin hauls of the rarest parts. */
static void begin_hauls(struct pen_client *client)
{
	uint32_t hungry = 0;
	for (uint32_t i = 0; i < client->hauls.count; i++) {
		struct pen_haul *haul = pen_hauls_nth(&client->hauls, i);
		free_orphan(client, haul);
		hungry += is_hungry(haul);
	}
	while (hungry < PEN_ASSIGN_AHEAD && client->hauls.count < client->hauls.hauls_max) {
		uint32_t part = pen_parts_next(&client->parts);
		if (part == PEN_HAUL_NONE)
			return;
		pen_hauls_begin(&client->hauls, client->config.form, PEN_WIRE_KIND_PIECE, part)
			->given = client->config.sized;
		pen_parts_set(&client->parts, part, PEN_PARTS_BEGUN);
		hungry++;
	}
}

/* Ask servers what they have of the hauls' parts, if that is not known. */
static void ask_names(struct pen_client *client, int64_t now_ns)
{
	for (uint32_t i = 0; i < client->hauls.count; i++) {
		struct pen_haul *haul = pen_hauls_nth(&client->hauls, i);
		/* A liar may have named it, and be gone. */
		if (haul->kind == PEN_WIRE_KIND_PIECE)
			pen_haul_adopt(haul);
		for (unsigned s = 0; s < client->server_count; s++) {
			struct pen_server *server = &client->server[s];
			bool known = (haul->can | haul->cannot) >> s & 1;
			if (known || server->state != PEN_SERVER_READY)
				continue;
			/* Digests are asked of whoever says that the object is so large. */
			if (haul->given && haul->kind != PEN_WIRE_KIND_PIECE &&
				server->object_bytes != client->sized_bytes)
				continue;
			/* Small objects have no entry: whoever has a part of the state has them. */
			if (haul->kind != PEN_WIRE_KIND_PIECE) {
				struct pen_haul_name name = {.units = 1};
				pen_haul_offer(
					&client->hauls, haul, s, haul->named ? &haul->name : &name);
				continue;
			}
			if (server->catalog.open || !pen_parts_has(&client->parts, s, haul->part))
				continue;
			server->catalog_part = haul->part;
			pen_server_begin(&server->catalog, now_ns);
			pen_stir_server(client, s);
		}
	}
}

/* What a server may be expected to send: what it did, or, as long as that was only all that it was
 * asked for, what it was told to; each timeout since then in
 * which nothing came makes it doubtful, and each time that it was too busy. One that only talks is
 * as good as none. */
static uint64_t rate_of(const struct pen_server *server)
{
	if (server->state != PEN_SERVER_READY)
		return 0;
	const struct pen_rate *rate = &server->stream.rate;
	uint64_t expected = rate->measured;
	if (!rate->sure && rate->pace > expected)
		expected = rate->pace;
	unsigned doubts = DOUBT_BITS * (server->stream.rtt.doublings + server->refusals);
	return doubts < 64 ? expected >> doubts : 0;
}

/* What servers may be expected to send, and what they showed of that. */
struct rates {
	uint64_t expected[PEN_HAUL_PEERS], shown[PEN_HAUL_PEERS];
};

static void rates_of(const struct pen_client *client, struct rates *rates)
{
	for (unsigned s = 0; s < PEN_HAUL_PEERS; s++) {
		bool is = s < client->server_count;
		uint64_t expected = is ? rate_of(&client->server[s]) : 0;
		uint64_t measured = is ? client->server[s].stream.rate.measured : 0;
		rates->expected[s] = expected;
		rates->shown[s] = measured < expected ? measured : expected;
	}
}

/* Servers by what may be expected of them, the most first: where blocks are few, they get them. */
static void order_by_rate(
	const struct pen_client *client, const uint64_t *rates, uint8_t order[PEN_HAUL_PEERS])
{
	PEN_CHECK(client->server_count <= PEN_HAUL_PEERS);
	for (unsigned s = 0; s < client->server_count && s < PEN_HAUL_PEERS; s++) {
		unsigned i = s;
		for (; i > 0 && rates[order[i - 1]] < rates[s]; i--)
			order[i] = order[i - 1];
		order[i] = (uint8_t)s;
	}
}

/* Bytes of the piece that a place is for; of one of unknown length, what its haul has on average.
 */
static uint64_t bytes_of(const struct pen_client *client, unsigned seat)
{
	const struct pen_haul_name *name = &client->haul[seat]->name;
	if (client->place[seat].bytes)
		return client->place[seat].bytes;
	PEN_CHECK(name->units > 0);
	uint64_t mean = name->bytes / name->units;
	return mean && mean < PEN_WIRE_PIECE_BYTES_MAX ? mean : PEN_WIRE_PIECE_BYTES_MAX;
}

/* Bytes that a server still has to send of the pieces that it is asked for, as of its last PULL,
 * but for the oldest: it is at that. Of one that has come but for its losses little is left, and it
 * may go on. */
static uint64_t waiting_bytes(const struct pen_client *client, const struct pen_server *server)
{
	uint64_t bytes = 0;
	for (unsigned i = 1; i < server->places; i++) {
		unsigned seat = server->place[i];
		bytes += bytes_of(client, seat) - client->place[seat].came_bytes;
	}
	return bytes;
}

bool pen_assign_room(const struct pen_client *client, unsigned s, int64_t now_ns)
{
	const struct pen_server *server = &client->server[s];
	/* What it sent while it was asked about a piece was wrong again: that is no accident. */
	bool over = pen_blame_holds(server) && server->bad > server->bad_before + 1;
	if (server->state != PEN_SERVER_READY || now_ns < server->busy_ns || over)
		return false;
	/* One that fell silent has one piece to show that it sends again. */
	if (server->places > 0 && server->stream.rtt.doublings >= PEN_SERVER_SILENCES)
		return false;
	/* A size that is tried has a slot of its own. */
	unsigned most = server->visit.slots - server->sizes.trying;
	if (server->places >= (most ? most : server->visit.slots))
		return false;
	return pen_sched_room(
		rate_of(server), server->stream.rtt.srtt_ns, waiting_bytes(client, server));
}

/* What another is bound to send starts again here. */
static void unbind(
	struct pen_client *client, const struct pen_sched_pick *pick, unsigned s, int64_t now_ns)
{
	struct pen_bond *bond = pen_bonds_find(&client->bonds, pick->haul, pick->unit);
	if (bond && bond->peer != s)
		pen_seats_unbind(client, bond, now_ns);
}

static uint64_t held(const struct pen_client *client)
{
	uint64_t set = 0;
	for (unsigned s = 0; s < client->server_count && s < PEN_HAUL_PEERS; s++)
		set |= (uint64_t)pen_blame_holds(&client->server[s]) << s;
	return set;
}

/* Open places until servers have no room or nothing is missing; then, if it is to be weighed, what
 * another would bring sooner. */
static void fill_places(struct pen_client *client, bool weigh, int64_t now_ns)
{
	struct pen_sched_flight flights[PEN_CLIENT_PLACES_MAX];
	struct rates rates;
	uint8_t order[PEN_HAUL_PEERS];
	rates_of(client, &rates);
	order_by_rate(client, rates.expected, order);
	struct pen_sched_view view = {.hauls = &client->hauls,
		.bonds = &client->bonds,
		.flights = flights,
		.rates = rates.expected,
		.shown = rates.shown,
		.held = held(client),
		.settled = !weigh};
	view.count = pen_seats_flights(client, flights);
	/* One each in turn, so that a piece more goes to whoever has least to do. */
	for (bool more = true; more;) {
		more = false;
		for (unsigned i = 0; i < client->server_count; i++) {
			unsigned s = order[i];
			if (!pen_assign_room(client, s, now_ns))
				continue;
			struct pen_sched_pick pick = pen_sched_next(&view, s);
			if (!pick.haul)
				continue;
			unbind(client, &pick, s, now_ns);
			if (!pen_seat_take(client, s, pick.haul, pick.unit, now_ns)) {
				if (!pen_seats_evict(client, now_ns)) {
					client->starved = client->config.pool->free == 0;
					return;
				}
				view.count = pen_seats_flights(client, flights);
				more = true;
				continue;
			}
			client->counters.again += pick.again;
			/* Another part may be begun for what is missing now. */
			client->unassigned = true;
			view.count = pen_seats_flights(client, flights);
			more = true;
		}
	}
}

void pen_assign_places(struct pen_client *client, int64_t now_ns)
{
	bool weigh = client->weigh;
	client->unassigned = client->weigh = client->starved = false;
	free_bonds(client, now_ns);
	begin_hauls(client);
	ask_names(client, now_ns);
	fill_places(client, weigh, now_ns);
}

static struct pen_credit_limits limits_of(const struct pen_client *client)
{
	uint64_t rate = client->config.rate_max;
	uint64_t span = (uint64_t)pen_credit_rtt_ns(&client->credit) + DOWNLINK_SLACK_NS;
	return (struct pen_credit_limits){
		.downlink = rate ? (uint64_t)((unsigned __int128)rate * span / NS_PER_S)
				 : UINT64_MAX,
		.memory = client->config.rx_bytes,
		.backlog = client->backlog_bytes,
	};
}

/* Whoever has a share of the credit has the same share of the rate. */
static void share_rate(struct pen_client *client, uint64_t total)
{
	for (unsigned s = 0; s < client->server_count; s++) {
		struct pen_server *server = &client->server[s];
		if (server->state != PEN_SERVER_READY || server->share == 0 || total == 0)
			continue;
		uint64_t pace = server->stream.rate.pace;
		pen_rate_limit(&server->stream.rate,
			(uint64_t)((unsigned __int128)client->config.rate_max * server->share /
				total));
		if (server->stream.rate.pace != pace)
			pen_stir_server(client, s);
	}
}

void pen_assign_claim(struct pen_client *client, unsigned s, int64_t now_ns)
{
	const struct pen_server *server = &client->server[s];
	client->claims &= ~(UINT64_C(1) << s);
	if (!client->credit.peer[s].used)
		return;
	struct pen_credit_use use = {
		.rate = server->stream.rate.measured,
		.useful = pen_stream_useful(&server->stream, &server->want),
		.timeout_ns = pen_stream_patience_ns(&server->stream),
		.rtt_ns = server->stream.rtt.srtt_ns,
	};
	if (pen_credit_use(&client->credit, s, &use, now_ns))
		pen_stir_credit(client);
}

static void set_share(struct pen_client *client, unsigned s, uint64_t share)
{
	struct pen_server *server = &client->server[s];
	if (server->share == share)
		return;
	server->share = share;
	pen_stir_server(client, s);
}

void pen_assign_credit(struct pen_client *client, int64_t now_ns)
{
	struct pen_credit *credit = &client->credit;
	struct pen_credit_limits limits = limits_of(client);
	client->unshared = false;
	pen_credit_share(credit, &limits, now_ns);
	client->lapse_ns = pen_credit_due_ns(credit);
	uint64_t total = 0;
	for (unsigned s = 0; s < client->server_count; s++) {
		const struct pen_credit_peer *peer = &credit->peer[s];
		/* A lapsed one may prove itself with the least there is. */
		uint64_t least = credit->total < PEN_CREDIT_LEAST ? credit->total
								  : PEN_CREDIT_LEAST;
		set_share(client, s, peer->lapsed ? least : peer->share);
		total += client->server[s].share;
	}
	if (client->config.rate_max)
		share_rate(client, total);
}
