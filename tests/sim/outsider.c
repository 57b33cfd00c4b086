#include "sim/outsider.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/clock.h"
#include "wire/wire.h"

/* Stream of the world's chance. */
#define STREAM_OUTSIDER 4000u
/* Replayed packets come up to so much later. */
#define LATER_NS (3 * PEN_NS_PER_S)
/* One packet in so many that it sees is remembered. */
#define KEEP_SHARE 8u
/* What a made-up BUSY asks for at most: nobody has the whole minute for it. */
#define BUSY_MS_MAX 5000u

void outsider_open(struct outsider *outsider, struct world *world, const struct plan *plan)
{
	*outsider = (struct outsider){.world = world,
		.rng = pen_sim_clock_rng(&world->clock, STREAM_OUTSIDER),
		.plan = plan->outsider};
}

static bool chance(struct outsider *outsider, uint64_t one_in)
{
	return pen_rng_below(&outsider->rng, one_in) == 0;
}

/* As if from that host to the other, or from another address. */
static struct pen_net_path path_of(struct outsider *outsider, unsigned from, unsigned to)
{
	const struct pen_sim_network *network = &outsider->world->network;
	const struct pen_sim_host *there = &network->hosts[to];
	if (chance(outsider, 4))
		from = (unsigned)pen_rng_below(&outsider->rng, network->host_count);
	const struct pen_sim_host *here = &network->hosts[from];
	struct pen_net_path path = {
		.local_port = there->port_shown, .remote_port = here->port_shown};
	memcpy(path.local, there->shown, 16);
	memcpy(path.remote, here->shown, 16);
	if (chance(outsider, 8))
		path.remote[15] = UINT8_MAX; /* the number of no host */
	if (chance(outsider, 8))
		path.remote_port ^= 1;
	return path;
}

static void put(struct outsider *outsider, const struct pen_net_path *path,
	const struct outsider_packet *packet, int64_t delay_ns)
{
	PEN_CHECK(outsider->plan.left > 0);
	outsider->plan.left--;
	outsider->put++;
	pen_sim_network_forge(&outsider->world->network, path, packet->at, packet->bytes, delay_ns);
}

/* Ahead of what it saw, as if it came from there. */
static void put_now(struct outsider *outsider, const struct outsider_packet *packet)
{
	struct pen_net_path path = path_of(outsider, packet->from, packet->to);
	put(outsider, &path, packet, 0);
}

/* DATA that passes for the true one, but for its bytes. */
static void spoil(struct outsider *outsider, struct outsider_packet *packet)
{
	if (packet->bytes <= PEN_WIRE_HEAD_BYTES || !outsider->plan.spoils)
		return;
	outsider->plan.spoils--;
	outsider->spoilt++;
	pen_rng_bytes(&outsider->rng, packet->at + PEN_WIRE_HEAD_BYTES,
		1 + pen_rng_below(&outsider->rng, packet->bytes - PEN_WIRE_HEAD_BYTES));
	put_now(outsider, packet);
}

/* Any packet that it remembers, to anybody; mostly to whom it went. */
static void replay(struct outsider *outsider)
{
	const struct outsider_packet *packet =
		&outsider->kept[pen_rng_below(&outsider->rng, OUTSIDER_KEPT)];
	unsigned to = packet->to;
	if (!packet->bytes)
		return;
	if (chance(outsider, 4))
		to = (unsigned)pen_rng_below(&outsider->rng, outsider->world->network.host_count);
	struct pen_net_path path = path_of(outsider, packet->from, to);
	put(outsider, &path, packet, (int64_t)pen_rng_below(&outsider->rng, LATER_NS));
}

/* A bit is another, or header and length are right and the tag is not. */
static void harm(struct outsider *outsider, struct outsider_packet *packet)
{
	struct pen_wire_head *head = (struct pen_wire_head *)(void *)packet->at;
	/* Behind the header of DATA it would spoil it. */
	uint32_t bytes = head->type == PEN_WIRE_DATA ? PEN_WIRE_HEAD_BYTES : packet->bytes;
	if (chance(outsider, 2)) {
		uint8_t bit = (uint8_t)(1u << pen_rng_below(&outsider->rng, 8));
		packet->at[pen_rng_below(&outsider->rng, bytes)] ^= bit;
	} else {
		head->counter += 1 + pen_rng_below(&outsider->rng, 1000);
		head->tag = pen_rng_next(&outsider->rng);
	}
	put_now(outsider, packet);
}

