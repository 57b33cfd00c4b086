#include "sim/plan.h"

#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "sim/cargo.h"
#include "sim/climate.h"
#include "sim/dice.h"
#include "sim/fate.h"

#define MBIT 1000000
/* From a packet's arrival to the turn that sees it. */
#define POLL_NS_MAX 50000

/* DATA that an outsider replaces: each costs a piece, or a whole part. */
#define OUTSIDER_SPOILS_MAX 16u

const struct plan_shape plan_shapes[PLAN_SHAPES] = {
	{200, 3, 20000}, {3000, 24, 200000}, {4000, 7, 600000}};

static void host_draw(
	struct plan *plan, struct plan_host *host, const struct plan_ask *ask, struct pen_rng *rng)
{
	const struct climate *climate = &climates[plan->climate];
	uint64_t rate = dice_scale(rng, climate->rate_min, climate->rate_max);
	/* Half a round trip to four of the longest one, and a few packets in any case. */
	uint64_t queue = rate / 8 * (uint64_t)climate->rtt_max / PEN_NS_PER_S;
	host->links = (struct pen_sim_host_ask){.up_bits_per_s = rate};
	host->links.down_bits_per_s = dice_scale(rng, climate->rate_min, climate->rate_max);
	host->links.queue_bytes = 30000 + dice_scale(rng, queue / 2 + 1, 4 * queue + 2);
	if (host->links.queue_bytes > 2u << 20)
		host->links.queue_bytes = 2u << 20;
	host->poll_ns = (int64_t)pen_rng_below(rng, POLL_NS_MAX);
	host->manners = pen_sim_manners_tame;
	host->habits = pen_sim_habits_tame;
	if (ask->awkward) {
		host->manners = pen_sim_manners_draw(rng);
		host->habits = pen_sim_habits_draw(rng, ask->faults);
		host->manners.skew_ns = (int64_t)pen_rng_below(rng, 1000 * PEN_NS_PER_S);
	}
}

/* In every other world it spoils nothing, and only says what was said before or cannot be shown. */
static void outsider_draw(struct plan *plan, struct pen_rng *rng)
{
	unsigned hosts = plan->servers + plan->clients;
	struct plan_outsider *outsider = &plan->outsider;
	outsider->sees = 1 + pen_rng_below(rng, (UINT64_C(1) << hosts) - 1);
	outsider->one_in = (unsigned)dice_scale(rng, 8, 1024);
	outsider->left = (unsigned)dice_scale(rng, 64, 8192);
	if (dice_coin(rng))
		outsider->spoils = (unsigned)dice_between(rng, 1, OUTSIDER_SPOILS_MAX);
}

void plan_draw(struct plan *plan, uint64_t seed, const struct plan_ask *ask)
{
	PEN_CHECK(ask->servers_max >= 1 && ask->servers_max <= PLAN_SERVERS_MAX);
	PEN_CHECK(ask->clients_max >= 1 && ask->clients_max <= PLAN_CLIENTS_MAX);
	struct pen_rng rng = {pen_rng_mix(seed)};
	*plan = (struct plan){.seed = seed};
	plan->climate = (enum plan_climate)pen_rng_below(&rng, PLAN_CLIMATES);
	plan->six = dice_coin(&rng);
	plan->servers = (unsigned)dice_between(&rng, 1, ask->servers_max);
	plan->clients = (unsigned)dice_between(&rng, 1, ask->clients_max);
	plan->bytes = cargo_bytes_draw(plan->clients, &rng);
	if (ask->climate >= 0)
		plan->climate = (enum plan_climate)ask->climate;
	unsigned hosts = plan->servers + plan->clients;
	for (unsigned i = 0; i < hosts; i++)
		host_draw(plan, &plan->hosts[i], ask, &rng);
	/* What a server's device keeps pins blocks, what a client's does only small packets. */
	for (unsigned i = plan->servers; i < hosts; i++)
		if (plan->hosts[i].manners.tx_inflight == 4096)
			plan->hosts[i].manners.tx_lag = 1024;
	climate_weather_draw(plan, &rng);
	unsigned honest = (unsigned)pen_rng_below(&rng, plan->servers);
	for (unsigned i = 0; ask->liars && i < plan->servers; i++)
		if (i != honest && dice_coin(&rng))
			plan->hosts[i].lie = (enum plan_lie)pen_rng_below(&rng, PLAN_LIES);
	if (ask->faults)
		fate_faults_draw(plan, &rng);
	plan->missing = -1;
	if (ask->parts || ask->lean || ask->hopeless)
		cargo_state_draw(plan, ask->lean, &rng);
	if (ask->hopeless)
		cargo_missing_draw(plan, &rng);
	if (ask->faults)
		fate_cuts_draw(plan);
	/* What is applied of it can be held against the state. */
	plan->keeps = ask->faults || plan->golden;
	if (ask->outsider)
		outsider_draw(plan, &rng);
}

