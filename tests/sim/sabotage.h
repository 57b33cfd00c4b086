/* sabotage: what is broken in a world on purpose, to see that the verdict notices. */
#ifndef PEN_TESTS_SIM_SABOTAGE_H
#define PEN_TESTS_SIM_SABOTAGE_H

#include "sim/stage.h"

enum sabotage {
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

/* Before the world runs: what its machines do wrongly. */
void sabotage_before(struct stage *stage, enum sabotage what);

/* At its end, before the verdict. */
void sabotage_after(struct stage *stage, enum sabotage what);

#endif
