/* ends: the two halves of a simulated port, for port.c alone. */
#ifndef PEN_SIM_ENDS_H
#define PEN_SIM_ENDS_H

#include "drivers/sim/port.h"

/* Members of struct pen_net_ops (receive.c). */
unsigned pen_sim_receive(
	struct pen_net *net, unsigned queue, int64_t now_ns, struct pen_slice *out, unsigned max);
void pen_sim_put(
	struct pen_net *net, unsigned queue, const struct pen_slice *slices, unsigned count);

/* The same (send.c). */
unsigned pen_sim_send(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count);
unsigned pen_sim_reap(struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max);

/* All watched payloads are still what they were, or the program ends. */
void pen_sim_flights_check(struct pen_sim_port *port);

/* Take over what changed at the host: caps, addresses, link; the epoch rises. */
void pen_sim_port_notice(struct pen_sim_port *port);

/* The call is allowed: started, a queue that exists, the world's time. */
void pen_sim_call_check(const struct pen_sim_port *port, unsigned queue, const char *call);
void pen_sim_time_check(const struct pen_sim_port *port, int64_t now_ns, const char *call);

#endif
