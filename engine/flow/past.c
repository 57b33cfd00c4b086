#include "flow/past.h"

#include "base/check.h"

void pen_past_note(struct pen_past *past, const struct pen_rate *rate, int64_t at_ns)
{
	PEN_CHECK(at_ns >= past->at_ns);
	if (!rate->measured)
		return;
	*past = (struct pen_past){.rate = rate->measured,
		.full = rate->sure && (rate->lowered > 0 || !rate->starting),
		.at_ns = at_ns};
}

uint64_t pen_past_start(const struct pen_past *past, uint64_t usual, int64_t now_ns)
{
	PEN_CHECK(usual > 0);
	if (!past->rate || now_ns - past->at_ns > PEN_PAST_NS)
		return usual;
	uint64_t half = past->rate / 2 > PEN_RATE_MIN ? past->rate / 2 : PEN_RATE_MIN;
	return past->full || half > usual ? half : usual;
}
