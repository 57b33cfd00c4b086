#include "sim/cargo.h"

#include "sim/dice.h"

/* Where the chance of the state that is moved begins, beside a seed's own. It is a real one in one
 * of GOLDEN_SHARE worlds with parts.
 */
#define GOLDEN 0x676f6c64u
#define GOLDEN_SHARE 4u

/* A world of some hundred packets shows what a large one hides: one in SMALL_SHARE is so. The
 * others move so much to all clients together. */
#define SMALL_SHARE 4u
#define SMALL_BYTES_MAX (1u << 20)
#define LARGE_BYTES_MIN (4u << 20)
#define LARGE_BYTES_MAX PLAN_BYTES_MAX

uint32_t cargo_bytes_draw(unsigned clients, struct pen_rng *rng)
{
	if (pen_rng_below(rng, SMALL_SHARE) == 0)
		return (uint32_t)dice_scale(rng, PLAN_BYTES_MIN, SMALL_BYTES_MAX);
	return (uint32_t)dice_between(rng, LARGE_BYTES_MIN, LARGE_BYTES_MAX) / clients;
}

/* Cut the bytes into parts, large and small. */
static void parts_draw(struct plan *plan, struct pen_rng *rng)
{
	uint32_t left = plan->bytes;
	plan->parts = (unsigned)dice_between(
		rng, 1 + (plan->bytes - 1) / PLAN_PART_BYTES_MAX, PLAN_PARTS_MAX);
	for (unsigned k = 0; k < plan->parts; k++) {
		unsigned behind = plan->parts - k - 1;
		uint32_t least = left > behind * PLAN_PART_BYTES_MAX
			? left - behind * PLAN_PART_BYTES_MAX
			: 1;
		uint32_t share = 2 * left / (behind + 1), most = left - behind;
		most = most < share ? most : share;
		most = most < PLAN_PART_BYTES_MAX ? most : PLAN_PART_BYTES_MAX;
		plan->part_bytes[k] = (uint32_t)dice_between(rng, least, most);
		left -= plan->part_bytes[k];
	}
}

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
			if (s == keeper || dice_coin(rng))
				plan->holds[s] |= 1u << k;
	}
}

void cargo_state_draw(struct plan *plan, bool lean, struct pen_rng *rng)
{
	plan->lean = dice_coin(rng) || lean;
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

void cargo_missing_draw(struct plan *plan, struct pen_rng *rng)
{
	plan->missing = (int)pen_rng_below(rng, plan->parts);
	for (unsigned s = 0; s < plan->servers; s++) {
		enum plan_lie lie = plan->hosts[s].lie;
		/* A changed bit of a compressed frame may change nothing of what it says. */
		bool wrong = lie == PLAN_OTHER_BYTES ||
			(lie == PLAN_BAD_BYTES && !plan->lean && !plan->golden);
		if (!wrong)
			plan->holds[s] &= ~(1u << plan->missing);
	}
}
