#include "sim/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "sim/ideal.h"

#define US INT64_C(1000)
#define MS PEN_NS_PER_MS
#define KBIT UINT64_C(1000)
#define MBIT (1000 * KBIT)
/* Where the chance of cuts begins, beside a seed's own. */
#define CUTS 0x637574u
/* The same of the state that is moved, which is a real one in one of GOLDEN_SHARE worlds with
 * parts.
 */
#define GOLDEN 0x676f6c64u
#define GOLDEN_SHARE 4u

/* A world of some hundred packets shows what a large one hides: one in SMALL_SHARE is so. The
 * others move so much to all clients together. */
#define SMALL_SHARE 4u
#define SMALL_BYTES_MAX (1u << 20)
#define LARGE_BYTES_MIN (4u << 20)
#define LARGE_BYTES_MAX PLAN_BYTES_MAX

/* DATA that an outsider replaces: each costs a piece, or a whole part. */
#define OUTSIDER_SPOILS_MAX 16u

/* Ranges that a climate draws from; chances in a million. */
struct range {
	int64_t rtt_min, rtt_max;
	uint64_t rate_min, rate_max;
	unsigned loss_max, burst, reorder, twice, corrupt;
};

static const struct range ranges[PLAN_CLIMATES] = {
	[PLAN_RACK] = {20 * US, 500 * US, 1000 * MBIT, 10000 * MBIT, 100, 0, 0, 0, 0},
	[PLAN_CITY] = {1 * MS, 10 * MS, 100 * MBIT, 1000 * MBIT, 1000, 0, 100, 10, 10},
	[PLAN_OCEAN] = {20 * MS, 150 * MS, 10 * MBIT, 500 * MBIT, 10000, 0, 1000, 100, 100},
	[PLAN_RADIO] = {60 * MS, 600 * MS, 2 * MBIT, 20 * MBIT, 5000, 2000, 5000, 1000, 1000},
	[PLAN_BROKEN] = {1 * MS, 50 * MS, 20 * MBIT, 200 * MBIT, 50000, 1000, 50000, 50000, 30000},
	[PLAN_STORM] = {5 * MS, 100 * MS, 10 * MBIT, 100 * MBIT, 200000, 0, 100000, 50000, 30000},
};

/* Numbers are drawn in statements of their own: within an initialiser C leaves their order open,
 * and compilers would have different worlds. */
static uint64_t between(struct pen_rng *rng, uint64_t min, uint64_t max)
{
	return min + pen_rng_below(rng, max - min + 1);
}

/* As likely small as large: each doubling has the same chance. */
static uint64_t scale(struct pen_rng *rng, uint64_t min, uint64_t max)
{
	uint64_t doublings = 0;
	while (min << (doublings + 1) <= max)
		doublings++;
	uint64_t low = min << pen_rng_below(rng, doublings + 1);
	return between(rng, low, 2 * low < max ? 2 * low : max);
}

static bool coin(struct pen_rng *rng)
{
	return pen_rng_below(rng, 2);
}

/* Of the object: what fills a world of so many clients. */
static uint32_t bytes_draw(unsigned clients, struct pen_rng *rng)
{
	if (pen_rng_below(rng, SMALL_SHARE) == 0)
		return (uint32_t)scale(rng, PLAN_BYTES_MIN, SMALL_BYTES_MAX);
	return (uint32_t)between(rng, LARGE_BYTES_MIN, LARGE_BYTES_MAX) / clients;
}

static void host_draw(
	struct plan *plan, struct plan_host *host, const struct plan_ask *ask, struct pen_rng *rng)
{
	const struct range *range = &ranges[plan->climate];
	uint64_t rate = scale(rng, range->rate_min, range->rate_max);
	/* Half a round trip to four of the longest one, and a few packets in any case. */
	uint64_t queue = rate / 8 * (uint64_t)range->rtt_max / PEN_NS_PER_S;
	host->links = (struct pen_sim_host_ask){.up_bits_per_s = rate};
	host->links.down_bits_per_s = scale(rng, range->rate_min, range->rate_max);
	host->links.queue_bytes = 30000 + scale(rng, queue / 2 + 1, 4 * queue + 2);
	if (host->links.queue_bytes > 2u << 20)
		host->links.queue_bytes = 2u << 20;
	host->poll_ns = (int64_t)pen_rng_below(rng, 50 * US);
	host->manners = pen_sim_manners_tame;
	host->habits = pen_sim_habits_tame;
	if (ask->awkward) {
		host->manners = pen_sim_manners_draw(rng);
		host->habits = pen_sim_habits_draw(rng, ask->faults);
		host->manners.skew_ns = (int64_t)pen_rng_below(rng, 1000 * PEN_NS_PER_S);
	}
}

