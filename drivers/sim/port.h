/*
 * port: port/net on a host of the simulated network, as awkward as a device may be, and strict.
 *
 * How awkward is in struct pen_sim_manners, drawn from a seed or set by a test. What the user does
 * against the contract of port/net.h ends the program with a sentence (pen_sim_breach):
 * a slice put back twice, on another queue, or never lent; anything held where nothing may be; a
 * payload outside the arenas, across two blocks, or written before its tag came back; a sum that is
 * not the payload's; calls before start; a time that is not the world's.
 */
#ifndef PEN_SIM_PORT_H
#define PEN_SIM_PORT_H

#include "drivers/sim/network.h"
#include "port/net.h"

/* Arenas that a port is started with at most. */
#define PEN_SIM_ARENAS_MAX 8u

/* What kind of device it is. Chances as in drivers/sim/weather.h. */
struct pen_sim_manners {
	unsigned queues; /* 1 to PEN_NET_QUEUES_MAX; packets are spread by their remote end */
	uint32_t apart; /* chance that a slice comes in two pieces */
	uint32_t share_max; /* slices of a buffer: 1 to PEN_SLICE_SHARERS_MAX */
	uint32_t unchecked; /* chance that nobody looked at a packet's checksum */
	bool sum_absent_ok; /* packets without one come through */
	bool sum_absent; /* and are sent where the frame allows it */
	bool own_pages; /* arenas must come from the port */
	uint64_t rx_held_bytes; /* as in caps */
	uint32_t rx_ring; /* packets that wait in a queue at most */
	uint32_t tx_inflight, tx_lag; /* as in caps */
	uint32_t tx_window; /* tags come back shuffled among so many, at least 1 */
	int64_t tx_late_ns; /* and up to so late */
	uint32_t refuse; /* chance that tx_burst takes not all that it could */
	uint32_t watch; /* chance that a payload is watched until its tag comes back */
	uint32_t run_frames; /* as in caps */
	int64_t skew_ns; /* the host's clock is so much ahead of the world's */
};

/* A device that gives no trouble. */
extern const struct pen_sim_manners pen_sim_manners_tame;

/* Some device: every field anew. tx_lag is at most a quarter of tx_inflight. */
struct pen_sim_manners pen_sim_manners_draw(struct pen_rng *rng);

/* Packets of one queue that came and were not lent yet. */
struct pen_sim_rx {
	uint32_t first, last, count;
	uint32_t buffer; /* the one that is being filled, PEN_SIM_NO_PACKET if none */
	uint32_t lent; /* slices that the user has */
	uint64_t held_bytes; /* the sum of their pins */
	int64_t wake_ns; /* when an event wakes the host for this queue */
};

/* A frame whose tag was not returned yet. */
struct pen_sim_flight {
	uint64_t tag;
	const uint8_t *payload; /* NULL: not watched */
	uint64_t hash; /* of the payload as it was taken */
	int64_t done_ns; /* when the tag may come back */
	uint16_t payload_bytes;
};

/* Frames of one queue, oldest first, in a ring of tx_inflight. */
struct pen_sim_tx {
	struct pen_sim_flight *flights;
	uint32_t first, count;
};

struct pen_sim_port {
	struct pen_net net; /* first */
	struct pen_sim_network *network;
	unsigned host;
	struct pen_sim_manners manners;
	struct pen_rng rng;
	bool started;
	const struct pen_arena *arenas[PEN_SIM_ARENAS_MAX];
	unsigned arena_count;
	struct pen_sim_rx rx[PEN_NET_QUEUES_MAX];
	struct pen_sim_tx tx[PEN_NET_QUEUES_MAX];
	uint64_t taken, reaped; /* frames, and tags that came back */
	uint64_t lent, put; /* slices */
	uint64_t bytes; /* memory taken by open */
};

/*
 * Open the port of a host that has none. 0 and *net, or -ENOMEM. `manners` is copied. Chance of the
 * port is a stream of the host's number and of how many ports it had: `life`.
 */
int pen_sim_port_open(struct pen_sim_network *network, unsigned host, unsigned life,
	const struct pen_sim_manners *manners, struct pen_net **net);

/* The port behind a net that is a simulated one. */
static inline struct pen_sim_port *pen_sim_port_of(struct pen_net *net)
{
	return (struct pen_sim_port *)net;
}

#endif
