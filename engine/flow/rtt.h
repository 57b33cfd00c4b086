/*
 * rtt: how long a round trip takes, and how long to wait before something counts as overdue.
 *
 * The estimator of RFC 6298 (gains 1/8 and 1/4), with nanoseconds for its clock and 1 ms instead
 * of 1 s for the smallest allowance, because the receiver asks for repair of what is not in flight
 * any more, and asking in vain costs it one packet. Only the receiver has timers. A sample is the
 * age of a stamp that came back: stamps are u32 microseconds of one's own clock, wrap after 71
 * minutes, and are compared with one's own clock only. One thread; time is an argument.
 */
#ifndef PEN_FLOW_RTT_H
#define PEN_FLOW_RTT_H

#include <stdbool.h>
#include <stdint.h>

/* What srtt is before the first sample: two continents; one timeout too late costs less than a
 * flood of requests in vain. */
#define PEN_RTT_GUESS_NS INT64_C(100000000)
/* The least that a timeout allows beyond srtt: scheduling of two hosts. */
#define PEN_RTT_SLACK_NS_MIN INT64_C(1000000)
/* The longest timeout, after doublings: a server that is back is found within it. */
#define PEN_RTT_TIMEOUT_NS_MAX INT64_C(1000000000)
/* The least round trip of the last one to two of these is `min_ns`: paths change. */
#define PEN_RTT_ERA_NS INT64_C(10000000000)
/* A stamp older than this is none of ours, or a peer's invention. */
#define PEN_RTT_SAMPLE_NS_MAX INT64_C(30000000000)

struct pen_rtt {
	int64_t srtt_ns, var_ns; /* smoothed, and its mean deviation */
	int64_t latest_ns; /* 0: no sample yet */
	int64_t min_ns; /* least of this era and the one before */
	int64_t era_ns, era_min_ns; /* when this era began, the least in it (INT64_MAX: none) */
	unsigned doublings; /* timeouts since the last sample */
	uint64_t samples; /* so far */
};

/* Start over, with `guess_ns` > 0 as srtt and half of it as deviation. */
void pen_rtt_init(struct pen_rtt *rtt, int64_t guess_ns, int64_t now_ns);

/*
 * A round trip took `sample_ns`. Samples that are negative or above PEN_RTT_SAMPLE_NS_MAX are
 * ignored (a peer may echo anything); 0 counts as 1. Ends the doubling of the timeout.
 */
void pen_rtt_sample(struct pen_rtt *rtt, int64_t sample_ns, int64_t now_ns);

/* How long to wait: srtt + max(4 deviations, 1 ms), doubled by each timeout in a row, at most 1 s.
 */
int64_t pen_rtt_timeout_ns(const struct pen_rtt *rtt);

/* The timeout has passed in vain: the next one is twice as long. */
void pen_rtt_expired(struct pen_rtt *rtt);

/* How much longer than the least the latest round trip took: what stands in queues. 0 before the
 * first sample. */
int64_t pen_rtt_queue_ns(const struct pen_rtt *rtt);

/* The time as a stamp. */
uint32_t pen_rtt_stamp(int64_t now_ns);

/* The age of a stamp that came back; negative if it lies in the future. In whole microseconds. */
int64_t pen_rtt_age_ns(uint32_t stamp, int64_t now_ns);

#endif
