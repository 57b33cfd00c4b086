#include "flow/proof.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"

static_assert((PEN_PROOF_TOKENS & (PEN_PROOF_TOKENS - 1)) == 0, "numbers are taken modulo it");
static_assert(PEN_PROOF_TOKENS >= 64 * PEN_WIRE_PROOF_WORDS_MAX + 64, "all that a PULL can name");

void pen_proof_init(struct pen_proofs *proof)
{
	memset(proof, 0, sizeof *proof);
}

void pen_proof_note(struct pen_proofs *proof, uint64_t seq, uint16_t token)
{
	if (seq + PEN_PROOF_TOKENS < proof->noted)
		return;
	if (seq >= proof->noted)
		proof->noted = seq + 1;
	proof->token[seq % PEN_PROOF_TOKENS] = token;
}

void pen_proof_make(
	const struct pen_proofs *proof, const struct pen_seqs *seqs, struct pen_proof_set *set)
{
	PEN_CHECK(proof->before <= proof->last);
	PEN_CHECK(proof->last <= seqs->seen);
	memset(set, 0, sizeof *set);
	uint64_t most = 64 * (PEN_WIRE_PROOF_WORDS_MAX - 1);
	uint64_t from = proof->before;
	if (seqs->seen > from + most)
		from = seqs->seen - most;
	set->first = from & ~UINT64_C(63);
	for (uint64_t seq = from; seq < seqs->seen; seq++) {
		if (!pen_seqs_has(seqs, seq))
			continue;
		uint32_t bit = (uint32_t)(seq - set->first);
		set->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
		set->sum ^= proof->token[seq % PEN_PROOF_TOKENS];
		set->words = bit / 64 + 1;
	}
	if (set->words == 0)
		set->first = 0;
	PEN_CHECK(set->words <= PEN_WIRE_PROOF_WORDS_MAX);
}

void pen_proof_sent(struct pen_proofs *proof, const struct pen_seqs *seqs)
{
	/* Nothing new: this PULL may be the one that heals the two before. */
	if (seqs->seen == proof->last)
		return;
	proof->before = proof->last;
	proof->last = seqs->seen;
}
