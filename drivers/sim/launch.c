#include "drivers/sim/launch.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/inet.h"

int pen_sim_host_at(const struct pen_sim_network *network, const uint8_t address[16], uint16_t port)
{
	/* The number stands in the address. */
	unsigned number = (unsigned)address[14] << 8 | address[15];
	if (number >= network->host_count)
		return -1;
	const struct pen_sim_host *host = &network->hosts[number];
	return !memcmp(host->shown, address, 16) && host->port_shown == port ? (int)number : -1;
}

void pen_sim_lose(struct pen_sim_network *network, enum pen_sim_reason reason, uint64_t which)
{
	PEN_CHECK(reason < PEN_SIM_BY_REASONS);
	network->lost[reason]++;
	pen_sim_trace(network->clock, PEN_SIM_LOST, which << 8 | reason);
}

void pen_sim_come(struct pen_sim_network *network, const struct pen_sim_way *way)
{
	const struct pen_sim_packet *packet = &network->packets.packets[way->first];
	const struct pen_sim_event event = {packet->due_ns, packet->order,
		PEN_SIM_COMES << PEN_SIM_WHAT_BITS | (uint32_t)(way - network->ways)};
	pen_sim_queue_put(&network->queue, &event);
}

void pen_sim_wake(struct pen_sim_network *network, unsigned host, int64_t at_ns)
{
	if (at_ns <= network->clock->now_ns)
		network->ready |= UINT64_C(1) << host;
	else
		pen_sim_queue_push(
			&network->queue, at_ns, PEN_SIM_WAKES << PEN_SIM_WHAT_BITS | host);
}

/* Change bits of a packet; sly: two words change places, which no sum of words can see. */
static void corrupt(struct pen_sim_network *network, uint32_t index, bool sly, struct pen_rng *rng)
{
	struct pen_sim_packet *packet = &network->packets.packets[index];
	uint8_t *at = pen_sim_packet_at(&network->packets, index);
	uint32_t words = packet->bytes / 2;
	packet->corrupt = true;
	packet->sly = sly && words >= 2;
	packet->content = pen_inet_sum(at, packet->bytes);
	network->corrupted++;
	if (packet->sly) {
		uint32_t a = (uint32_t)pen_rng_below(rng, words), b = (a + 1) % words;
		uint16_t word = pen_le16(at + 2 * a);
		pen_put_le16(at + 2 * a, pen_le16(at + 2 * b));
		pen_put_le16(at + 2 * b, word);
	} else if (packet->bytes) {
		uint8_t bit = (uint8_t)(1u << pen_rng_below(rng, 8));
		at[pen_rng_below(rng, packet->bytes)] ^= bit;
	}
}

/* One frame under way. */
struct crossing {
	struct pen_sim_network *network;
	const struct pen_frame *frame;
	bool summed;
	unsigned from, to;
	struct pen_sim_way *way; /* from there to there */
};

static uint32_t copy(const struct crossing *crossing)
{
	const struct pen_frame *frame = crossing->frame;
	struct pen_sim_packets *packets = &crossing->network->packets;
	const struct pen_sim_host *here = &crossing->network->hosts[crossing->from];
	uint32_t index = pen_sim_packet_take(packets, pen_frame_bytes(frame));
	if (index == PEN_SIM_NO_PACKET)
		return index;
	struct pen_sim_packet *packet = &packets->packets[index];
	uint8_t *at = pen_sim_packet_at(packets, index);
	packet->host = (uint16_t)crossing->to;
	packet->summed = crossing->summed;
	packet->ecn = frame->ecn;
	memcpy(packet->path.local, frame->path->remote, 16);
	memcpy(packet->path.remote, here->shown, 16);
	packet->path.local_port = frame->path->remote_port;
	packet->path.remote_port = here->port_shown;
	memcpy(at, frame->header, frame->header_bytes);
	/* The wire: the one copy that stands for both DMAs. */
	if (frame->payload_bytes)
		memcpy(at + frame->header_bytes, frame->payload, frame->payload_bytes);
	return index;
}

/* Behind all that fly this way in order: only the first is in the queue, which stays short. */
static void line_up(const struct crossing *crossing, uint32_t index, int64_t at_ns)
{
	struct pen_sim_network *network = crossing->network;
	struct pen_sim_way *way = crossing->way;
	struct pen_sim_packet *packet = &network->packets.packets[index];
	packet->due_ns = at_ns;
	packet->order = pen_sim_queue_order(&network->queue);
	if (way->first == PEN_SIM_NO_PACKET) {
		way->first = index;
		pen_sim_come(network, way);
	} else {
		network->packets.packets[way->last].next = index;
	}
	way->last = index;
}

