/*
 * verdict: what is said of a world that has ended: whether all is as it must be (the list is in
 * README here), and what happened in it. Nothing is judged but what lies on the stage and what the
 * plan says.
 */
#ifndef PEN_TESTS_SIM_VERDICT_H
#define PEN_TESTS_SIM_VERDICT_H

#include "sim/stage.h"

#define VERDICT_WHY_BYTES 240u

struct outcome {
	bool failed; /* `why` says how */
	char why[VERDICT_WHY_BYTES];
	int64_t ideal_ns, took_ns; /* of the slowest client */
	bool binds; /* it must not take long (sim/ideal.h) */
	uint64_t packets; /* that were sent, by all */
	uint64_t turns;
	uint64_t sessions; /* that servers opened */
	int64_t run_ns; /* CPU time of the run alone: without making the world, and judging it */
	uint64_t curves; /* of the sessions, those whose handshakes used OpenSSL's curves */
	int64_t curves_ns; /* of run_ns, that of these curves */
	uint64_t refused; /* pieces that failed their proof */
	uint64_t parted, restarts; /* frames of several blocks; that started again elsewhere */
	uint64_t resumed; /* parts that a client found on its disk after it was started again */
	uint64_t blocks,
		torn; /* of raw objects: that it found there; and that were there and wrong */
	uint64_t convicted; /* servers that a client called liars */
	uint64_t caught; /* servers whose wrong bytes a client found out, each time */
	uint64_t sizes; /* of raw objects that clients tried */
	uint64_t put, spoilt; /* packets of an outsider; of them DATA with bytes of its own */
	uint64_t trace;
};

/* Judge a stage whose world has run; outcome->ideal_ns and ->binds are set, its counts begin at 0.
 * Stops all machines and lets packets that are on their way go first. */
void verdict_give(struct stage *stage, struct outcome *outcome);

#endif
