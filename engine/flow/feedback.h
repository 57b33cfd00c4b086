/*
 * feedback: when the next PULL is due. PULL is the only thing that a receiver sends while data
 * flows; too few starve the server of credit and repairs, too many cost both sides packets.
 *
 * One is due when PEN_FEEDBACK_PACKETS_MAX packets came since the last; when a round trip (1 ms at
 * least) passed since then and PEN_FEEDBACK_PACKETS packets came, or any while more are missing: a
 * server sends no more than a little beyond what is proved to it (wire/wire.h, PROOF OF RECEIPT),
 * so that who waits for many packets may wait for ever; at once when the server said that its grant
 * is used up and there is more to ask for. On a far path PEN_FEEDBACK_SLOW_NS are enough, as a
 * start comes in bursts with pauses between: a PULL that left as one began would prove it a round
 * trip later, and each doubling would take two.
 *
 * What a round trip or a repair sets off is paid from a budget: each packet earns 1/64 of a PULL,
 * and at most PEN_FEEDBACK_SPARE are saved, or owed by the others. On a slow stream some go on
 * credit, PEN_FEEDBACK_SLOW_NS apart: repairs, and what PEN_FEEDBACK_SLOW_BYTES came for. A
 * timeout's PULL always goes. So bulk costs at most one PULL in 64 packets, and an object of a few
 * packets two or three. One thread; time is an argument.
 */
#ifndef PEN_FLOW_FEEDBACK_H
#define PEN_FLOW_FEEDBACK_H

#include <stdbool.h>
#include <stdint.h>

/* Packets a PULL, on average at least. */
#define PEN_FEEDBACK_PACKETS 64u
/* Packets after which one goes anyhow: a quarter of a thousand packets of a window in flight. */
#define PEN_FEEDBACK_PACKETS_MAX 256u
/* The shortest interval of those that a round trip sets off, but for the first PEN_FEEDBACK_SPARE
 * of a stream: with each of them a short path's server may send twice as much. */
#define PEN_FEEDBACK_NS_MIN INT64_C(1000000)
/* PULLs that can be saved up: to open slots, and to finish them when packets are few. */
#define PEN_FEEDBACK_SPARE 8u
/* PULLs that are so far apart, and for a quarter of what goes on trust, cost nobody anything. */
#define PEN_FEEDBACK_SLOW_NS INT64_C(100000000)
#define PEN_FEEDBACK_SLOW_BYTES UINT64_C(16384)

struct pen_feedback {
	uint64_t packets, pulls; /* in all */
	int32_t budget; /* PULLs that may be spent, in shares of 1 / PEN_FEEDBACK_PACKETS */
	uint32_t since; /* packets since the last PULL */
	int64_t last_ns; /* when the last PULL left */
	bool dry; /* the server has used its grant up */
};

/* Why one is due. */
enum pen_feedback_why {
	PEN_FEEDBACK_NOT,
	PEN_FEEDBACK_COUNT, /* enough packets came */
	PEN_FEEDBACK_ROUND, /* a round trip has passed */
	PEN_FEEDBACK_DRY, /* the grant is used up */
	PEN_FEEDBACK_REPAIR, /* there are losses to ask for */
	PEN_FEEDBACK_WHYS,
};

/* What the stream wants. */
struct pen_feedback_need {
	bool more; /* packets are missing beyond what was granted */
	bool repair; /* packets are to be asked for again */
	int64_t srtt_ns;
	bool missing; /* packets are, granted or not */
	uint64_t bytes; /* that came since the last PULL */
};

void pen_feedback_init(struct pen_feedback *feedback, int64_t now_ns);

/* So many DATA packets came; `last`: the last one under its grant is among them. */
void pen_feedback_came(struct pen_feedback *feedback, uint32_t count, bool last);

/* Is a PULL due? */
enum pen_feedback_why pen_feedback_due(
	const struct pen_feedback *feedback, const struct pen_feedback_need *need, int64_t now_ns);

/* A PULL left. */
void pen_feedback_sent(struct pen_feedback *feedback, int64_t now_ns);

/* When to ask again if nothing comes; INT64_MAX if only packets can make one due. */
int64_t pen_feedback_due_ns(
	const struct pen_feedback *feedback, const struct pen_feedback_need *need);

#endif
