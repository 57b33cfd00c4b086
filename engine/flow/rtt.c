#include "flow/rtt.h"

#include "base/check.h"

#define NS_PER_US 1000

void pen_rtt_init(struct pen_rtt *rtt, int64_t guess_ns, int64_t now_ns)
{
	PEN_CHECK(guess_ns > 0);
	PEN_CHECK(now_ns >= 0);
	*rtt = (struct pen_rtt){
		.srtt_ns = guess_ns,
		.var_ns = guess_ns / 2,
		.min_ns = guess_ns,
		.era_ns = now_ns,
		.era_min_ns = INT64_MAX,
	};
}

/* The least of two eras: the one that ends now counts until the next one ends. */
static void note_least(struct pen_rtt *rtt, int64_t sample_ns, int64_t now_ns)
{
	if (now_ns - rtt->era_ns >= PEN_RTT_ERA_NS) {
		rtt->min_ns = rtt->era_min_ns;
		rtt->era_min_ns = INT64_MAX;
		rtt->era_ns = now_ns;
	}
	if (sample_ns < rtt->era_min_ns)
		rtt->era_min_ns = sample_ns;
	if (rtt->era_min_ns < rtt->min_ns)
		rtt->min_ns = rtt->era_min_ns;
}

void pen_rtt_sample(struct pen_rtt *rtt, int64_t sample_ns, int64_t now_ns)
{
	PEN_CHECK(rtt->srtt_ns > 0);
	if (sample_ns < 0 || sample_ns > PEN_RTT_SAMPLE_NS_MAX)
		return;
	if (sample_ns == 0)
		sample_ns = 1;
	if (rtt->latest_ns == 0) {
		rtt->srtt_ns = sample_ns;
		rtt->var_ns = sample_ns / 2;
		rtt->min_ns = sample_ns;
	} else {
		int64_t off = sample_ns - rtt->srtt_ns;
		rtt->var_ns += ((off < 0 ? -off : off) - rtt->var_ns) / 4;
		rtt->srtt_ns += off / 8;
	}
	rtt->latest_ns = sample_ns;
	rtt->samples++;
	rtt->doublings = 0;
	note_least(rtt, sample_ns, now_ns);
	PEN_CHECK(rtt->srtt_ns > 0);
}

int64_t pen_rtt_timeout_ns(const struct pen_rtt *rtt)
{
	int64_t slack = 4 * rtt->var_ns;
	if (slack < PEN_RTT_SLACK_NS_MIN)
		slack = PEN_RTT_SLACK_NS_MIN;
	int64_t timeout = rtt->srtt_ns + slack;
	for (unsigned i = 0; i < rtt->doublings && timeout < PEN_RTT_TIMEOUT_NS_MAX; i++)
		timeout *= 2;
	return timeout < PEN_RTT_TIMEOUT_NS_MAX ? timeout : PEN_RTT_TIMEOUT_NS_MAX;
}

void pen_rtt_expired(struct pen_rtt *rtt)
{
	/* Ten doublings of the least timeout reach the longest. */
	if (rtt->doublings < 10)
		rtt->doublings++;
}

int64_t pen_rtt_queue_ns(const struct pen_rtt *rtt)
{
	int64_t queue = rtt->latest_ns - rtt->min_ns;
	return rtt->latest_ns && queue > 0 ? queue : 0;
}

uint32_t pen_rtt_stamp(int64_t now_ns)
{
	PEN_CHECK(now_ns >= 0);
	return (uint32_t)(now_ns / NS_PER_US);
}

int64_t pen_rtt_age_ns(uint32_t stamp, int64_t now_ns)
{
	return (int64_t)(int32_t)(pen_rtt_stamp(now_ns) - stamp) * NS_PER_US;
}
