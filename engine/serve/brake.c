#include "serve/brake.h"

#include "base/check.h"

void pen_brake_init(struct pen_brake *brake, int64_t now_ns)
{
	*brake = (struct pen_brake){.since_ns = now_ns};
}

void pen_brake_sent(struct pen_brake *brake, uint64_t bytes)
{
	brake->sent_bytes += bytes;
}

static void decide(struct pen_brake *brake, int64_t span_ns)
{
	uint64_t rate = (uint64_t)((unsigned __int128)brake->sent_bytes * 1000000000 /
		(uint64_t)span_ns);
	if (brake->settled < PEN_BRAKE_PACKETS)
		return;
	if (brake->proved < brake->settled - brake->proved) {
		brake->limit = rate / 2 > PEN_BRAKE_RATE_MIN ? rate / 2 : PEN_BRAKE_RATE_MIN;
		brake->braked++;
	} else if (brake->limit) {
		brake->limit = brake->limit > rate * 2 ? 0 : brake->limit * 2;
	}
}

void pen_brake_report(struct pen_brake *brake, uint32_t settled, uint32_t proved, int64_t now_ns)
{
	PEN_CHECK(proved <= settled);
	PEN_CHECK(now_ns >= brake->since_ns);
	brake->settled += settled;
	brake->proved += proved;
	int64_t span_ns = now_ns - brake->since_ns;
	if (span_ns < PEN_BRAKE_SPAN_NS)
		return;
	decide(brake, span_ns);
	brake->since_ns = now_ns;
	brake->settled = 0;
	brake->proved = 0;
	brake->sent_bytes = 0;
}
