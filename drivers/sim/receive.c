#include <string.h>

#include "base/check.h"
#include "base/inet.h"
#include "drivers/sim/ends.h"
#include "drivers/sim/launch.h"

/* What a slice of a shared buffer says that it pins: the kernel's largest GRO batch. */
#define SHARED_PINS 65536u

static struct pen_sim_packet *packet_at(const struct pen_sim_port *port, uint32_t index)
{
	return &port->network->packets.packets[index];
}

/* Spread by the remote end, as RSS does. */
static unsigned queue_of(const struct pen_sim_port *port, const struct pen_net_path *path)
{
	return (unsigned)(path->remote[15] + path->remote_port) % port->manners.queues;
}

/* One event at a time wakes the host for the first packet that waits. */
static void wake(struct pen_sim_port *port, struct pen_sim_rx *rx)
{
	int64_t now_ns = port->network->clock->now_ns;
	if (!rx->count)
		return;
	int64_t due_ns = packet_at(port, rx->first)->due_ns;
	if (due_ns > now_ns && rx->wake_ns > now_ns)
		return;
	pen_sim_wake(port->network, port->host, due_ns);
	if (due_ns > now_ns)
		rx->wake_ns = due_ns;
}

void pen_sim_port_arrive(struct pen_sim_port *port, uint32_t index)
{
	struct pen_sim_packet *packet = packet_at(port, index);
	unsigned queue = queue_of(port, &packet->path);
	struct pen_sim_rx *rx = &port->rx[queue];
	if (rx->count == port->manners.rx_ring) {
		port->net.counters[queue].rx_lost++;
		pen_sim_lose(port->network, PEN_SIM_BY_RING, port->host);
		pen_sim_packet_free(&port->network->packets, index);
		return;
	}
	packet->state = PEN_SIM_WAITING;
	packet->next = PEN_SIM_NO_PACKET;
	if (rx->count++)
		packet_at(port, rx->last)->next = index;
	else
		rx->first = index;
	rx->last = index;
	wake(port, rx);
}

static uint32_t pop(struct pen_sim_port *port, struct pen_sim_rx *rx)
{
	uint32_t index = rx->first;
	rx->first = packet_at(port, index)->next;
	rx->count--;
	packet_at(port, index)->next = PEN_SIM_NO_PACKET;
	return index;
}

void pen_sim_port_flush(struct pen_sim_port *port)
{
	for (unsigned queue = 0; queue < port->manners.queues; queue++) {
		while (port->rx[queue].count) {
			uint32_t index = pop(port, &port->rx[queue]);
			pen_sim_lose(port->network, PEN_SIM_BY_DEATH, port->host);
			pen_sim_packet_free(&port->network->packets, index);
		}
	}
}

/* All of a buffer is back: its packets are free. */
static void buffer_free(struct pen_sim_port *port, uint32_t index)
{
	while (index != PEN_SIM_NO_PACKET) {
		uint32_t next = packet_at(port, index)->next;
		pen_sim_packet_free(&port->network->packets, index);
		index = next;
	}
}

/* Nothing more comes into the buffer that is being filled. */
static void buffer_close(struct pen_sim_port *port, struct pen_sim_rx *rx)
{
	if (rx->buffer == PEN_SIM_NO_PACKET)
		return;
	struct pen_sim_packet *first = packet_at(port, rx->buffer);
	uint32_t index = rx->buffer;
	rx->buffer = PEN_SIM_NO_PACKET;
	first->planned = first->lent;
	if (first->put == first->planned)
		buffer_free(port, index);
}

/* Into the open buffer, or a new one. The second packet and the others hang behind the first. */
static void buffer_add(struct pen_sim_port *port, struct pen_sim_rx *rx, uint32_t index)
{
	struct pen_sim_packet *packet = packet_at(port, index);
	if (rx->buffer == PEN_SIM_NO_PACKET) {
		rx->buffer = index;
		packet->planned = 1 + (uint32_t)pen_rng_below(&port->rng, port->manners.share_max);
	} else {
		packet->next = packet_at(port, rx->buffer)->next;
		packet_at(port, rx->buffer)->next = index;
	}
	struct pen_sim_packet *first = packet_at(port, rx->buffer);
	packet->buffer = rx->buffer;
	packet->pins = first->planned > 1             ? SHARED_PINS
		: packet->bytes > PEN_SIM_SMALL_BYTES ? PEN_SIM_LARGE_BYTES
						      : PEN_SIM_SMALL_BYTES;
	first->lent++;
}

/* What the device says of the checksum; false: it throws the packet away. */
static bool judge(struct pen_sim_port *port, struct pen_sim_packet *packet, struct pen_slice *slice,
	const uint8_t *at)
{
	if (!packet->summed) {
		slice->flags = PEN_SLICE_SUM_ABSENT;
		return port->manners.sum_absent_ok;
	}
	if (!pen_sim_chance(port->manners.unchecked, &port->rng)) {
		slice->flags = PEN_SLICE_SUM_GOOD;
		return !packet->corrupt || packet->sly;
	}
	/* As a sum over the path that the receiver sees: a NAT mends it. */
	struct pen_frame frame = {.path = &packet->path,
		.payload = at,
		.payload_bytes = packet->bytes,
		.flags = PEN_FRAME_SUM,
		.sum = packet->corrupt ? packet->content : pen_inet_sum(at, packet->bytes)};
	slice->sum = pen_frame_sum(&frame);
	return true;
}

