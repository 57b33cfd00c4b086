/*
 * golden: small states of the golden profile (make/profile.h), and their parts in both forms: the
 * bytes are those that `make` gives, cut the reference way (part/collect.h, part/press.h). A
 * process makes each once; worlds that move one differ in all but its bytes.
 */
#ifndef PEN_TESTS_SIM_GOLDEN_H
#define PEN_TESTS_SIM_GOLDEN_H

#include "fakes/lean.h"
#include "port/sink.h"
#include "sim/object.h"

struct golden {
	struct fake_state state; /* its pairs, and all nodes and values by hash */
	unsigned n; /* parts */
	struct object_part parts[PLAN_PARTS_MAX]; /* in lean form */
	struct pen_buf stored[PLAN_PARTS_MAX]; /* in nearcore's */
	struct pen_buf forged[PLAN_PARTS_MAX]; /* the same with an entry that is another */
};

/* The state of a plan's shape (plan_shapes), which stays as it is until the process ends. */
const struct golden *golden_get(unsigned shape);

/* Make it what the world moves, in the form that the object says; the object borrows from it. */
void golden_lend(const struct golden *golden, struct object *object);

/* Are these bytes, in either form, part k? */
bool golden_proves(const struct golden *golden, unsigned k, struct pen_bytes stored);

/* Is this row one of the state's? It is looked at beside the pairs and nodes that the state was
 * built of; how often a node is used only the whole can tell (apply/audit.h). */
bool golden_has(const struct golden *golden, const struct pen_row *row);

#endif
