/*
 * proof: what a PULL says to prove that packets arrived (wire/wire.h, PROOF OF RECEIPT).
 *
 * Each DATA packet brought a token that only the server can make. A PULL names a set of packets by
 * bitmap, and the XOR of their tokens. The set begins where the one of the PULL before the last
 * ended, so every packet stands in two PULLs and one may be lost; while nothing new comes it stands
 * in all, so that a server that waits for a proof gets one however many were lost. What is in more
 * was proved before and costs nothing. Packets that come so late that their place has passed stay
 * unproved. One thread.
 */
#ifndef PEN_FLOW_PROOF_H
#define PEN_FLOW_PROOF_H

#include "flow/seqs.h"
#include "wire/wire.h"

/* Tokens kept: twice what one PULL can prove, in 8 KiB. A power of two. */
#define PEN_PROOF_TOKENS 4096u
#define PEN_PROOF_BYTES (8u * PEN_WIRE_PROOF_WORDS_MAX)

struct pen_proofs {
	uint64_t before, last; /* what was seen of the stream at the PULL before the last, and the
				  last: not its top, since what was given up may come yet */
	uint64_t noted; /* one past the highest number that came */
	uint16_t token[PEN_PROOF_TOKENS]; /* by seq modulo the length, of those that came */
};

/* What goes into a PULL. */
struct pen_proof_set {
	uint64_t first; /* seq of bit 0: a multiple of 64 */
	uint32_t words; /* of 64 bits; 0: nothing to prove */
	uint16_t sum; /* XOR of the tokens */
	uint8_t bits[PEN_PROOF_BYTES];
};

void pen_proof_init(struct pen_proofs *proof);

/* Packet `seq` came as PEN_SEQS_NEW or PEN_SEQS_LATE, with this token. One that is PEN_PROOF_TOKENS
 * late is not kept: its place is a newer packet's. */
static inline void pen_proof_note(struct pen_proofs *proof, uint64_t seq, uint16_t token)
{
	if (seq + PEN_PROOF_TOKENS < proof->noted)
		return;
	if (seq >= proof->noted)
		proof->noted = seq + 1;
	proof->token[seq % PEN_PROOF_TOKENS] = token;
}

/* What the next PULL proves; `seqs` is of the same session. */
void pen_proof_make(
	const struct pen_proofs *proof, const struct pen_seqs *seqs, struct pen_proof_set *set);

/* That PULL left. */
void pen_proof_sent(struct pen_proofs *proof, const struct pen_seqs *seqs);

#endif
