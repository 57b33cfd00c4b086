/*
 * Receive overload: packets come at twice the rate at which a loop takes them, for as long as a
 * transfer lasts. A loop that receives until nothing is left would never send; ours receive at most
 * a burst, send what is due, and receive again. So what is due leaves at most a turn late; what the
 * device has no room for is lost, half of what is wanted too, and the transfer ends.
 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "sim/transfer.h"

#define MIB (UINT32_C(1) << 20)
#define SERVER 0u
#define CLIENT 1u
/* What a loop needs for a packet, so that a whole burst is a turn of 256 us. */
#define PACKET_NS 1000
#define TURN_NS ((int64_t)PEN_NET_BURST_MAX * PACKET_NS)
#define JUNK_BYTES 64u
#define RING 1024u

static struct transfer transfer;

static struct {
	unsigned host; /* whose loop is flooded */
	struct pen_rng rng;
	uint64_t turns, full; /* of it; in which a whole burst was taken */
	uint64_t junk; /* packets sent to it */
	uint64_t late; /* turns that left something undone that was due */
	int64_t turn_ns, gap_ns; /* when it was turned last; the longest time between two turns */
} flood;

/* So many packets until the next turn, which nobody asked for. */
static void pour(unsigned count)
{
	struct pen_sim_network *network = &transfer.world.network;
	struct pen_net_path path = pen_sim_path(network, flood.host, 1 - flood.host);
	path.remote_port = 9;
	for (unsigned i = 0; i < count; i++) {
		uint8_t junk[JUNK_BYTES];
		pen_rng_bytes(&flood.rng, junk, sizeof junk);
		struct pen_wire_head head = {.type = PEN_WIRE_PULL,
			.version = PEN_WIRE_VERSION,
			.body_bytes = JUNK_BYTES - sizeof head,
			.session = pen_rng_next(&flood.rng)};
		if (flood.host == SERVER)
			memcpy(junk, &head, sizeof head);
		else
			junk[0] = PEN_WIRE_DATA;
		pen_sim_network_forge(
			network, &path, junk, sizeof junk, (int64_t)i * TURN_NS / count);
	}
	flood.junk += count;
}

/* A turn takes as long as what it took in. When the next may begin. */
static int64_t flooded(uint64_t took, bool late, int64_t now_ns)
{
	flood.turns++;
	flood.full += took == PEN_NET_BURST_MAX;
	flood.late += late;
	if (flood.turns > 1 && now_ns - flood.turn_ns > flood.gap_ns)
		flood.gap_ns = now_ns - flood.turn_ns;
	flood.turn_ns = now_ns;
	pour(2 * PEN_NET_BURST_MAX);
	return now_ns + (took ? (int64_t)took * PACKET_NS : TURN_NS);
}

static int64_t server_turn(struct transfer *moved, int64_t now_ns)
{
	const struct pen_net *net = moved->server_machine.actor.net;
	const struct pen_serve *serve = &moved->serve;
	uint64_t before = net->counters[0].rx_packets;
	int64_t due_ns = transfer_server_turn(moved, now_ns);
	if (flood.host != SERVER)
		return due_ns;
	/* Whoever may send has sent, and the device has it. */
	bool late = serve->outbox.count || serve->fair.standing ||
		pen_later_due_ns(&serve->later) <= now_ns;
	return flooded(net->counters[0].rx_packets - before, late, now_ns);
}

static int64_t client_turn(struct transfer *moved, int64_t now_ns)
{
	const struct pen_net *net = moved->client_machine.actor.net;
	uint64_t before = net->counters[0].rx_packets;
	int64_t due_ns = transfer_client_turn(moved, now_ns);
	if (flood.host != CLIENT)
		return due_ns;
	/* No PULL is due any more, and what was written has left. */
	bool late = !moved->done && (due_ns <= now_ns || moved->client->post.waiting);
	return flooded(net->counters[0].rx_packets - before, late, now_ns);
}

static void run(unsigned host, uint32_t bytes)
{
	const struct transfer_ask ask = {.seed = 7,
		.bytes = bytes,
		.bits_per_s = UINT64_C(100000000),
		.rtt_ns = 10 * PEN_NS_PER_MS,
		.limit_ns = 30 * PEN_NS_PER_S,
		.server_turn = server_turn,
		.client_turn = client_turn,
		.compare = transfer_compare};
	memset(&flood, 0, sizeof flood);
	flood.host = host;
	flood.rng = (struct pen_rng){5};
	cr_assert_eq(transfer_init(&transfer, &ask), 0);
	struct pen_sim_network *network = &transfer.world.network;
	struct actor *actors[] = {&transfer.server_machine.actor, &transfer.client_machine.actor};
	actors[host]->poll_ns = TURN_NS;
	actors[host]->manners.rx_ring = RING;
	/* Its link is no matter; and nothing arrives at the same time of each turn. */
	network->hosts[host].down.bits_per_s = 0;
	network->ways[SERVER * network->host_max + CLIENT].weather.jitter_ns = PEN_NS_PER_MS;
	network->ways[CLIENT * network->host_max + SERVER].weather.jitter_ns = PEN_NS_PER_MS;
	cr_expect(transfer_run(&transfer));
	cr_expect_gt(flood.full, flood.turns / 10 * 9, "%lu of %lu", flood.full, flood.turns);
	cr_expect_gt(network->lost[PEN_SIM_BY_RING], flood.junk / 3);
	cr_expect_eq(flood.late, 0, "%lu of %lu", flood.late, flood.turns);
	cr_expect_leq(flood.gap_ns, TURN_NS);
	cr_expect_gt(transfer.from_server.data, bytes / 1408);
	transfer_fini(&transfer);
}

Test(sim_overload, receive_overload_at_twice_the_rate_of_a_server)
{
	run(SERVER, 4 * MIB);
}

Test(sim_overload, receive_overload_at_twice_the_rate_of_a_client)
{
	run(CLIENT, MIB);
}
