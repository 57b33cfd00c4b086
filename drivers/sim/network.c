#include "drivers/sim/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "drivers/sim/launch.h"

/* Streams of the world's chance; ways follow by their number. */
#define STREAM_WAYS (UINT64_C(1) << 32)
/* Wakes and faults beside a packet's own event. */
#define EVENTS_MORE (4 * PEN_SIM_HOSTS_MAX)

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* fd00::moves:number, or 10.moves.number mapped into IPv6. */
static void address_make(uint8_t out[16], bool six, unsigned moves, unsigned host)
{
	memset(out, 0, 16);
	if (six)
		out[0] = 0xfd;
	else
		memcpy(out, mapped, sizeof mapped);
	out[six ? 11 : 12] = six ? 0 : 10;
	out[13] = (uint8_t)moves;
	out[14] = (uint8_t)(host >> 8);
	out[15] = (uint8_t)host;
}

int pen_sim_network_open(struct pen_sim_network *network, const struct pen_sim_network_ask *ask)
{
	PEN_CHECK(ask->hosts > 0);
	PEN_CHECK(ask->hosts <= PEN_SIM_HOSTS_MAX);
	uint32_t events = ask->small + ask->large + EVENTS_MORE;
	*network = (struct pen_sim_network){
		.clock = ask->clock, .host_max = ask->hosts, .six = ask->six, .pages = ask->pages};
	network->ways = calloc((size_t)ask->hosts * ask->hosts, sizeof *network->ways);
	if (!network->ways || pen_sim_queue_init(&network->queue, events) ||
		pen_sim_packets_init(&network->packets, ask->small, ask->large)) {
		pen_sim_network_close(network);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < ask->hosts * ask->hosts; i++) {
		network->ways[i].rng = pen_sim_clock_rng(ask->clock, STREAM_WAYS + i);
		network->ways[i].first = PEN_SIM_NO_PACKET;
	}
	network->bytes = network->packets.bytes + events * sizeof(struct pen_sim_event) +
		(uint64_t)ask->hosts * ask->hosts * sizeof *network->ways;
	return 0;
}

void pen_sim_network_close(struct pen_sim_network *network)
{
	if (!network)
		return;
	for (unsigned i = 0; i < network->host_count; i++)
		PEN_CHECK(!network->hosts[i].at);
	pen_sim_packets_fini(&network->packets);
	pen_sim_queue_fini(&network->queue);
	free(network->ways);
	*network = (struct pen_sim_network){0};
}

unsigned pen_sim_host_add(struct pen_sim_network *network, const struct pen_sim_host_ask *ask)
{
	PEN_CHECK(network->host_count < network->host_max);
	unsigned number = network->host_count++;
	struct pen_sim_host *host = &network->hosts[number];
	*host = (struct pen_sim_host){.port = PEN_SIM_PORT,
		.port_shown = PEN_SIM_PORT,
		.up = {.bits_per_s = ask->up_bits_per_s, .queue_bytes = ask->queue_bytes},
		.down = {.bits_per_s = ask->down_bits_per_s, .queue_bytes = ask->queue_bytes},
		.payload_bytes = ask->payload_bytes ? ask->payload_bytes
			: network->six              ? 1452
						    : 1472,
		.alive = true};
	PEN_CHECK(host->payload_bytes <= PEN_SIM_LARGE_BYTES);
	address_make(host->address, network->six, 0, number);
	memcpy(host->shown, host->address, 16);
	return number;
}

void pen_sim_weather_set(struct pen_sim_network *network, unsigned from, unsigned to,
	const struct pen_sim_weather *weather)
{
	PEN_CHECK(from < network->host_max);
	PEN_CHECK(to < network->host_max);
	network->ways[from * network->host_max + to].weather = *weather;
}

int64_t pen_sim_network_next_ns(const struct pen_sim_network *network)
{
	return pen_sim_queue_next_ns(&network->queue);
}

/* At the downlink: it may have no room, and the host may be gone. */
static void arrive(struct pen_sim_network *network, uint32_t index)
{
	struct pen_sim_packet *packet = &network->packets.packets[index];
	struct pen_sim_host *host = &network->hosts[packet->host];
	enum pen_sim_reason reason = PEN_SIM_BY_DEATH;
	if (host->alive && host->at) {
		uint32_t bytes = pen_sim_wire_bytes(network, packet->bytes);
		int64_t due_ns = -1;
		reason = PEN_SIM_BY_ADDRESS;
		/* It left for an address that the host had then. */
		if (pen_sim_host_at(network, packet->path.local, packet->path.local_port) ==
			packet->host) {
			reason = PEN_SIM_BY_DOWNLINK;
			due_ns = pen_sim_link_send(&host->down, network->clock->now_ns, bytes);
		}
		if (due_ns >= 0) {
			/* Behind a NAT the port sees its own address. */
			memcpy(packet->path.local, host->address, 16);
			packet->path.local_port = host->port;
			packet->due_ns = due_ns;
			host->received_bytes += bytes;
			pen_sim_port_arrive(host->at, index);
			return;
		}
	}
	pen_sim_lose(network, reason, index);
	pen_sim_packet_free(&network->packets, index);
}

