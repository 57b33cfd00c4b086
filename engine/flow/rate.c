#include "flow/rate.h"

#include "base/check.h"

#define NS_PER_S UINT64_C(1000000000)
/* Targets of queue above which waiting for small steps would keep it for seconds. */
#define QUEUE_DRAIN 8
/* Rounds without a queue after which steps are one step larger. */
#define CLEAR_ROUNDS 2u
/* Packets that tell how much arrives. */
#define MEASURED_PACKETS 16u
/* Longest wait for what a draining does: a sample that was late by more is no round trip. */
#define SETTLE_NS_MAX INT64_C(1000000000)
/* Packets of one round with one PULL or two. */
#define FEW_PACKETS 96u

static uint64_t clamp(const struct pen_rate *rate, uint64_t pace)
{
	uint64_t most = rate->max > PEN_RATE_MIN ? rate->max : PEN_RATE_MIN;
	if (pace < PEN_RATE_MIN)
		return PEN_RATE_MIN;
	return pace < most ? pace : most;
}

void pen_rate_limit(struct pen_rate *rate, uint64_t max)
{
	rate->max = max && max < PEN_RATE_MAX ? max : PEN_RATE_MAX;
	rate->pace = clamp(rate, rate->pace);
}

/* Forget what was gathered; a new round begins. */
static void begin_round(struct pen_rate *rate, int64_t now_ns)
{
	rate->round = (struct pen_rate_report){0};
	rate->round_ns = now_ns;
	rate->queue_min_ns = INT64_MAX;
}

void pen_rate_init(struct pen_rate *rate, const struct pen_rate_config *config, int64_t now_ns)
{
	PEN_CHECK(now_ns >= 0);
	*rate = (struct pen_rate){.starting = true, .tolerated = PEN_RATE_LOSS_PER_MILLE};
	rate->pace = config->start ? config->start : PEN_RATE_START;
	pen_rate_limit(rate, config->max);
	begin_round(rate, now_ns);
}

int64_t pen_rate_target_ns(const struct pen_rtt *rtt)
{
	return PEN_RATE_QUEUE_NS_MIN + rtt->min_ns / PEN_RATE_QUEUE_SHARE;
}

static void forget_excess(struct pen_rate *rate)
{
	rate->excess = 0;
	rate->excess_sent = 0;
	rate->excess_lost = 0;
}

/*
 * More is lost than the path's own: the excess has summed up to so many packets that chance does
 * not explain it. If the last slowing down did not help, it is the path's own all the same.
 */
static bool too_lossy(struct pen_rate *rate)
{
	int64_t sent = (int64_t)rate->round.packets + rate->round.lost;
	rate->excess += (int64_t)rate->round.lost * 1000 - sent * rate->tolerated;
	rate->excess_sent += (uint64_t)sent;
	rate->excess_lost += rate->round.lost;
	if (rate->excess <= 0)
		forget_excess(rate);
	if (rate->excess <= PEN_RATE_LOSS_EXCESS * 1000)
		return false;
	uint32_t loss = (uint32_t)(rate->excess_lost * 1000 / rate->excess_sent);
	forget_excess(rate);
	if (rate->blamed && loss >= rate->blamed - rate->blamed / 4) {
		uint32_t own = loss + loss / 4;
		rate->tolerated = own < PEN_RATE_LOSS_OWN_MAX ? own : PEN_RATE_LOSS_OWN_MAX;
		rate->blamed = 0;
		return loss > rate->tolerated;
	}
	rate->blamed = loss;
	return true;
}

/* The least queue of the round. A sample is looked at once. */
static void note_queue(struct pen_rate *rate, const struct pen_rtt *rtt)
{
	int64_t queue = pen_rtt_queue_ns(rtt);
	if (rtt->samples != rate->samples && queue < rate->queue_min_ns)
		rate->queue_min_ns = queue;
	rate->samples = rtt->samples;
}

/* To 7/8 of the pace, but not below 7/8 of what did arrive: that much the path carries. A queue of
 * several targets is drained at half of it. */
static void lower(struct pen_rate *rate, uint64_t arrived, bool drain)
{
	uint64_t carried = arrived < rate->pace ? arrived : rate->pace;
	/* Behind a queue so much arrives as the path carries: the way back there is short. */
	uint64_t keep = drain ? carried - carried / 8 : carried / 2;
	if (rate->floor < keep)
		rate->floor = keep;
	uint64_t to = rate->pace - rate->pace / 8;
	/* A start that overshot falls to what arrived at once; later steps are small. */
	if (rate->starting)
		to = rate->pace / 2;
	uint64_t least = drain ? carried / 2 : carried - carried / 8;
	if (drain && rate->round.packets < MEASURED_PACKETS)
		least = rate->pace / 2;
	if (to < least || drain)
		to = least;
	rate->starting = false;
	rate->pace = clamp(rate, to);
	rate->lowered++;
}

/* Starting: does more arrive than a round ago? Two rounds without a quarter more, and the path is
 * full; what is above would only fill its queue. But one that brings what the server was allowed
 * shows nothing: the round before may have been a burst. */
static void look_whether_full(struct pen_rate *rate, uint64_t arrived)
{
	bool more = arrived >= rate->arrived + rate->arrived / 4,
	     all = arrived >= rate->asked - rate->asked / 8;
	rate->flat = more || all ? 0 : rate->flat + 1;
	if (arrived > rate->arrived)
		rate->arrived = arrived;
	if (!rate->starting || rate->flat < PEN_RATE_FLAT_ROUNDS)
		return;
	rate->starting = false;
	/* The last round may have been a pause of the sender's. */
	uint64_t to = rate->arrived + rate->arrived / 8;
	rate->pace = clamp(rate, to < rate->pace ? to : rate->pace);
}

