#include "drivers/sim/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/sim/ends.h"
#include "drivers/sim/launch.h"

/* Streams of chance of ports begin here; the host's number and its life follow. */
#define STREAM_PORTS (UINT64_C(2) << 32)

const struct pen_sim_manners pen_sim_manners_tame = {.queues = 1,
	.share_max = 1,
	.sum_absent_ok = true,
	.rx_held_bytes = UINT64_C(64) << 20,
	.rx_ring = 4096,
	.tx_inflight = 1024,
	.tx_window = 1,
	.watch = PEN_SIM_PPM(60000),
	.run_frames = 1};

static bool coin(struct pen_rng *rng)
{
	return pen_rng_below(rng, 2);
}

/* One of the numbers. */
#define PICK(rng, ...) \
	(((const uint32_t[]){__VA_ARGS__})[pen_rng_below( \
		rng, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))])

struct pen_sim_manners pen_sim_manners_draw(struct pen_rng *rng)
{
	struct pen_sim_manners manners = {.queues = 1};
	/* One by one: C leaves the order within an initialiser open. */
	manners.apart = PICK(rng, 0, PEN_SIM_PPM(500000), PEN_SIM_SURE);
	manners.share_max = PICK(rng, 1, 1, 3, 45, PEN_SLICE_SHARERS_MAX);
	manners.unchecked = PICK(rng, 0, 0, PEN_SIM_PPM(300000), PEN_SIM_SURE);
	manners.sum_absent_ok = coin(rng);
	manners.sum_absent = coin(rng);
	manners.own_pages = coin(rng);
	manners.rx_held_bytes = PICK(rng, 0, 1u << 20, 16u << 20);
	manners.rx_ring = PICK(rng, 256, 1024, 4096);
	manners.tx_inflight = PICK(rng, 256, 1024, 4096);
	manners.tx_lag = PICK(rng, 0, 8, 32, 64);
	manners.tx_window = PICK(rng, 1, 8, 64, 256);
	manners.tx_late_ns = PICK(rng, 0, 10000, 1000000, 50000000);
	manners.refuse = PICK(rng, 0, PEN_SIM_PPM(50000), PEN_SIM_PPM(500000));
	manners.watch = PICK(rng, PEN_SIM_PPM(60000), PEN_SIM_PPM(250000));
	manners.run_frames = PICK(rng, 1, 16, 45, 64);
	/* A device that keeps nearly all of its descriptors is none. */
	if (manners.tx_lag > manners.tx_inflight / 4)
		manners.tx_lag = manners.tx_inflight / 4;
	return manners;
}

void pen_sim_call_check(const struct pen_sim_port *port, unsigned queue, const char *call)
{
	if (!port->started)
		pen_sim_breach(port->network->clock, "host %u: %s before start", port->host, call);
	if (queue >= port->net.queues)
		pen_sim_breach(port->network->clock, "host %u: %s of queue %u, and there are %u",
			port->host, call, queue, port->net.queues);
}

void pen_sim_time_check(const struct pen_sim_port *port, int64_t now_ns, const char *call)
{
	if (now_ns != port->network->clock->now_ns + port->manners.skew_ns)
		pen_sim_breach(port->network->clock, "host %u: %s at %lld ns, another time",
			port->host, call, (long long)now_ns);
}

static void fill(struct pen_sim_port *port)
{
	const struct pen_sim_host *host = &port->network->hosts[port->host];
	const struct pen_sim_manners *manners = &port->manners;
	port->net.caps = (struct pen_net_caps){.payload_bytes = host->payload_bytes,
		.run_frames = manners->run_frames,
		.rx_held_bytes = manners->rx_held_bytes,
		.tx_inflight = manners->tx_inflight,
		.tx_lag = manners->tx_lag,
		.sum_absent_ok = manners->sum_absent_ok};
	port->net.link = host->alive;
	port->net.local_count = 1;
	port->net.local_port = host->port;
	memcpy(port->net.locals[0], host->address, 16);
}

void pen_sim_port_notice(struct pen_sim_port *port)
{
	struct pen_sim_host *host = &port->network->hosts[port->host];
	if (!host->changed)
		return;
	host->changed = false;
	fill(port);
	port->net.epoch++;
}

static int start(struct pen_net *net, const struct pen_arena *const *arenas, unsigned count,
	struct pen_why *why)
{
	struct pen_sim_port *port = pen_sim_port_of(net);
	PEN_CHECK(count <= PEN_SIM_ARENAS_MAX);
	if (port->started)
		pen_sim_breach(port->network->clock, "host %u: start twice", port->host);
	for (unsigned i = 0; i < count; i++) {
		if (port->manners.own_pages && arenas[i]->pages.take != net->pages.take)
			return pen_fail(why, -EFAULT,
				"sim: the device cannot reach an arena that it did not give");
		port->arenas[i] = arenas[i];
	}
	port->arena_count = count;
	port->started = true;
	return 0;
}

