#include "flow/loss.h"

#include "base/check.h"

void pen_loss_init(struct pen_loss *loss)
{
	*loss = (struct pen_loss){
		.packets = PEN_LOSS_PACKETS_MIN,
		.eighths = PEN_LOSS_EIGHTHS_MIN,
	};
}

int64_t pen_loss_window_ns(const struct pen_loss *loss, int64_t srtt_ns)
{
	PEN_CHECK(srtt_ns > 0);
	int64_t window = srtt_ns / 8 * loss->eighths;
	return window < PEN_LOSS_WINDOW_NS_MIN ? PEN_LOSS_WINDOW_NS_MIN : window;
}

bool pen_loss_is_lost(
	const struct pen_loss *loss, uint64_t behind, int64_t waited_ns, int64_t srtt_ns)
{
	PEN_CHECK(loss->packets >= PEN_LOSS_PACKETS_MIN);
	if (behind == 0)
		return false;
	return behind >= loss->packets || waited_ns >= pen_loss_window_ns(loss, srtt_ns);
}

void pen_loss_spurious(struct pen_loss *loss, uint64_t behind)
{
	loss->spurious++;
	if (loss->eighths < PEN_LOSS_EIGHTHS_MAX)
		loss->eighths++;
	if (behind < loss->packets)
		return;
	uint64_t packets = behind + behind / 2;
	loss->packets = packets < PEN_LOSS_PACKETS_MAX ? (uint32_t)packets : PEN_LOSS_PACKETS_MAX;
}

void pen_loss_calm(struct pen_loss *loss)
{
	PEN_CHECK(loss->eighths >= PEN_LOSS_EIGHTHS_MIN);
	loss->packets -= (loss->packets - PEN_LOSS_PACKETS_MIN) / 2;
	loss->eighths -= (loss->eighths - PEN_LOSS_EIGHTHS_MIN) / 2;
}
