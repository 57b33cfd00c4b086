/* fate: what befalls the machines of a plan, and when. */
#ifndef PEN_TESTS_SIM_FATE_H
#define PEN_TESTS_SIM_FATE_H

#include "sim/plan.h"

/* Draw up to four faults of any machine, in twice the ideal time of the plan as it is. */
void fate_faults_draw(struct plan *plan, struct pen_rng *rng);

/* Cut the power of a client that nothing else befalls, of every other one and all sluggish ones: of
 * a chance of its own, so that all else of a seed stays as it is. What is moved is drawn. */
void fate_cuts_draw(struct plan *plan);

#endif