/* What waits or is lent goes; what flies finds nobody. */
static void packets_drop(struct pen_sim_port *port)
{
	struct pen_sim_packets *packets = &port->network->packets;
	uint32_t end = packets->small + packets->fresh_large;
	for (uint32_t i = 0; i < end; i++) {
		if (i == packets->fresh_small)
			i = packets->small;
		if (i == end)
			break;
		const struct pen_sim_packet *packet = &packets->packets[i];
		if (packet->host == port->host && packet->state > PEN_SIM_FLYING)
			pen_sim_packet_free(packets, i);
	}
}

static void shut(struct pen_net *net)
{
	struct pen_sim_port *port = pen_sim_port_of(net);
	pen_sim_flights_check(port);
	packets_drop(port);
	port->network->hosts[port->host].at = NULL;
	port->network->ready &= ~(UINT64_C(1) << port->host);
	for (unsigned queue = 0; queue < port->net.queues; queue++)
		free(port->tx[queue].flights);
	free(port);
}

static enum pen_net_arm arm(struct pen_net *net, unsigned queue, int *fd)
{
	struct pen_sim_port *port = pen_sim_port_of(net);
	const struct pen_sim_rx *rx = &port->rx[queue];
	(void)fd;
	pen_sim_call_check(port, queue, "arm");
	if (rx->count &&
		port->network->packets.packets[rx->first].due_ns <= port->network->clock->now_ns)
		return PEN_NET_ARM_WORK;
	net->blind_ns = PEN_NET_BLIND_NS;
	return PEN_NET_ARM_BLIND;
}

static int pages_take(void *context, size_t bytes, int node, void **at, struct pen_why *why)
{
	(void)context, (void)node;
	*at = aligned_alloc(PEN_BLOCK_BYTES, bytes);
	if (!*at)
		return pen_fail(why, -ENOMEM, "sim: no memory for an arena");
	return 0;
}

static void pages_give(void *context, void *at, size_t bytes)
{
	(void)context, (void)bytes;
	free(at);
}

static const struct pen_net_ops ops = {.start = start,
	.close = shut,
	.rx_burst = pen_sim_receive,
	.rx_put = pen_sim_put,
	.tx_burst = pen_sim_send,
	.tx_reap = pen_sim_reap,
	.arm = arm};

static void manners_check(const struct pen_sim_manners *manners)
{
	PEN_CHECK(manners->queues > 0);
	PEN_CHECK(manners->queues <= PEN_NET_QUEUES_MAX);
	PEN_CHECK(manners->share_max > 0);
	PEN_CHECK(manners->share_max <= PEN_SLICE_SHARERS_MAX);
	PEN_CHECK(manners->tx_lag < manners->tx_inflight);
	PEN_CHECK(manners->tx_window > 0);
}

int pen_sim_port_open(struct pen_sim_network *network, unsigned host, unsigned life,
	const struct pen_sim_manners *manners, struct pen_net **net)
{
	PEN_CHECK(host < network->host_count);
	PEN_CHECK(!network->hosts[host].at);
	manners_check(manners);
	struct pen_sim_port *port = calloc(1, sizeof *port);
	bool fine = port;
	size_t flights_bytes = manners->tx_inflight * sizeof(struct pen_sim_flight);
	for (unsigned queue = 0; fine && queue < manners->queues; queue++) {
		port->rx[queue].buffer = PEN_SIM_NO_PACKET;
		port->tx[queue].flights = malloc(flights_bytes);
		fine = port->tx[queue].flights;
	}
	if (!fine) {
		for (unsigned queue = 0; port && queue < manners->queues; queue++)
			free(port->tx[queue].flights);
		free(port);
		return -ENOMEM;
	}
	port->net.ops = &ops;
	port->net.label = "sim";
	port->net.queues = manners->queues;
	port->network = network;
	port->host = host;
	port->manners = *manners;
	port->rng = pen_sim_clock_rng(network->clock, STREAM_PORTS + host + ((uint64_t)life << 16));
	port->bytes = sizeof *port + manners->queues * flights_bytes;
	if (manners->own_pages)
		port->net.pages = network->pages.take
			? network->pages
			: (struct pen_pages){.take = pages_take, .give = pages_give};
	fill(port);
	network->hosts[host].at = port;
	network->hosts[host].changed = false;
	*net = &port->net;
	return 0;
}
