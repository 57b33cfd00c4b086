#include "prover.h"

#include <stdlib.h>

#include "part/judge.h"

struct prover {
	struct pen_judge judge;
};

struct prover *prover_open(void)
{
	struct prover *prover = calloc(1, sizeof *prover);
	if (prover)
		prover->judge.brief = true;
	return prover;
}

void prover_close(struct prover *prover)
{
	if (prover)
		pen_judge_fini(&prover->judge);
	free(prover);
}

int prover_part(struct prover *prover, const struct pen_part_id *id, struct pen_bytes bytes,
	struct pen_why *why)
{
	return pen_judge_part(&prover->judge, id, bytes, why);
}
