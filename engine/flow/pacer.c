#include "flow/pacer.h"

#include <assert.h>

#include "base/check.h"

#define NS_PER_S UINT64_C(1000000000)
/* Times and bytes below these keep products within 64 bits, where a division is cheap; nearly all
 * are. */
#define SHORT_NS (UINT64_C(1) << 27)
#define FEW_BYTES (UINT64_C(1) << 33)

static void check_bounds(uint64_t rate, uint64_t burst)
{
	PEN_CHECK(rate > 0);
	PEN_CHECK(rate <= PEN_PACER_RATE_MAX);
	PEN_CHECK(burst > 0);
	PEN_CHECK(burst <= PEN_PACER_BURST_MAX);
}

void pen_pacer_init(struct pen_pacer *pacer, uint64_t rate, uint64_t burst, int64_t now_ns)
{
	check_bounds(rate, burst);
	*pacer = (struct pen_pacer){
		.rate = rate, .burst = burst, .level = (int64_t)burst, .filled_ns = now_ns};
}

/* Fill the bucket up to now; what would overflow it is lost. */
static void fill(struct pen_pacer *pacer, int64_t now_ns)
{
	PEN_CHECK(now_ns >= pacer->filled_ns);
	uint64_t elapsed = (uint64_t)(now_ns - pacer->filled_ns), bytes, fraction;
	if (elapsed == 0)
		return;
	pacer->filled_ns = now_ns;
	if (elapsed < SHORT_NS) {
		static_assert(PEN_PACER_RATE_MAX < UINT64_C(1) << 36, "63 bits, and a fraction");
		uint64_t parts = elapsed * pacer->rate + pacer->fraction;
		bytes = parts / NS_PER_S;
		fraction = parts % NS_PER_S;
	} else {
		unsigned __int128 parts = (unsigned __int128)elapsed * pacer->rate +
			pacer->fraction;
		unsigned __int128 whole = parts / NS_PER_S;
		bytes = whole < UINT64_MAX ? (uint64_t)whole : UINT64_MAX;
		fraction = (uint64_t)(parts % NS_PER_S);
	}
	uint64_t room = (uint64_t)((int64_t)pacer->burst - pacer->level);
	if (bytes > room) {
		pacer->level = (int64_t)pacer->burst;
		pacer->fraction = 0;
		return;
	}
	pacer->level += (int64_t)bytes;
	pacer->fraction = fraction;
}

void pen_pacer_set(struct pen_pacer *pacer, uint64_t rate, uint64_t burst, int64_t now_ns)
{
	check_bounds(rate, burst);
	fill(pacer, now_ns);
	pacer->rate = rate;
	pacer->burst = burst;
	if (pacer->level > (int64_t)burst)
		pacer->level = (int64_t)burst;
}

uint64_t pen_pacer_allowed(struct pen_pacer *pacer, int64_t now_ns)
{
	fill(pacer, now_ns);
	return pacer->level > 0 ? (uint64_t)pacer->level : 0;
}

void pen_pacer_spend(struct pen_pacer *pacer, uint64_t bytes)
{
	PEN_CHECK(bytes <= PEN_PACER_BURST_MAX);
	pacer->level -= (int64_t)bytes;
	/* Who spends without asking would otherwise owe for ever. */
	PEN_CHECK(pacer->level >= -2 * (int64_t)PEN_PACER_BURST_MAX);
}

int64_t pen_pacer_due_ns(struct pen_pacer *pacer, uint64_t bytes, int64_t now_ns)
{
	PEN_CHECK(bytes > 0);
	PEN_CHECK(bytes <= pacer->burst);
	fill(pacer, now_ns);
	if (pacer->level >= (int64_t)bytes)
		return now_ns;
	uint64_t lacking = (uint64_t)((int64_t)bytes - pacer->level);
	if (lacking < FEW_BYTES)
		return now_ns +
			(int64_t)((lacking * NS_PER_S - pacer->fraction + pacer->rate - 1) /
				pacer->rate);
	unsigned __int128 parts = (unsigned __int128)lacking * NS_PER_S - pacer->fraction;
	unsigned __int128 wait = (parts + pacer->rate - 1) / pacer->rate;
	return now_ns + (int64_t)wait;
}
