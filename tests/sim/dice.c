#include "sim/dice.h"

uint64_t dice_between(struct pen_rng *rng, uint64_t min, uint64_t max)
{
	return min + pen_rng_below(rng, max - min + 1);
}

uint64_t dice_scale(struct pen_rng *rng, uint64_t min, uint64_t max)
{
	uint64_t doublings = 0;
	while (min << (doublings + 1) <= max)
		doublings++;
	uint64_t low = min << pen_rng_below(rng, doublings + 1);
	return dice_between(rng, low, 2 * low < max ? 2 * low : max);
}

bool dice_coin(struct pen_rng *rng)
{
	return pen_rng_below(rng, 2);
}