/* One copy of the frame flies, and is there at at_ns. */
static void fly(const struct crossing *crossing, const struct pen_sim_fate *fate, int64_t at_ns)
{
	struct pen_sim_network *network = crossing->network;
	uint32_t index = copy(crossing);
	if (index == PEN_SIM_NO_PACKET) {
		pen_sim_lose(network, PEN_SIM_BY_CELLS, crossing->to);
		return;
	}
	if (fate->corrupt)
		corrupt(network, index, fate->sly, &crossing->way->rng);
	uint8_t *at = pen_sim_packet_at(&network->packets, index);
	if (network->tap &&
		!network->tap(network->tap_context, crossing->from, crossing->to, at,
			pen_frame_bytes(crossing->frame))) {
		pen_sim_lose(network, PEN_SIM_BY_TAP, crossing->to);
		pen_sim_packet_free(&network->packets, index);
		return;
	}
	if (fate->late)
		pen_sim_queue_push(
			&network->queue, at_ns, PEN_SIM_ARRIVES << PEN_SIM_WHAT_BITS | index);
	else
		line_up(crossing, index, at_ns);
}

/* Through the weather, from at_ns on. */
static void cross(const struct crossing *crossing, int64_t at_ns)
{
	struct pen_sim_network *network = crossing->network;
	struct pen_sim_way *way = crossing->way;
	const struct pen_sim_weather *weather = &way->weather;
	if (weather->payload_bytes && pen_frame_bytes(crossing->frame) > weather->payload_bytes) {
		pen_sim_lose(network, PEN_SIM_BY_MTU, crossing->to);
		return;
	}
	struct pen_sim_fate fate = pen_sim_weather_fate(weather, &way->bad, &way->rng);
	way->met++;
	way->lost += fate.lost;
	if (fate.lost) {
		pen_sim_lose(network, PEN_SIM_BY_WEATHER, crossing->to);
		return;
	}
	int64_t there_ns = at_ns + fate.delay_ns;
	if (fate.late)
		network->late++;
	else
		there_ns = way->last_ns = there_ns > way->last_ns ? there_ns : way->last_ns;
	fly(crossing, &fate, there_ns);
	if (fate.again_ns >= 0) {
		fate.corrupt = false;
		fate.late = true;
		network->duplicated++;
		fly(crossing, &fate, at_ns + fate.again_ns);
	}
}

int64_t pen_sim_launch(
	struct pen_sim_network *network, unsigned from, const struct pen_frame *frame, bool summed)
{
	struct pen_sim_host *host = &network->hosts[from];
	int64_t now_ns = network->clock->now_ns;
	uint32_t bytes = pen_sim_wire_bytes(network, pen_frame_bytes(frame));
	PEN_CHECK(host->alive);
	int64_t gone_ns = pen_sim_link_send(&host->up, now_ns, bytes);
	if (gone_ns < 0) {
		pen_sim_lose(network, PEN_SIM_BY_UPLINK, from);
		return now_ns;
	}
	host->sent_bytes += bytes;
	network->sent++;
	uint64_t what = frame->header_bytes >= 8 ? pen_le64(frame->header) : frame->payload_bytes;
	pen_sim_trace(network->clock, PEN_SIM_SENT, what ^ (uint64_t)from << 56);
	int to = pen_sim_host_at(network, frame->path->remote, frame->path->remote_port);
	if (to < 0) {
		pen_sim_lose(network, PEN_SIM_BY_ADDRESS, from);
		return gone_ns;
	}
	unsigned number = from * network->host_max + (unsigned)to;
	const struct crossing crossing = {
		network, frame, summed, from, (unsigned)to, &network->ways[number]};
	cross(&crossing, gone_ns);
	return gone_ns;
}

void pen_sim_network_forge(struct pen_sim_network *network, const struct pen_net_path *path,
	const void *at, uint32_t bytes, int64_t delay_ns)
{
	PEN_CHECK(delay_ns >= 0);
	int to = pen_sim_host_at(network, path->local, path->local_port);
	PEN_CHECK(to >= 0);
	uint32_t index = pen_sim_packet_take(&network->packets, bytes);
	if (index == PEN_SIM_NO_PACKET) {
		pen_sim_lose(network, PEN_SIM_BY_CELLS, (unsigned)to);
		return;
	}
	struct pen_sim_packet *packet = &network->packets.packets[index];
	packet->host = (uint16_t)to;
	packet->path = *path;
	memcpy(pen_sim_packet_at(&network->packets, index), at, bytes);
	packet->summed = true;
	pen_sim_queue_push(&network->queue, network->clock->now_ns + delay_ns,
		PEN_SIM_ARRIVES << PEN_SIM_WHAT_BITS | index);
}
