/*
 * pacer: may these bytes leave now? A token bucket that is asked in the loop; nobody ever sleeps
 * for it.
 *
 * The bucket fills at `rate` and holds `burst` bytes. Whoever sends asks what is allowed, sends a
 * run of packets, and spends it. A run may overdraw the bucket by its own length; the debt is
 * waited for before the next. So over any time t at most burst + rate * t + one run leaves, and a
 * run is never cut because the last few bytes are missing. Fractions of a byte are kept: the rate
 * is exact whatever the interval between calls. One thread; time is an argument and may stand
 * still.
 */
#ifndef PEN_FLOW_PACER_H
#define PEN_FLOW_PACER_H

#include <stdint.h>

/* A rate and a burst beyond these would leave 64 bits: 400 Gb/s and 1 GiB. */
#define PEN_PACER_RATE_MAX UINT64_C(50000000000)
#define PEN_PACER_BURST_MAX (UINT64_C(1) << 30)

struct pen_pacer {
	uint64_t rate; /* bytes a second, 1..PEN_PACER_RATE_MAX */
	uint64_t burst; /* bytes, 1..PEN_PACER_BURST_MAX */
	int64_t level; /* bytes that may leave, negative: debt */
	uint64_t fraction; /* of a byte, in billionths */
	int64_t filled_ns; /* up to when the bucket was filled */
};

/* A full bucket. */
void pen_pacer_init(struct pen_pacer *pacer, uint64_t rate, uint64_t burst, int64_t now_ns);

/* Another rate from now on; what is in the bucket stays, up to the burst. */
void pen_pacer_set(struct pen_pacer *pacer, uint64_t rate, uint64_t burst, int64_t now_ns);

/* Bytes that may leave now; 0 while there is a debt. A run may begin when this is positive. */
uint64_t pen_pacer_allowed(struct pen_pacer *pacer, int64_t now_ns);

/* `bytes` left (at most PEN_PACER_BURST_MAX at once). */
void pen_pacer_spend(struct pen_pacer *pacer, uint64_t bytes);

/* When pen_pacer_allowed will be at least `bytes` (1..burst); now_ns if it is. */
int64_t pen_pacer_due_ns(struct pen_pacer *pacer, uint64_t bytes, int64_t now_ns);

#endif
