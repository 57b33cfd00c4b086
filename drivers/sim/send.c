#include <string.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/inet.h"
#include "drivers/sim/ends.h"
#include "drivers/sim/launch.h"

static const struct pen_sim_clock *clock_of(const struct pen_sim_port *port)
{
	return port->network->clock;
}

static bool in_arena(const struct pen_sim_port *port, const struct pen_frame *frame)
{
	for (unsigned i = 0; i < port->arena_count; i++)
		if (pen_arena_holds(port->arenas[i], frame->payload, frame->payload_bytes))
			return true;
	return false;
}

static void frame_check(const struct pen_sim_port *port, const struct pen_frame *frame)
{
	if (frame->header_bytes > PEN_FRAME_HEADER_BYTES_MAX)
		pen_sim_breach(clock_of(port), "host %u: a header of %u bytes", port->host,
			frame->header_bytes);
	if (!pen_frame_bytes(frame))
		pen_sim_breach(clock_of(port), "host %u: a frame of no bytes", port->host);
	if (!frame->path->remote_port)
		pen_sim_breach(clock_of(port), "host %u: a frame to port 0", port->host);
	if (frame->payload_bytes && !in_arena(port, frame))
		pen_sim_breach(clock_of(port),
			"host %u: a payload that does not lie within one block of an arena",
			port->host);
	if (frame->flags & PEN_FRAME_SUM && frame->header_bytes % 2)
		pen_sim_breach(clock_of(port), "host %u: a sum behind an odd header", port->host);
}

/* 0 and ffff are one number in one's complement. */
static bool sums_equal(uint16_t a, uint16_t b)
{
	return a % UINT16_MAX == b % UINT16_MAX;
}

/* Remember what the payload is now. */
static void watch(
	struct pen_sim_port *port, const struct pen_frame *frame, struct pen_sim_flight *flight)
{
	if (frame->flags & PEN_FRAME_SUM &&
		!sums_equal(frame->sum, pen_inet_sum(frame->payload, frame->payload_bytes)))
		pen_sim_breach(
			clock_of(port), "host %u: a sum that is not the payload's", port->host);
	flight->payload = frame->payload;
	flight->payload_bytes = frame->payload_bytes;
	flight->hash = XXH3_64bits(frame->payload, frame->payload_bytes);
}

static void flight_check(const struct pen_sim_port *port, const struct pen_sim_flight *flight)
{
	if (flight->payload && flight->hash != XXH3_64bits(flight->payload, flight->payload_bytes))
		pen_sim_breach(clock_of(port),
			"host %u: the payload of tag %llu was written before tx_reap returned it",
			port->host, (unsigned long long)flight->tag);
}

void pen_sim_flights_check(struct pen_sim_port *port)
{
	for (unsigned queue = 0; queue < port->manners.queues; queue++) {
		const struct pen_sim_tx *tx = &port->tx[queue];
		for (uint32_t i = 0; i < tx->count; i++)
			flight_check(
				port, &tx->flights[(tx->first + i) % port->manners.tx_inflight]);
	}
}

static bool is_zero(const uint8_t address[16])
{
	static const uint8_t zero[16];
	return !memcmp(address, zero, sizeof zero);
}

/* From an address that the host has, or leaves to us. */
static bool from_here(const struct pen_sim_port *port, const struct pen_net_path *path)
{
	const struct pen_sim_host *host = &port->network->hosts[port->host];
	return (is_zero(path->local) || !memcmp(path->local, host->address, 16)) &&
		(!path->local_port || path->local_port == host->port);
}

/* To the wire, or counted as lost. When its memory is done with. */
static int64_t hand_on(struct pen_sim_port *port, unsigned queue, const struct pen_frame *frame)
{
	struct pen_net_counters *counters = &port->net.counters[queue];
	const struct pen_sim_host *host = &port->network->hosts[port->host];
	bool summed = !(frame->flags & PEN_FRAME_SUM_NONE && port->manners.sum_absent);
	if (pen_frame_bytes(frame) > host->payload_bytes) {
		counters->tx_large++;
		return clock_of(port)->now_ns;
	}
	if (!host->alive || !from_here(port, frame->path)) {
		counters->tx_lost++;
		return clock_of(port)->now_ns;
	}
	counters->tx_packets++;
	counters->tx_bytes += pen_frame_bytes(frame);
	return pen_sim_launch(port->network, port->host, frame, summed);
}

