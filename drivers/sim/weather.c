#include "drivers/sim/weather.h"

#include "base/check.h"
#include "base/clock.h"

static int64_t up_to(int64_t ns, struct pen_rng *rng)
{
	return ns > 0 ? (int64_t)pen_rng_below(rng, (uint64_t)ns + 1) : 0;
}

static bool lost(const struct pen_sim_weather *weather, bool *bad, struct pen_rng *rng)
{
	if (pen_sim_chance(*bad ? weather->turn_good : weather->turn_bad, rng))
		*bad = !*bad;
	return pen_sim_chance(*bad ? weather->loss_bad : weather->loss, rng);
}

struct pen_sim_fate pen_sim_weather_fate(
	const struct pen_sim_weather *weather, bool *bad, struct pen_rng *rng)
{
	PEN_CHECK(weather->delay_ns >= 0);
	struct pen_sim_fate fate = {.again_ns = -1};
	fate.lost = lost(weather, bad, rng);
	if (fate.lost)
		return fate;
	fate.delay_ns = weather->delay_ns + up_to(weather->jitter_ns, rng);
	if (pen_sim_chance(weather->reorder, rng)) {
		fate.late = true;
		fate.delay_ns += up_to(weather->late_ns, rng);
	}
	if (pen_sim_chance(weather->twice, rng))
		fate.again_ns = fate.delay_ns + up_to(weather->late_ns, rng);
	fate.corrupt = pen_sim_chance(weather->corrupt, rng);
	fate.sly = fate.corrupt && pen_sim_chance(weather->sly, rng);
	return fate;
}

#define BITS_NS ((uint64_t)(8 * PEN_NS_PER_S))

int64_t pen_sim_link_send(struct pen_sim_link *link, int64_t now_ns, uint32_t bytes)
{
	PEN_CHECK(bytes < 1u << 31);
	if (!link->bits_per_s)
		return now_ns;
	int64_t wait_ns = link->free_ns > now_ns ? link->free_ns - now_ns : 0;
	if ((unsigned __int128)(uint64_t)wait_ns * link->bits_per_s >
		(unsigned __int128)link->queue_bytes * BITS_NS)
		return -1;
	link->free_ns = now_ns + wait_ns + (int64_t)(bytes * BITS_NS / link->bits_per_s);
	return link->free_ns;
}

void pen_sim_link_set(struct pen_sim_link *link, int64_t now_ns, uint64_t bits_per_s)
{
	int64_t wait_ns = link->free_ns > now_ns ? link->free_ns - now_ns : 0;
	if (wait_ns && link->bits_per_s && bits_per_s)
		wait_ns = (int64_t)((__int128)wait_ns * link->bits_per_s / bits_per_s);
	link->free_ns = now_ns + (bits_per_s ? wait_ns : 0);
	link->bits_per_s = bits_per_s;
}