/* A packet of a session that it saw, to one of its ends, with a made-up tag. */
static void say(struct outsider *outsider, struct outsider_packet *packet, enum pen_wire_type type,
	uint64_t session, uint16_t body_bytes)
{
	struct pen_wire_head head = {.type = (uint8_t)type,
		.version = PEN_WIRE_VERSION,
		.body_bytes = body_bytes,
		.session = session};
	head.counter = pen_rng_next(&outsider->rng);
	head.counter >>= pen_rng_below(&outsider->rng, 64);
	head.tag = pen_rng_next(&outsider->rng);
	memset(packet->at, 0, sizeof packet->at);
	memcpy(packet->at, &head, sizeof head);
	packet->bytes = (uint32_t)sizeof head + body_bytes;
}

static void turn_round(struct outsider_packet *packet)
{
	unsigned from = packet->from;
	packet->from = packet->to;
	packet->to = from;
}

/* In answer to a HELLO: what needs no session, nor a key. */
static void answer(struct outsider *outsider, struct outsider_packet *packet)
{
	uint64_t client = pen_le64(packet->at + PEN_WIRE_HEAD_BYTES);
	bool busy = outsider->plan.spoils && chance(outsider, 2);
	say(outsider, packet, busy ? PEN_WIRE_BUSY : PEN_WIRE_COOKIE, client,
		busy ? sizeof(struct pen_wire_busy) : sizeof(struct pen_wire_cookie));
	struct pen_wire_head *head = (struct pen_wire_head *)(void *)packet->at;
	head->counter = head->tag = 0;
	uint8_t *body = packet->at + PEN_WIRE_HEAD_BYTES;
	pen_rng_bytes(&outsider->rng, body, head->body_bytes);
	if (busy) {
		struct pen_wire_busy say_busy = {0};
		say_busy.reason = 1 + (uint32_t)pen_rng_below(&outsider->rng, 6);
		say_busy.retry_ms = (uint32_t)pen_rng_below(&outsider->rng, BUSY_MS_MAX);
		memcpy(body, &say_busy, sizeof say_busy);
	}
	turn_round(packet);
	put_now(outsider, packet);
}

/* The session is not there, or over: says the outsider. */
static void end(struct outsider *outsider, struct outsider_packet *packet)
{
	const struct pen_wire_head *head = (const struct pen_wire_head *)(const void *)packet->at;
	bool to_client = head->type & PEN_WIRE_TO_CLIENT;
	uint64_t session = head->session;
	if (!to_client && chance(outsider, 2)) {
		/* As the number that it names is the server's. */
		say(outsider, packet, PEN_WIRE_RESET, session, 0);
		turn_round(packet);
	} else {
		say(outsider, packet, to_client ? PEN_WIRE_CLOSED : PEN_WIRE_CLOSE, session,
			sizeof(struct pen_wire_close));
		packet->at[PEN_WIRE_HEAD_BYTES] = PEN_WIRE_CLOSE_DONE;
	}
	put_now(outsider, packet);
}

static void act(struct outsider *outsider, struct outsider_packet *packet)
{
	uint64_t what = pen_rng_below(&outsider->rng, 4);
	if (what == 0)
		replay(outsider);
	else if (packet->at[0] == PEN_WIRE_DATA && what == 1)
		harm(outsider, packet);
	else if (packet->at[0] == PEN_WIRE_DATA)
		spoil(outsider, packet);
	else if (what == 1)
		harm(outsider, packet);
	else if (packet->at[0] == PEN_WIRE_HELLO)
		answer(outsider, packet);
	else
		end(outsider, packet);
}

void outsider_see(
	struct outsider *outsider, unsigned from, unsigned to, const uint8_t *at, uint32_t bytes)
{
	static struct outsider_packet packet;
	bool control = bytes && at[0] != PEN_WIRE_DATA;
	uint64_t ends = UINT64_C(1) << from | UINT64_C(1) << to;
	if (!(outsider->plan.sees & ends) || !outsider->plan.left || bytes > OUTSIDER_BYTES ||
		bytes < PEN_WIRE_HEAD_BYTES)
		return;
	packet = (struct outsider_packet){.from = from, .to = to, .bytes = bytes};
	memcpy(packet.at, at, bytes);
	if (chance(outsider, KEEP_SHARE))
		outsider->kept[pen_rng_below(&outsider->rng, OUTSIDER_KEPT)] = packet;
	/* Of what is no DATA there is little. */
	if (chance(outsider, control ? 1 + outsider->plan.one_in / 16 : outsider->plan.one_in))
		act(outsider, &packet);
}
