/*
 * dice: how a plan's numbers are drawn. Draw each in a statement of its own: within an initialiser
 * C leaves their order open, and compilers would have different worlds.
 */
#ifndef PEN_TESTS_SIM_DICE_H
#define PEN_TESTS_SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

/* Any of min..max, both included, with the same chance. */
uint64_t dice_between(struct pen_rng *rng, uint64_t min, uint64_t max);

/* As likely small as large: each doubling from `min`, which is not 0, to `max` has the same chance.
 */
uint64_t dice_scale(struct pen_rng *rng, uint64_t min, uint64_t max);

/* One of two. */
bool dice_coin(struct pen_rng *rng);

#endif
