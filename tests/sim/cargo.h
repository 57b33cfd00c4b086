/* cargo: what a plan moves, and who has it. */
#ifndef PEN_TESTS_SIM_CARGO_H
#define PEN_TESTS_SIM_CARGO_H

#include "sim/plan.h"

/* Bytes of the object: what fills a world of so many clients. */
uint32_t cargo_bytes_draw(unsigned clients, struct pen_rng *rng);

/* Not a raw object but the parts of a state, in lean form always or in every other world. Who lies
 * is drawn; of lean parts some lies become others. */
void cargo_state_draw(struct plan *plan, bool lean, struct pen_rng *rng);

/* Take one part of the state from all who have it right: plan->missing. */
void cargo_missing_draw(struct plan *plan, struct pen_rng *rng);

#endif
