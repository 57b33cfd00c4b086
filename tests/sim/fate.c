#include "sim/fate.h"

#include "base/check.h"
#include "base/clock.h"
#include "sim/climate.h"
#include "sim/dice.h"
#include "sim/ideal.h"

/* Where the chance of cuts begins, beside a seed's own. */
#define CUTS 0x637574u
/* What goes away comes back after so long. */
#define BACK_NS_MIN (10 * PEN_NS_PER_MS)
#define BACK_NS_MAX (3000 * PEN_NS_PER_MS)

static void fault_add(struct plan *plan, struct fault fault)
{
	PEN_CHECK(plan->fault_count < WORLD_FAULTS_MAX);
	plan->faults[plan->fault_count++] = fault;
}

/* A process or its machine goes and comes back, or something about it changes. */
static void fault_draw(struct plan *plan, int64_t span_ns, struct pen_rng *rng)
{
	int64_t at_ns = (int64_t)pen_rng_below(rng, (uint64_t)span_ns);
	int64_t back_ns = at_ns + (int64_t)dice_between(rng, BACK_NS_MIN, BACK_NS_MAX);
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
			(struct fault){at_ns, FAULT_RATE, any, climates[plan->climate].rate_min});
		break;
	}
}

/* Two faults must not kill the same machine twice: at most one of each server is kept. */
void fate_faults_draw(struct plan *plan, struct pen_rng *rng)
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

void fate_cuts_draw(struct plan *plan)
{
	struct pen_rng rng = {pen_rng_mix(plan->seed + CUTS)}, other = {~rng.state};
	int64_t ideal = ideal_ns(plan, NULL);
	uint64_t hit = 0;
	for (unsigned i = 0; i < plan->fault_count; i++)
		hit |= UINT64_C(1) << plan->faults[i].actor;
	for (unsigned i = plan->servers; i < plan->servers + plan->clients; i++) {
		bool slow = dice_coin(&rng) && sluggish(plan, &plan->hosts[i], ideal);
		int64_t span_ns = slow ? 4 * ideal : 2 * ideal;
		int64_t at_ns = (int64_t)pen_rng_below(&rng, (uint64_t)span_ns);
		int64_t back_ns = at_ns + (int64_t)dice_between(&rng, BACK_NS_MIN, BACK_NS_MAX);
		if ((!dice_coin(&rng) && !slow) || hit >> i & 1)
			continue;
		/* Of a raw object only the process dies in every other case: what it wrote stays.
		 */
		bool dies = !plan->parts && dice_coin(&other);
		fault_add(plan, (struct fault){at_ns, dies ? FAULT_CRASH : FAULT_POWER, i, 0});
		fault_add(plan, (struct fault){back_ns, dies ? FAULT_START : FAULT_BACK, i, 0});
	}
}