/* Lend a packet as a slice; false: it is not fit to be. */
static bool lend(struct pen_sim_port *port, unsigned queue, uint32_t index, struct pen_slice *out)
{
	struct pen_sim_packet *packet = packet_at(port, index);
	struct pen_sim_rx *rx = &port->rx[queue];
	uint8_t *at = pen_sim_packet_at(&port->network->packets, index);
	*out = (struct pen_slice){.head = at,
		.tail = at + PEN_SLICE_HEAD_BYTES,
		.bytes = packet->bytes,
		.ecn = packet->ecn,
		.path = packet->path};
	if (!judge(port, packet, out, at)) {
		port->net.counters[queue].rx_bad++;
		pen_sim_packet_free(&port->network->packets, index);
		return false;
	}
	packet->state = PEN_SIM_LENT_OUT;
	buffer_add(port, rx, index);
	if (pen_sim_chance(port->manners.apart, &port->rng))
		out->head = pen_sim_packet_split(&port->network->packets, index);
	out->handle = (uint64_t)packet_at(port, packet->buffer)->turn << 32 | packet->buffer;
	out->pins = packet->pins;
	rx->lent++;
	rx->held_bytes += packet->pins;
	if (packet_at(port, packet->buffer)->lent == packet_at(port, packet->buffer)->planned)
		buffer_close(port, rx);
	pen_sim_trace(port->network->clock, PEN_SIM_LENT,
		(uint64_t)port->host << 32 | (uint64_t)queue << 24 | packet->bytes);
	return true;
}

static bool can_lend(const struct pen_sim_port *port, const struct pen_sim_rx *rx)
{
	uint64_t cap = port->manners.rx_held_bytes;
	if (!rx->count || packet_at(port, rx->first)->due_ns > port->network->clock->now_ns)
		return false;
	/* A device without buffers left: what comes waits in its ring, and is lost when that is
	 * full. */
	return !cap || rx->held_bytes <= cap;
}

unsigned pen_sim_receive(
	struct pen_net *net, unsigned queue, int64_t now_ns, struct pen_slice *out, unsigned max)
{
	struct pen_sim_port *port = pen_sim_port_of(net);
	pen_sim_call_check(port, queue, "rx_burst");
	pen_sim_time_check(port, now_ns, "rx_burst");
	struct pen_sim_rx *rx = &port->rx[queue];
	struct pen_net_counters *counters = &net->counters[queue];
	if (!port->manners.rx_held_bytes && rx->lent)
		pen_sim_breach(port->network->clock,
			"host %u: %u slices are held over rx_burst, and caps allow none",
			port->host, rx->lent);
	if (queue == 0)
		pen_sim_port_notice(port);
	unsigned count = 0;
	while (count < max && can_lend(port, rx)) {
		if (!lend(port, queue, pop(port, rx), &out[count]))
			continue;
		counters->rx_bytes += out[count++].bytes;
	}
	if (!can_lend(port, rx))
		buffer_close(port, rx);
	counters->rx_packets += count;
	counters->rx_bursts += count > 0;
	port->lent += count;
	port->network->arrived += count;
	port->network->ready &= ~(UINT64_C(1) << port->host);
	for (unsigned i = 0; i < port->manners.queues; i++)
		wake(port, &port->rx[i]);
	return count;
}

static void put(struct pen_sim_port *port, unsigned queue, const struct pen_slice *slice)
{
	struct pen_sim_packets *packets = &port->network->packets;
	const struct pen_sim_clock *clock = port->network->clock;
	uint32_t index = pen_sim_packet_of(packets, slice->head);
	if (index == PEN_SIM_NO_PACKET)
		pen_sim_breach(clock, "host %u: rx_put of memory that was never lent", port->host);
	struct pen_sim_packet *packet = &packets->packets[index];
	if (packet->state != PEN_SIM_LENT_OUT || packet->host != port->host)
		pen_sim_breach(clock,
			"host %u: rx_put of a slice that is not lent: put back twice?", port->host);
	struct pen_sim_packet *first = &packets->packets[packet->buffer];
	if (slice->handle != ((uint64_t)first->turn << 32 | packet->buffer))
		pen_sim_breach(clock, "host %u: rx_put with another slice's handle", port->host);
	if (queue_of(port, &packet->path) != queue)
		pen_sim_breach(
			clock, "host %u: rx_put on queue %u of another's slice", port->host, queue);
	struct pen_sim_rx *rx = &port->rx[queue];
	PEN_CHECK(rx->held_bytes >= packet->pins);
	pen_sim_packet_hide(packets, index);
	packet->state = PEN_SIM_PUT_BACK;
	rx->lent--;
	rx->held_bytes -= packet->pins;
	first->put++;
	if (first->put == first->planned && rx->buffer != packet->buffer)
		buffer_free(port, packet->buffer);
}

void pen_sim_put(
	struct pen_net *net, unsigned queue, const struct pen_slice *slices, unsigned count)
{
	struct pen_sim_port *port = pen_sim_port_of(net);
	pen_sim_call_check(port, queue, "rx_put");
	for (unsigned i = 0; i < count; i++)
		put(port, queue, &slices[i]);
	port->put += count;
}
