/*
 * brake: slows a session down whose receiver does not. Congestion is the receiver's to avoid
 * (wire/wire.h); but one that goes on granting while most of what it gets is lost harms whoever
 * shares the path with it. The proofs of receipt show how much that is.
 *
 * For each second in which proofs settle at least PEN_BRAKE_PACKETS packets: if more than half of
 * them were not proved, the session may send at most half of what it sent in that second, at least
 * PEN_BRAKE_RATE_MIN; else a limit that there is doubles, until it is above what is sent four times
 * and goes. One thread; time is an argument.
 */
#ifndef PEN_SERVE_BRAKE_H
#define PEN_SERVE_BRAKE_H

#include <stdint.h>

/* A second is long beside every round trip, and short beside a transfer. */
#define PEN_BRAKE_SPAN_NS INT64_C(1000000000)
/* Fewer packets say nothing of a path. */
#define PEN_BRAKE_PACKETS 64u
/* The least limit, bytes a second: some packets in each round trip, so that it can be lifted. */
#define PEN_BRAKE_RATE_MIN UINT64_C(64000)

struct pen_brake {
	int64_t since_ns; /* when this span began */
	uint32_t settled, proved; /* packets in it */
	uint64_t sent_bytes; /* in it */
	uint64_t limit; /* bytes a second; 0: none */
	uint32_t braked; /* times that it was halved */
};

/* No limit. */
void pen_brake_init(struct pen_brake *brake, int64_t now_ns);

/* `bytes` were sent. */
void pen_brake_sent(struct pen_brake *brake, uint64_t bytes);

/* A proof settled so many packets, of which so many were proved. The limit may be another then. */
void pen_brake_report(struct pen_brake *brake, uint32_t settled, uint32_t proved, int64_t now_ns);

#endif
