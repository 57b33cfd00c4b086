/* prover: the proof of one part after another, apart from those who fetch them. */
#ifndef PEN_TOOLS_PROVER_H
#define PEN_TOOLS_PROVER_H

#include "base/err.h"
#include "part/id.h"

struct prover;

/* NULL: no memory. */
struct prover *prover_open(void);

/* NULL is fine. */
void prover_close(struct prover *prover);

/* Are these bytes part `id`? As pen_judge_part (part/judge.h). */
int prover_part(struct prover *prover, const struct pen_part_id *id, struct pen_bytes bytes,
	struct pen_why *why);

#endif
