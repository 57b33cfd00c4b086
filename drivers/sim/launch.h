/* launch: a packet on its way from one host to another; what network and port share. */
#ifndef PEN_SIM_LAUNCH_H
#define PEN_SIM_LAUNCH_H

#include "drivers/sim/network.h"

/* Events of the network's queue: a kind in the upper bits, what it is about in the others. */
#define PEN_SIM_WHAT_BITS 28u
#define PEN_SIM_WHAT_MASK ((1u << PEN_SIM_WHAT_BITS) - 1)
enum pen_sim_kind {
	PEN_SIM_ARRIVES, /* a packet that flies alone, at its host's downlink */
	PEN_SIM_COMES, /* the first packet of a way, there too */
	PEN_SIM_WAKES, /* a host: its port has a packet that can be lent */
};

/* Number of the host that has the address and port as others see it, or -1. */
int pen_sim_host_at(
	const struct pen_sim_network *network, const uint8_t address[16], uint16_t port);

/*
 * Send a frame of a host that is alive: what the weather leaves of it becomes a packet, copied.
 * `summed`: with a UDP checksum. When the uplink is through with it, or now if it went nowhere.
 */
int64_t pen_sim_launch(
	struct pen_sim_network *network, unsigned from, const struct pen_frame *frame, bool summed);

/* Count a packet that is lost. */
void pen_sim_lose(struct pen_sim_network *network, enum pen_sim_reason reason, uint64_t which);

/* A packet is at its host's port, to be lent from its due_ns on (port.c). */
void pen_sim_port_arrive(struct pen_sim_port *port, uint32_t index);

/* Drop all that waits in the port (port.c). */
void pen_sim_port_flush(struct pen_sim_port *port);

/* Put the event of a way's first packet into the queue. */
void pen_sim_come(struct pen_sim_network *network, const struct pen_sim_way *way);

/* Mark the host ready as soon as at_ns comes. */
void pen_sim_wake(struct pen_sim_network *network, unsigned host, int64_t at_ns);

#endif