static void device_print(const struct plan_host *host)
{
	const struct pen_sim_manners *manners = &host->manners;
	const struct pen_sim_habits *habits = &host->habits;
	fprintf(stderr,
		"    device: %.0f %% in two pieces, buffers of %u, %.0f %% unchecked, sums %s in "
		"%s "
		"out, holds %llu, ring %u, tx %u, lag %u, window %u, late %.2f ms, refuses %.0f "
		"%%\n",
		manners->apart * 100.0 / PEN_SIM_SURE, manners->share_max,
		manners->unchecked * 100.0 / PEN_SIM_SURE, manners->sum_absent_ok ? "none" : "must",
		manners->sum_absent ? "none" : "all", (unsigned long long)manners->rx_held_bytes,
		manners->rx_ring, manners->tx_inflight, manners->tx_lag, manners->tx_window,
		(double)manners->tx_late_ns / PEN_NS_PER_MS,
		manners->refuse * 100.0 / PEN_SIM_SURE);
	fprintf(stderr, "    disk: depth %u, %.2f to %.2f ms, %.0f Mbit/s, refuses %.0f %%\n",
		habits->depth_max, (double)habits->delay_ns / PEN_NS_PER_MS,
		(double)(habits->delay_ns + habits->jitter_ns) / PEN_NS_PER_MS,
		(double)habits->bits_per_s / MBIT, habits->refuse * 100.0 / PEN_SIM_SURE);
}

static const char *const climate_names[] = {"rack", "city", "ocean", "radio", "broken", "storm"};
static const char *const lies[] = {"honest", "bad bytes", "other bytes", "other size",
	"bad catalogue", "silent", "busy", "full"};

void plan_print(const struct plan *plan)
{
	fprintf(stderr, "seed %llu: %s, IPv%d, %u servers, %u clients, %u bytes in %u %s%sparts\n",
		(unsigned long long)plan->seed, climate_names[plan->climate], plan->six ? 6 : 4,
		plan->servers, plan->clients, plan->bytes, plan->parts,
		plan->golden ? "golden " : "", plan->lean ? "lean " : "");
	if (plan->outsider.sees)
		fprintf(stderr,
			"  an outsider sees all of %llx, puts in one packet in %u, %u at most, %u "
			"of them DATA with bytes of its own\n",
			(unsigned long long)plan->outsider.sees, plan->outsider.one_in,
			plan->outsider.left, plan->outsider.spoils);
	for (unsigned i = 0; i < plan->servers + plan->clients; i++) {
		const struct plan_host *host = &plan->hosts[i];
		const struct pen_sim_weather *weather =
			&plan->weather[i][i < plan->servers ? plan->servers : 0];
		fprintf(stderr,
			"  %s %u (%s): up %.0f down %.0f Mbit/s, queue %llu KiB, rtt %.2f ms, loss "
			"%.2f %%%s\n",
			i < plan->servers ? "server" : "client", i, lies[host->lie],
			(double)host->links.up_bits_per_s / MBIT,
			(double)host->links.down_bits_per_s / MBIT,
			(unsigned long long)host->links.queue_bytes >> 10,
			(double)weather->delay_ns * 2 / PEN_NS_PER_MS,
			(double)weather->loss / PEN_SIM_PPM(10000),
			weather->turn_bad ? " and bursts" : "");
		device_print(host);
	}
}