static int64_t done_ns(struct pen_sim_port *port, int64_t gone_ns)
{
	int64_t late_ns = port->manners.tx_late_ns;
	return gone_ns + (late_ns ? (int64_t)pen_rng_below(&port->rng, (uint64_t)late_ns) : 0);
}

static void take(struct pen_sim_port *port, unsigned queue, const struct pen_frame *frame)
{
	struct pen_sim_tx *tx = &port->tx[queue];
	uint32_t at = (tx->first + tx->count++) % port->manners.tx_inflight;
	struct pen_sim_flight *flight = &tx->flights[at];
	frame_check(port, frame);
	*flight = (struct pen_sim_flight){.tag = frame->tag};
	if (frame->payload_bytes && pen_sim_chance(port->manners.watch, &port->rng))
		watch(port, frame, flight);
	flight->done_ns = done_ns(port, hand_on(port, queue, frame));
}

/* Frames of one path and one length that stand side by side. */
static bool same_run(const struct pen_frame *a, const struct pen_frame *b)
{
	return pen_frame_bytes(a) == pen_frame_bytes(b) &&
		(a->path == b->path || pen_net_path_equal(a->path, b->path));
}

unsigned pen_sim_send(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count)
{
	struct pen_sim_port *port = pen_sim_port_of(net);
	pen_sim_call_check(port, queue, "tx_burst");
	pen_sim_time_check(port, now_ns, "tx_burst");
	PEN_CHECK(count <= PEN_NET_BURST_MAX);
	uint32_t room = port->manners.tx_inflight - port->tx[queue].count, run = 0;
	if (count > room)
		count = room;
	if (count && pen_sim_chance(port->manners.refuse, &port->rng))
		count = (unsigned)pen_rng_below(&port->rng, count);
	for (unsigned i = 0; i < count; i++) {
		take(port, queue, &frames[i]);
		bool goes_on = i && run < port->manners.run_frames &&
			same_run(&frames[i - 1], &frames[i]);
		run = goes_on ? run + 1 : 1;
		net->counters[queue].tx_runs += !goes_on;
	}
	port->taken += count;
	return count;
}

/* Swap some flight of the first few to the front, if its time has come; else the first stays. */
static void shuffle(struct pen_sim_port *port, struct pen_sim_tx *tx)
{
	uint32_t size = port->manners.tx_inflight;
	uint32_t window = port->manners.tx_window < tx->count ? port->manners.tx_window : tx->count;
	uint32_t other = (tx->first + (uint32_t)pen_rng_below(&port->rng, window)) % size;
	if (other == tx->first || tx->flights[other].done_ns > clock_of(port)->now_ns)
		return;
	struct pen_sim_flight flight = tx->flights[other];
	tx->flights[other] = tx->flights[tx->first];
	tx->flights[tx->first] = flight;
}

unsigned pen_sim_reap(struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max)
{
	struct pen_sim_port *port = pen_sim_port_of(net);
	struct pen_sim_tx *tx = &port->tx[queue];
	unsigned count = 0;
	pen_sim_call_check(port, queue, "tx_reap");
	for (; count < max && tx->count > port->manners.tx_lag; count++) {
		shuffle(port, tx);
		const struct pen_sim_flight *flight = &tx->flights[tx->first];
		if (flight->done_ns > clock_of(port)->now_ns)
			break;
		flight_check(port, flight);
		tags[count] = flight->tag;
		tx->first = (tx->first + 1) % port->manners.tx_inflight;
		tx->count--;
	}
	port->reaped += count;
	return count;
}