static struct pen_sim_weather weather_draw(const struct plan *plan, struct pen_rng *rng)
{
	const struct range *range = &ranges[plan->climate];
	int64_t rtt_ns = (int64_t)scale(rng, (uint64_t)range->rtt_min, (uint64_t)range->rtt_max);
	struct pen_sim_weather weather = {.delay_ns = rtt_ns / 2, .late_ns = rtt_ns};
	if (coin(rng))
		weather.jitter_ns = rtt_ns / 10;
	if (coin(rng))
		weather.loss = PEN_SIM_PPM(pen_rng_below(rng, range->loss_max + 1));
	if (range->burst && coin(rng)) {
		weather.turn_bad = PEN_SIM_PPM(range->burst);
		weather.turn_good = PEN_SIM_PPM(50000);
		weather.loss_bad = PEN_SIM_PPM(500000);
	}
	if (coin(rng))
		weather.reorder = PEN_SIM_PPM(range->reorder);
	if (coin(rng))
		weather.twice = PEN_SIM_PPM(range->twice);
	if (coin(rng))
		weather.corrupt = PEN_SIM_PPM(range->corrupt);
	weather.sly = coin(rng) ? PEN_SIM_PPM(300000) : 0;
	return weather;
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

static void fault_add(struct plan *plan, struct fault fault)
{
	PEN_CHECK(plan->fault_count < WORLD_FAULTS_MAX);
	plan->faults[plan->fault_count++] = fault;
}

/* A process or its machine goes and comes back, or something about it changes. */
static void fault_draw(struct plan *plan, int64_t span_ns, struct pen_rng *rng)
{
	int64_t at_ns = (int64_t)pen_rng_below(rng, (uint64_t)span_ns);
	int64_t back_ns = at_ns + (int64_t)between(rng, 10 * MS, 3000 * MS);
	unsigned server = (unsigned)pen_rng_below(rng, plan->servers);
	unsigned client = plan->servers + (unsigned)pen_rng_below(rng, plan->clients);
	unsigned any = (unsigned)pen_rng_below(rng, plan->servers + plan->clients);
	switch (pen_rng_below(rng, 9)) {
	case 0:
		fault_add(plan, (struct fault){at_ns, FAULT_CRASH, server, 0});
		fault_add(plan, (struct fault){back_ns, FAULT_START, server, 0});
		break;
	case 1:
		fault_add(plan, (struct fault){at_ns, FAULT_POWER, server, 0});
		fault_add(plan, (struct fault){back_ns, FAULT_BACK, server, 0});
		break;
	case 2:
		fault_add(plan, (struct fault){at_ns, FAULT_DARK, any, 0});
		fault_add(plan, (struct fault){back_ns, FAULT_LIGHT, any, 0});
		break;
	case 3: fault_add(plan, (struct fault){at_ns, FAULT_REBIND, client, 0}); break;
	case 4: fault_add(plan, (struct fault){at_ns, FAULT_MOVE, client, 0}); break;
	case 5: fault_add(plan, (struct fault){at_ns, FAULT_NARROW, server, 1300}); break;
	case 6: fault_add(plan, (struct fault){at_ns, FAULT_PAYLOAD, any, 1232}); break;
	case 7:
		fault_add(plan, (struct fault){at_ns, FAULT_CRASH, client, 0});
		fault_add(plan, (struct fault){back_ns, FAULT_START, client, 0});
		break;
	default:
		fault_add(plan,
			(struct fault){at_ns, FAULT_RATE, any, ranges[plan->climate].rate_min});
		break;
	}
}

/* Two faults must not kill the same machine twice: at most one of each server is kept. */
static void faults_draw(struct plan *plan, struct pen_rng *rng)
{
	unsigned count = 1 + (unsigned)pen_rng_below(rng, 4);
	uint64_t hit = 0;
	int64_t span_ns = 2 * ideal_ns(plan, NULL);
	for (unsigned i = 0; i < count; i++) {
		unsigned before = plan->fault_count;
		fault_draw(plan, span_ns, rng);
		unsigned actor = plan->faults[before].actor;
		if (hit >> actor & 1)
			plan->fault_count = before;
		hit |= UINT64_C(1) << actor;
	}
}

/* A client that takes about as long to store and apply what it fetches as to fetch it, so that a
 * cut finds it at that; where that is still within the time that a fetch may take. */
static bool sluggish(struct plan *plan, struct plan_host *host, int64_t ideal)
{
	int64_t parts = plan->parts + 1;
	if (2 * ideal > IDEAL_MORE_NS)
		return false;
	host->habits.bits_per_s = UINT64_C(16) * plan->bytes * PEN_NS_PER_S / (uint64_t)ideal;
	host->habits.delay_ns = ideal / (8 * parts);
	host->apply_ns = ideal / (4 * parts);
	return true;
}

/* The power of a client that nothing else befalls is cut, of every other one and all sluggish ones:
 * of a chance of its own, so that all else of a seed stays as it is. */
static void cuts_draw(struct plan *plan)
{
	struct pen_rng rng = {pen_rng_mix(plan->seed + CUTS)}, other = {~rng.state};
	int64_t ideal = ideal_ns(plan, NULL);
	uint64_t hit = 0;
	for (unsigned i = 0; i < plan->fault_count; i++)
		hit |= UINT64_C(1) << plan->faults[i].actor;
	for (unsigned i = plan->servers; i < plan->servers + plan->clients; i++) {
		bool slow = coin(&rng) && sluggish(plan, &plan->hosts[i], ideal);
		int64_t span_ns = slow ? 4 * ideal : 2 * ideal;
		int64_t at_ns = (int64_t)pen_rng_below(&rng, (uint64_t)span_ns);
		int64_t back_ns = at_ns + (int64_t)between(&rng, 10 * MS, 3000 * MS);
		if ((!coin(&rng) && !slow) || hit >> i & 1)
			continue;
		/* Of a raw object only the process dies in every other case: what it wrote stays.
		 */
		bool dies = !plan->parts && coin(&other);
		fault_add(plan, (struct fault){at_ns, dies ? FAULT_CRASH : FAULT_POWER, i, 0});
		fault_add(plan, (struct fault){back_ns, dies ? FAULT_START : FAULT_BACK, i, 0});
	}
}

/* Cut the bytes into parts, large and small. */
static void parts_draw(struct plan *plan, struct pen_rng *rng)
{
	uint32_t left = plan->bytes;
	plan->parts = (unsigned)between(
		rng, 1 + (plan->bytes - 1) / PLAN_PART_BYTES_MAX, PLAN_PARTS_MAX);
	for (unsigned k = 0; k < plan->parts; k++) {
		unsigned behind = plan->parts - k - 1;
		uint32_t least = left > behind * PLAN_PART_BYTES_MAX
			? left - behind * PLAN_PART_BYTES_MAX
			: 1;
		uint32_t share = 2 * left / (behind + 1), most = left - behind;
		most = most < share ? most : share;
		most = most < PLAN_PART_BYTES_MAX ? most : PLAN_PART_BYTES_MAX;
		plan->part_bytes[k] = (uint32_t)between(rng, least, most);
		left -= plan->part_bytes[k];
	}
}

const struct plan_shape plan_shapes[PLAN_SHAPES] = {
	{200, 3, 20000}, {3000, 24, 200000}, {4000, 7, 600000}};

/* The parts of a real state. Of a chance of its own. */
static void golden_draw(struct plan *plan)
{
	struct pen_rng rng = {pen_rng_mix(plan->seed + GOLDEN)};
	plan->golden = true;
	plan->shape = (unsigned)pen_rng_below(&rng, PLAN_SHAPES);
	plan->parts = plan_shapes[plan->shape].parts;
	plan->bytes = plan_shapes[plan->shape].bytes;
	for (unsigned k = 0; k < plan->parts; k++)
		plan->part_bytes[k] = plan->bytes / plan->parts;
}

/* Each server has some parts, honest ones together all. */
static void holds_draw(struct plan *plan, struct pen_rng *rng)
{
	for (unsigned k = 0; k < plan->parts; k++) {
		unsigned keeper = (unsigned)pen_rng_below(rng, plan->servers);
		while (plan->hosts[keeper].lie != PLAN_HONEST)
			keeper = (keeper + 1) % plan->servers;
		for (unsigned s = 0; s < plan->servers; s++)
			if (s == keeper || coin(rng))
				plan->holds[s] |= 1u << k;
	}
}

/* Not a raw object but the parts of a state. */
static void state_draw(struct plan *plan, const struct plan_ask *ask, struct pen_rng *rng)
{
	plan->lean = coin(rng) || ask->lean;
	if (plan->lean && plan->bytes > PLAN_PART_BYTES_MAX)
		plan->bytes = PLAN_PART_BYTES_MAX;
	for (unsigned s = 0; plan->lean && s < plan->servers; s++)
		if (plan->hosts[s].lie == PLAN_OTHER_SIZE)
			plan->hosts[s].lie = PLAN_BAD_BYTES;
	if (plan->seed % GOLDEN_SHARE == GOLDEN_SHARE - 1)
		golden_draw(plan);
	else
		parts_draw(plan, rng);
	holds_draw(plan, rng);
}

/* Take one part from all who have it right. */
static void missing_draw(struct plan *plan, struct pen_rng *rng)
{
	plan->missing = (int)pen_rng_below(rng, plan->parts);
	for (unsigned s = 0; s < plan->servers; s++) {
		enum plan_lie lie = plan->hosts[s].lie;
		/* A changed bit of a compressed frame may change nothing of what it says. */
		bool wrong = lie == PLAN_OTHER_BYTES || (lie == PLAN_BAD_BYTES && !plan->lean);
		if (!wrong)
			plan->holds[s] &= ~(1u << plan->missing);
	}
}

/* In every other world it spoils nothing, and only says what was said before or cannot be shown. */
static void outsider_draw(struct plan *plan, struct pen_rng *rng)
{
	unsigned hosts = plan->servers + plan->clients;
	struct plan_outsider *outsider = &plan->outsider;
	outsider->sees = 1 + pen_rng_below(rng, (UINT64_C(1) << hosts) - 1);
	outsider->one_in = (unsigned)scale(rng, 8, 1024);
	outsider->left = (unsigned)scale(rng, 64, 8192);
	if (coin(rng))
		outsider->spoils = (unsigned)between(rng, 1, OUTSIDER_SPOILS_MAX);
}

void plan_draw(struct plan *plan, uint64_t seed, const struct plan_ask *ask)
{
	PEN_CHECK(ask->servers_max >= 1 && ask->servers_max <= PLAN_SERVERS_MAX);
	PEN_CHECK(ask->clients_max >= 1 && ask->clients_max <= PLAN_CLIENTS_MAX);
	struct pen_rng rng = {pen_rng_mix(seed)};
	*plan = (struct plan){.seed = seed};
	plan->climate = (enum plan_climate)pen_rng_below(&rng, PLAN_CLIMATES);
	plan->six = coin(&rng);
	plan->servers = (unsigned)between(&rng, 1, ask->servers_max);
	plan->clients = (unsigned)between(&rng, 1, ask->clients_max);
	plan->bytes = bytes_draw(plan->clients, &rng);
	if (ask->climate >= 0)
		plan->climate = (enum plan_climate)ask->climate;
	unsigned hosts = plan->servers + plan->clients;
	for (unsigned i = 0; i < hosts; i++)
		host_draw(plan, &plan->hosts[i], ask, &rng);
	/* What a server's device keeps pins blocks, what a client's does only small packets. */
	for (unsigned i = plan->servers; i < hosts; i++)
		if (plan->hosts[i].manners.tx_inflight == 4096)
			plan->hosts[i].manners.tx_lag = 1024;
	for (unsigned i = 0; i < hosts; i++) {
		for (unsigned j = i; j < hosts; j++) {
			plan->weather[i][j] = weather_draw(plan, &rng);
			plan->weather[j][i] = weather_draw(plan, &rng);
			plan->weather[j][i].delay_ns = plan->weather[i][j].delay_ns;
		}
	}
	for (unsigned i = 0; i < hosts * hosts; i++)
		corrupt_bound(plan, i / hosts, i % hosts);
	unsigned honest = (unsigned)pen_rng_below(&rng, plan->servers);
	for (unsigned i = 0; ask->liars && i < plan->servers; i++)
		if (i != honest && coin(&rng))
			plan->hosts[i].lie = (enum plan_lie)pen_rng_below(&rng, PLAN_LIES);
	if (ask->faults)
		faults_draw(plan, &rng);
	plan->missing = -1;
	if (ask->parts || ask->lean || ask->hopeless)
		state_draw(plan, ask, &rng);
	if (ask->hopeless)
		missing_draw(plan, &rng);
	if (ask->faults)
		cuts_draw(plan);
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
		(double)manners->tx_late_ns / MS, manners->refuse * 100.0 / PEN_SIM_SURE);
	fprintf(stderr, "    disk: depth %u, %.2f to %.2f ms, %.0f Mbit/s, refuses %.0f %%\n",
		habits->depth_max, (double)habits->delay_ns / MS,
		(double)(habits->delay_ns + habits->jitter_ns) / MS,
		(double)habits->bits_per_s / MBIT, habits->refuse * 100.0 / PEN_SIM_SURE);
}

static const char *const climates[] = {"rack", "city", "ocean", "radio", "broken", "storm"};
static const char *const lies[] = {"honest", "bad bytes", "other bytes", "other size",
	"bad catalogue", "silent", "busy", "full"};

void plan_print(const struct plan *plan)
{
	fprintf(stderr, "seed %llu: %s, IPv%d, %u servers, %u clients, %u bytes in %u %s%sparts\n",
		(unsigned long long)plan->seed, climates[plan->climate], plan->six ? 6 : 4,
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
			(double)weather->delay_ns * 2 / MS,
			(double)weather->loss / PEN_SIM_PPM(10000),
			weather->turn_bad ? " and bursts" : "");
		device_print(host);
	}
}
