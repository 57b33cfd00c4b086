/*
 * network: hosts, and the paths between them, in virtual time.
 *
 * A packet leaves through its sender's uplink, meets the weather of the path, and comes in through
 * the receiver's downlink, each with a rate and a bounded queue. Then it waits in the queue of the
 * receiver's port (drivers/sim/port.h). Packets are copied once, when they are sent.
 *
 * Order: open, hosts are added, ports opened on them; then, in turns, pen_sim_network_run to a
 * time, and bursts of the ports whose host is ready; close after the ports. Faults (the functions
 * below pen_sim_network_run) take effect at once, at the clock's time. All memory is taken by open.
 * One thread for a network and all of its ports.
 */
#ifndef PEN_SIM_NETWORK_H
#define PEN_SIM_NETWORK_H

#include "drivers/sim/clock.h"
#include "drivers/sim/packets.h"
#include "drivers/sim/queue.h"
#include "drivers/sim/weather.h"
#include "mem/arena.h"

/* Hosts of one world: as many as one word has bits. */
#define PEN_SIM_HOSTS_MAX 64u
/* Bytes that a link spends on a packet beside UDP's payload: UDP 8, Ethernet 38 (preamble, header,
 * check, gap), and IPv4's 20 or IPv6's 40. */
#define PEN_SIM_WIRE_BYTES_4 66u
#define PEN_SIM_WIRE_BYTES_6 86u
/* The port number that hosts begin with. */
#define PEN_SIM_PORT 7700u

/* Why a packet did not arrive. */
enum pen_sim_reason {
	PEN_SIM_BY_WEATHER,
	PEN_SIM_BY_UPLINK, /* its queue was full */
	PEN_SIM_BY_DOWNLINK,
	PEN_SIM_BY_MTU, /* larger than the path carries: a black hole */
	PEN_SIM_BY_DEATH, /* a host was down, or its link */
	PEN_SIM_BY_ADDRESS, /* nobody has this address (any more) */
	PEN_SIM_BY_TAP, /* the test's own function said so */
	PEN_SIM_BY_RING, /* the receiver did not keep up */
	PEN_SIM_BY_CELLS, /* no memory: the world is too small for what is sent */
	PEN_SIM_BY_REASONS, /* how many there are */
};

struct pen_sim_port;

struct pen_sim_host {
	uint8_t address[16]; /* that its port says it has */
	uint8_t shown[16]; /* that others see: another one behind a NAT */
	uint16_t port, port_shown; /* the same for the UDP port */
	struct pen_sim_link up, down;
	uint32_t payload_bytes; /* UDP payload that its own device sends at most */
	bool alive; /* else nothing comes in or goes out */
	bool changed; /* its port is to notice at the next rx_burst */
	uint16_t moves; /* how often its address changed */
	struct pen_sim_port *at; /* the port open on it, or NULL */
	uint64_t sent_bytes, received_bytes; /* of the wire, as links count */
};

/* From one host to another. */
struct pen_sim_way {
	struct pen_sim_weather weather;
	struct pen_rng rng;
	int64_t last_ns; /* when the last packet in order arrives */
	uint32_t first, last; /* packets in order that fly, PEN_SIM_NO_PACKET if none: the first
				 one's event is in the queue, and brings the next one's */
	bool bad; /* the weather's state */
	uint64_t met, lost; /* packets that met the weather; of them, that it lost */
};

/* Looks at a packet on its way, which it may change; false: it is lost. */
typedef bool (*pen_sim_tap)(void *context, unsigned from, unsigned to, uint8_t *at, uint32_t bytes);

struct pen_sim_network {
	struct pen_sim_clock *clock;
	struct pen_sim_packets packets;
	struct pen_sim_queue queue; /* arrivals at downlinks, and hosts to be woken */
	struct pen_sim_host hosts[PEN_SIM_HOSTS_MAX];
	unsigned host_count;
	bool six; /* addresses are IPv6 */
	struct pen_pages pages; /* of ports that have pages of their own; zeroed: malloc's */
	uint64_t ready; /* hosts with packets that can be received now, a bit each */
	struct pen_sim_way *ways; /* host_max * host_max, from * host_max + to */
	unsigned host_max;
	pen_sim_tap tap; /* or NULL */
	void *tap_context;
	uint64_t sent, arrived; /* packets that left a port, and that a port lent */
	uint64_t lost[PEN_SIM_BY_REASONS];
	uint64_t duplicated, corrupted, late; /* by weather, of those that arrived */
	uint64_t bytes; /* memory taken by open */
};

/* What a network is opened with. */
struct pen_sim_network_ask {
	struct pen_sim_clock *clock; /* borrowed until close */
	unsigned hosts; /* at most; <= PEN_SIM_HOSTS_MAX */
	uint32_t small, large; /* packets on their way, by size (drivers/sim/packets.h) */
	bool six; /* IPv6 */
	struct pen_pages pages; /* that ports with pages of their own give out; zeroed: malloc's */
};

/* What a host is like when it is added. */
struct pen_sim_host_ask {
	uint64_t up_bits_per_s, down_bits_per_s; /* 0: no limit */
	uint64_t queue_bytes; /* of each of its links */
	uint32_t payload_bytes; /* 0: 1,472 less what IPv6 takes more */
};

/* 0, or -ENOMEM (nothing to close then). */
int pen_sim_network_open(struct pen_sim_network *network, const struct pen_sim_network_ask *ask);

/* All ports are closed. NULL and zeroed are fine. */
void pen_sim_network_close(struct pen_sim_network *network);

/* Add a host, alive; returns its number. Its paths are ideal until weather is set. */
unsigned pen_sim_host_add(struct pen_sim_network *network, const struct pen_sim_host_ask *ask);

/* Set the weather of one direction. The two hosts may be the same. */
void pen_sim_weather_set(struct pen_sim_network *network, unsigned from, unsigned to,
	const struct pen_sim_weather *weather);

/* When something happens next in the network by itself; INT64_MAX: never. */
int64_t pen_sim_network_next_ns(const struct pen_sim_network *network);

/* Let happen what is due up to now_ns, and move the clock there; `ready` is up to date then. */
void pen_sim_network_run(struct pen_sim_network *network, int64_t now_ns);

/* The host's machine dies, with all that waits in its port; or comes back (its port does not). */
void pen_sim_host_kill(struct pen_sim_network *network, unsigned host);
void pen_sim_host_revive(struct pen_sim_network *network, unsigned host);

/* The host gets another address and knows it; what is on its way to the old one is lost. */
void pen_sim_host_move(struct pen_sim_network *network, unsigned host);

/* A NAT in front of the host forgets: others see another address and port; the host does not know.
 */
void pen_sim_host_rebind(struct pen_sim_network *network, unsigned host);

/* The host's device sends at most such payloads from now on, and says so. */
void pen_sim_host_payload_set(struct pen_sim_network *network, unsigned host, uint32_t bytes);

/* A packet out of nowhere, from whatever the path says, at its remote end's host after delay_ns:
 * what a stranger can do who forges addresses. `path` is as the victim sees it. */
void pen_sim_network_forge(struct pen_sim_network *network, const struct pen_net_path *path,
	const void *at, uint32_t bytes, int64_t delay_ns);

/* The path from a host's port to another host, as frames and slices of the first have it. */
struct pen_net_path pen_sim_path(const struct pen_sim_network *network, unsigned from, unsigned to);

/* Bytes that a UDP payload takes on a link. */
uint32_t pen_sim_wire_bytes(const struct pen_sim_network *network, uint32_t payload_bytes);

#endif