/* The first packet of a way arrives, and lets the next one come. */
static void come(struct pen_sim_network *network, struct pen_sim_way *way)
{
	uint32_t index = way->first;
	struct pen_sim_packet *packet = &network->packets.packets[index];
	way->first = packet->next;
	packet->next = PEN_SIM_NO_PACKET;
	if (way->first != PEN_SIM_NO_PACKET)
		pen_sim_come(network, way);
	arrive(network, index);
}

void pen_sim_network_run(struct pen_sim_network *network, int64_t now_ns)
{
	struct pen_sim_event event;
	while (pen_sim_queue_pop(&network->queue, now_ns, &event)) {
		uint32_t which = event.what & PEN_SIM_WHAT_MASK;
		pen_sim_clock_move(network->clock, event.at_ns);
		switch (event.what >> PEN_SIM_WHAT_BITS) {
		case PEN_SIM_ARRIVES: arrive(network, which); break;
		case PEN_SIM_COMES: come(network, &network->ways[which]); break;
		default: network->ready |= UINT64_C(1) << which;
		}
	}
	pen_sim_clock_move(network->clock, now_ns);
}

void pen_sim_host_kill(struct pen_sim_network *network, unsigned host)
{
	PEN_CHECK(host < network->host_count);
	network->hosts[host].alive = false;
	network->hosts[host].changed = true;
	if (network->hosts[host].at)
		pen_sim_port_flush(network->hosts[host].at);
	pen_sim_trace(network->clock, PEN_SIM_CHANGED, host);
}

void pen_sim_host_revive(struct pen_sim_network *network, unsigned host)
{
	PEN_CHECK(host < network->host_count);
	network->hosts[host].alive = true;
	network->hosts[host].changed = true;
	pen_sim_wake(network, host, network->clock->now_ns);
	pen_sim_trace(network->clock, PEN_SIM_CHANGED, host);
}

void pen_sim_host_rebind(struct pen_sim_network *network, unsigned number)
{
	PEN_CHECK(number < network->host_count);
	struct pen_sim_host *host = &network->hosts[number];
	host->moves++;
	PEN_CHECK(host->moves <= UINT8_MAX);
	address_make(host->shown, network->six, host->moves, number);
	host->port_shown = (uint16_t)(PEN_SIM_PORT + host->moves);
	pen_sim_trace(network->clock, PEN_SIM_CHANGED, number);
}

void pen_sim_host_move(struct pen_sim_network *network, unsigned number)
{
	struct pen_sim_host *host = &network->hosts[number];
	pen_sim_host_rebind(network, number);
	memcpy(host->address, host->shown, 16);
	host->port_shown = host->port;
	host->changed = true;
	pen_sim_wake(network, number, network->clock->now_ns);
}

void pen_sim_host_payload_set(struct pen_sim_network *network, unsigned host, uint32_t bytes)
{
	PEN_CHECK(host < network->host_count);
	PEN_CHECK(bytes <= PEN_SIM_LARGE_BYTES);
	network->hosts[host].payload_bytes = bytes;
	network->hosts[host].changed = true;
	pen_sim_wake(network, host, network->clock->now_ns);
	pen_sim_trace(network->clock, PEN_SIM_CHANGED, host);
}

struct pen_net_path pen_sim_path(const struct pen_sim_network *network, unsigned from, unsigned to)
{
	PEN_CHECK(from < network->host_count);
	PEN_CHECK(to < network->host_count);
	const struct pen_sim_host *here = &network->hosts[from], *there = &network->hosts[to];
	struct pen_net_path path = {.local_port = here->port, .remote_port = there->port_shown};
	memcpy(path.local, here->address, 16);
	memcpy(path.remote, there->shown, 16);
	return path;
}

uint32_t pen_sim_wire_bytes(const struct pen_sim_network *network, uint32_t payload_bytes)
{
	return payload_bytes + (network->six ? PEN_SIM_WIRE_BYTES_6 : PEN_SIM_WIRE_BYTES_4);
}
