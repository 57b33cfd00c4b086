/* scene: one plan carried out, from an empty world to the verdict. */
#ifndef PEN_TESTS_SIM_SCENE_H
#define PEN_TESTS_SIM_SCENE_H

#include "sim/plan.h"

#define SCENE_WHY_BYTES 240u

struct outcome {
	bool failed; /* `why` says how */
	char why[SCENE_WHY_BYTES];
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

/* What is broken on purpose, to see that the verdict notices. */
enum scene_sabotage {
	SABOTAGE_NONE,
	SABOTAGE_BYTES, /* a client has another byte */
	SABOTAGE_SILENCE, /* no server sends any DATA */
	SABOTAGE_BLOCK, /* a client keeps a block */
	SABOTAGE_PACKET, /* a packet is never given back */
	SABOTAGE_JUSTICE, /* an honest server is called a liar */
	SABOTAGE_SYNC, /* clients acknowledge what was not synced, or not written */
	SABOTAGE_FORGET, /* clients do not look what is on their disks */
	SABOTAGE_RASH, /* clients give the sink what is not proved */
	SABOTAGE_MISLAY, /* clients do not look which blocks are on their disks */
	SABOTAGE_TRUST, /* clients take blocks of their disks without a proof */
	SABOTAGE_AGAIN, /* clients do not look what their sinks have */
	SABOTAGE_LOSE, /* a sink loses a row */
	SABOTAGE_MISCOUNT, /* a sink counts a node or value once more than it is used */
	SABOTAGE_LATE, /* servers' links are slower than the plan says */
	SABOTAGE_STUBBORN, /* clients believe the first size of a raw object */
	SABOTAGE_MERCY, /* nobody hears what servers attest */
	SABOTAGE_SPITE, /* clients call whoever sent wrong bytes a liar at once */
	SABOTAGE_HASTE, /* clients call once, and not again */
	SABOTAGE_CHANCE, /* something happens that the seed does not say */
	SABOTAGES,
};

enum scene_tell {
	SCENE_QUIET,
	SCENE_TELL, /* print what befalls whom, and the counters at the end */
	SCENE_PACKETS, /* and a line for each packet that leaves */
};

/* Carry a plan out. */
struct scene_ask {
	const struct plan *plan;
	enum scene_tell tell;
	enum scene_sabotage sabotage;
	bool curves; /* handshakes use OpenSSL's in any case, not in a share of the worlds alone */
	bool still; /* clients are held against turns that look at everything; it changes nothing */
};

void scene_run(const struct scene_ask *ask, struct outcome *outcome);

#endif
