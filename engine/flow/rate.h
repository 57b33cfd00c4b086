/*
 * rate: how fast one server may send to us, decided here, at the receiver, and told to the server
 * as pace and window. First control: up to a fixed ceiling, backing off when queues grow.
 *
 * The caller reports what came between two PULLs; reports are gathered into rounds of one srtt, and
 * a decision is made at the end of each. Starting, the rate doubles each round until the queue
 * exceeds its target, two rounds bring neither a quarter more than before nor what was allowed,
 * more than 2 % is lost, or twice what arrives would be passed. Then it rises by 1/16 a round while
 * the queue is within the target, and falls to 7/8 when it is not, or when more than 2 % is lost,
 * though never below 7/8 of what did arrive; or half of it, when the queue is eight times its
 * target. What comes within a round trip of that, or of the end of a start, was sent before it, and
 * is not looked at. Loss below that without a queue is the path's own and no reason to slow down;
 * so is more, up to 15 %, if slowing down did not make it less by a quarter. A timeout halves. A
 * round in which something else held the stream back (nothing to ask for, credit, the disk) proves
 * nothing and changes nothing, nor does one in which no new packet told of the queue.
 *
 * A queue that is seen below half of what arrived without one is not ours: the pace stays, that
 * memory fades by a quarter, and once the queue is gone the pace doubles up to it. After a draining
 * that memory is 7/8 of what arrived behind the queue, as that much the path carries. In rounds of
 * few packets steps are larger the longer all is clear: else a slow stream would stay slow for
 * minutes.
 *
 * A model of the delivery rate can take this one's place behind the same calls.
 *
 * Rates are bytes of UDP payload a second. No memory of its own; one thread; time is an argument.
 */
#ifndef PEN_FLOW_RATE_H
#define PEN_FLOW_RATE_H

#include "flow/rtt.h"

/* The rate before anything is known: 100 Mb/s, the least that a sync server has. */
#define PEN_RATE_START UINT64_C(12500000)
/* No rate falls below 512 kb/s: some packets a timeout, else nothing would show that it is better
 * again. */
#define PEN_RATE_MIN UINT64_C(64000)
/* A ceiling for who has none: 400 Gb/s. Above it products of rate and time leave 64 bits. */
#define PEN_RATE_MAX UINT64_C(50000000000)
/* Queue that is aimed for, at least: what a host's own batching looks like, and an eighth of the
 * path, which lets us have our share beside senders that fill the queue. */
#define PEN_RATE_QUEUE_NS_MIN INT64_C(1000000)
#define PEN_RATE_QUEUE_SHARE 8
/* Less than this in it is no queue of ours, however long it takes: hosts whose threads wait for a
 * CPU delay all packets alike, and to send less would not change that. But what takes longer than
 * QUEUE_NS_MAX is a queue on a narrow path. */
#define PEN_RATE_QUEUE_BYTES UINT64_C(131072)
#define PEN_RATE_QUEUE_NS_MAX INT64_C(200000000)
/* Lost packets in a thousand that are the path's own; and the most that are believed to be, when
 * slowing down did not help. */
#define PEN_RATE_LOSS_PER_MILLE 20u
#define PEN_RATE_LOSS_OWN_MAX 150u
/* Lost packets beyond that share that are no chance: with 1 % of its own a path comes to them once
 * in a hundred thousand packets, with 3 % after 1,200. */
#define PEN_RATE_LOSS_EXCESS 12

/* Rounds in which no more arrives until a path counts as full: one may be chance. */
#define PEN_RATE_FLAT_ROUNDS 2u

struct pen_rate_config {
	uint64_t max; /* ceiling in bytes a second: --rate, or a share of it; 0: none but ours */
	uint64_t start; /* where to begin, as remembered of this path; 0: PEN_RATE_START */
};

/* What came since the last report. */
struct pen_rate_report {
	uint64_t bytes; /* UDP payload of all packets that came */
	uint32_t packets; /* that came */
	uint32_t lost; /* called lost */
	bool limited; /* something other than pace and window held the stream back */
	uint64_t flying; /* bytes that are granted and still to come */
};

struct pen_rate {
	uint64_t max; /* bytes a second, as the rest */
	uint64_t pace; /* decided */
	uint64_t measured; /* what arrived, smoothed over rounds that were not limited */
	bool sure; /* that is what the path carries; else it may be only what was asked for */
	bool starting; /* doubling */
	uint64_t arrived; /* the most that arrived in a round since the start */
	unsigned flat; /* rounds in a row that brought no quarter more than that, nor what the
			  server was allowed */
	uint64_t asked; /* the pace that was told a round before the last: that a server keeps to
			   while the next one is under way */
	unsigned clear; /* rounds in a row without a queue or losses */
	bool silent; /* nothing came since a timeout */
	uint32_t tolerated; /* lost packets in a thousand that are the path's own */
	uint32_t blamed; /* the same, when the pace was last lowered for it; 0: not lately */
	int64_t excess; /* lost beyond that, in thousandths of a packet; not below 0 */
	uint64_t excess_sent, excess_lost; /* packets since it was 0 */
	struct pen_rate_report round; /* gathered since round_ns */
	int64_t round_ns; /* after now: what comes before then is not gathered */
	int64_t queue_min_ns; /* least queue of the round: one late packet is no queue; INT64_MAX:
				 nothing new is known */
	uint64_t samples; /* of round trips, as of the last report */
	uint64_t floor; /* half of what arrived without a queue, or 7/8 behind one that is drained:
			   below it a queue is not ours */
	uint64_t raised, lowered, timeouts; /* decisions, for whoever asks why */
};

void pen_rate_init(struct pen_rate *rate, const struct pen_rate_config *config, int64_t now_ns);

/* Another ceiling (0: none but ours); the pace is lowered to it at once. */
void pen_rate_limit(struct pen_rate *rate, uint64_t max);

/* What came since the last report; `rtt` is of the same path, borrowed for the call. */
void pen_rate_report(struct pen_rate *rate, const struct pen_rate_report *report,
	const struct pen_rtt *rtt, int64_t now_ns);

/* A timeout passed in which nothing came: only the first in a row says something of the rate. */
void pen_rate_timeout(struct pen_rate *rate, int64_t now_ns);

/* Bytes that may be in flight: what the pace sends in twice the least round trip and twice the
 * queue that is aimed for. It only keeps a pace that is too high from filling a queue without end.
 */
uint64_t pen_rate_window(const struct pen_rate *rate, const struct pen_rtt *rtt);

/* The queue that is aimed for on this path. */
int64_t pen_rate_target_ns(const struct pen_rtt *rtt);

#endif
