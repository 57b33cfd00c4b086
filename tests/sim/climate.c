#include "sim/climate.h"

#include "base/clock.h"
#include "sim/dice.h"

#define US INT64_C(1000)
#define MS PEN_NS_PER_MS
#define KBIT UINT64_C(1000)
#define MBIT (1000 * KBIT)

const struct climate climates[PLAN_CLIMATES] = {
	[PLAN_RACK] = {20 * US, 500 * US, 1000 * MBIT, 10000 * MBIT, 100, 0, 0, 0, 0},
	[PLAN_CITY] = {1 * MS, 10 * MS, 100 * MBIT, 1000 * MBIT, 1000, 0, 100, 10, 10},
	[PLAN_OCEAN] = {20 * MS, 150 * MS, 10 * MBIT, 500 * MBIT, 10000, 0, 1000, 100, 100},
	[PLAN_RADIO] = {60 * MS, 600 * MS, 2 * MBIT, 20 * MBIT, 5000, 2000, 5000, 1000, 1000},
	[PLAN_BROKEN] = {1 * MS, 50 * MS, 20 * MBIT, 200 * MBIT, 50000, 1000, 50000, 50000, 30000},
	[PLAN_STORM] = {5 * MS, 100 * MS, 10 * MBIT, 100 * MBIT, 200000, 0, 100000, 50000, 30000},
};

/* In place, of a plan that is zeroed: two of one seed are compared as bytes. */
static void weather_draw(struct plan *plan, unsigned from, unsigned to, struct pen_rng *rng)
{
	const struct climate *climate = &climates[plan->climate];
	int64_t rtt_ns = (int64_t)dice_scale(
		rng, (uint64_t)climate->rtt_min, (uint64_t)climate->rtt_max);
	struct pen_sim_weather *weather = &plan->weather[from][to];
	weather->delay_ns = rtt_ns / 2;
	weather->late_ns = rtt_ns;
	if (dice_coin(rng))
		weather->jitter_ns = rtt_ns / 10;
	if (dice_coin(rng))
		weather->loss = PEN_SIM_PPM(pen_rng_below(rng, climate->loss_max + 1));
	if (climate->burst && dice_coin(rng)) {
		weather->turn_bad = PEN_SIM_PPM(climate->burst);
		weather->turn_good = PEN_SIM_PPM(50000);
		weather->loss_bad = PEN_SIM_PPM(500000);
	}
	if (dice_coin(rng))
		weather->reorder = PEN_SIM_PPM(climate->reorder);
	if (dice_coin(rng))
		weather->twice = PEN_SIM_PPM(climate->twice);
	if (dice_coin(rng))
		weather->corrupt = PEN_SIM_PPM(climate->corrupt);
	weather->sly = dice_coin(rng) ? PEN_SIM_PPM(300000) : 0;
}

/* Changed bits that no checksum shows, in a million packets: so few that most blocks are whole. */
#define UNSEEN_MAX 50u

/* Changes that the checksum shows may be many; where none is sent, all go unseen. */
static void corrupt_bound(struct plan *plan, unsigned from, unsigned to)
{
	struct pen_sim_weather *weather = &plan->weather[from][to];
	uint32_t most = PEN_SIM_PPM(UNSEEN_MAX);
	bool summed = !plan->hosts[from].manners.sum_absent ||
		!plan->hosts[to].manners.sum_absent_ok;
	if (!summed && weather->corrupt > most)
		weather->corrupt = most;
	if ((uint64_t)weather->corrupt * weather->sly / PEN_SIM_SURE > most)
		weather->sly = (uint32_t)((uint64_t)most * PEN_SIM_SURE / weather->corrupt);
}

void climate_weather_draw(struct plan *plan, struct pen_rng *rng)
{
	unsigned hosts = plan->servers + plan->clients;
	for (unsigned i = 0; i < hosts; i++) {
		for (unsigned j = i; j < hosts; j++) {
			weather_draw(plan, i, j, rng);
			weather_draw(plan, j, i, rng);
			plan->weather[j][i].delay_ns = plan->weather[i][j].delay_ns;
		}
	}
	for (unsigned i = 0; i < hosts * hosts; i++)
		corrupt_bound(plan, i / hosts, i % hosts);
}