/* A slow stream has few rounds a second, and cannot fill a queue: the longer all is clear, the
 * larger its steps. */
static uint64_t step_of(const struct pen_rate *rate)
{
	uint64_t step = rate->pace / 16;
	return rate->round.packets < FEW_PACKETS ? step * (1 + rate->clear / CLEAR_ROUNDS) : step;
}

static void climb(struct pen_rate *rate, uint64_t arrived)
{
	look_whether_full(rate, arrived);
	uint64_t step = step_of(rate),
		 to = rate->pace + (rate->starting || step > rate->pace ? rate->pace : step);
	if (!rate->starting && rate->pace < rate->floor)
		to = rate->pace * 2 < rate->floor ? rate->pace * 2 : rate->floor;
	/* Twice what arrives is room enough to find more; beyond it the pace would mean nothing. */
	if (to > arrived * 2)
		to = arrived * 2;
	if (to <= rate->pace)
		return;
	rate->pace = clamp(rate, to);
	rate->raised++;
}

/* What stood in the queue all through the round, of ours and above the target? */
static bool is_queued(const struct pen_rate *rate, uint64_t arrived, int64_t target_ns)
{
	int64_t queue_ns = rate->queue_min_ns;
	PEN_CHECK(queue_ns >= 0);
	unsigned __int128 bytes = (unsigned __int128)arrived * (uint64_t)queue_ns / NS_PER_S;
	return queue_ns > target_ns &&
		(bytes > PEN_RATE_QUEUE_BYTES || queue_ns > PEN_RATE_QUEUE_NS_MAX);
}

/* Neither a queue nor losses. */
static void go_on(struct pen_rate *rate, uint64_t arrived)
{
	if (rate->floor < arrived / 2)
		rate->floor = arrived / 2;
	if (!rate->round.limited)
		climb(rate, arrived);
}

/* What comes within a round trip of a large step down was sent before it: its queue would make
 * another one. The next round begins after that. */
static void settle(struct pen_rate *rate, const struct pen_rtt *rtt, int64_t now_ns)
{
	int64_t trip_ns = rtt->latest_ns > rtt->srtt_ns ? rtt->latest_ns : rtt->srtt_ns;
	begin_round(rate, now_ns + (trip_ns < SETTLE_NS_MAX ? trip_ns : SETTLE_NS_MAX));
}

/* A round shows what the path carries if the stream was not held back, or if as much is still to
 * come as came: then the server was never without something to send. Else it shows the least. */
static void measure(struct pen_rate *rate, uint64_t arrived)
{
	bool busy = !rate->round.limited || rate->round.flying >= rate->round.bytes;
	if (busy && !rate->sure)
		rate->measured = 0;
	rate->sure |= busy;
	if (!busy && arrived < rate->measured)
		return;
	rate->measured = rate->measured ? rate->measured - rate->measured / 4 + arrived / 4
					: arrived;
}

/* Was that a large step down: a draining, or the end of a start? */
static bool decide(struct pen_rate *rate, const struct pen_rtt *rtt, int64_t now_ns)
{
	uint64_t elapsed = (uint64_t)(now_ns - rate->round_ns);
	PEN_CHECK(elapsed > 0);
	uint64_t arrived = (uint64_t)((unsigned __int128)rate->round.bytes * NS_PER_S / elapsed);
	uint64_t pace = rate->pace;
	bool started = rate->starting;
	int64_t target_ns = pen_rate_target_ns(rtt);
	bool known = rate->queue_min_ns != INT64_MAX;
	bool queued = known && is_queued(rate, arrived, target_ns);
	/* A queue or losses are news even when something else held us back; an idle path is none.
	 */
	bool lossy = too_lossy(rate);
	rate->clear = lossy || queued ? 0 : rate->clear + 1;
	bool lowered = lossy || (queued && (rate->starting || rate->pace >= rate->floor)),
	     drain = lowered && queued && rate->queue_min_ns > QUEUE_DRAIN * target_ns;
	if (lowered)
		lower(rate, arrived, drain);
	else if (queued)
		rate->floor -= rate->floor / 4;
	else if (known)
		go_on(rate, arrived);
	rate->asked = pace;
	measure(rate, arrived);
	return drain || (lowered && started);
}

void pen_rate_report(struct pen_rate *rate, const struct pen_rate_report *report,
	const struct pen_rtt *rtt, int64_t now_ns)
{
	rate->silent &= report->packets == 0;
	if (now_ns < rate->round_ns) {
		rate->samples = rtt->samples;
		return;
	}
	rate->round.bytes += report->bytes;
	rate->round.packets += report->packets;
	rate->round.lost += report->lost;
	rate->round.limited |= report->limited;
	rate->round.flying = report->flying;
	note_queue(rate, rtt);
	if (now_ns - rate->round_ns < rtt->srtt_ns || now_ns == rate->round_ns)
		return;
	if ((rate->round.packets || rate->round.lost) && decide(rate, rtt, now_ns))
		settle(rate, rtt, now_ns);
	else
		begin_round(rate, now_ns);
}

void pen_rate_timeout(struct pen_rate *rate, int64_t now_ns)
{
	rate->timeouts++;
	begin_round(rate, now_ns);
	if (rate->silent)
		return;
	rate->silent = true;
	rate->starting = true;
	rate->arrived = 0;
	rate->flat = 0;
	rate->pace = clamp(rate, rate->pace / 2);
}

uint64_t pen_rate_window(const struct pen_rate *rate, const struct pen_rtt *rtt)
{
	int64_t span = 2 * (rtt->min_ns + pen_rate_target_ns(rtt));
	PEN_CHECK(span > 0);
	return (uint64_t)((unsigned __int128)rate->pace * (uint64_t)span / NS_PER_S);
}
