#include "flow/proof.h"

#include <assert.h>
#include <string.h>

#include "base/bits.h"
#include "base/check.h"

static_assert((PEN_PROOF_TOKENS & (PEN_PROOF_TOKENS - 1)) == 0, "numbers are taken modulo it");
static_assert(PEN_PROOF_TOKENS >= 64 * PEN_WIRE_PROOF_WORDS_MAX + 64, "all that a PULL can name");

void pen_proof_init(struct pen_proofs *proof)
{
	memset(proof, 0, sizeof *proof);
}

/* XOR of the tokens of those of 64 packets from `first` on that came. */
static uint16_t sum_of(const struct pen_proofs *proof, uint64_t first, uint64_t came)
{
	const uint16_t *token = &proof->token[first % PEN_PROOF_TOKENS];
	uint64_t sum = 0;
	if (came != UINT64_MAX) {
		for (; came; came &= came - 1)
			sum ^= token[__builtin_ctzll(came)];
		return (uint16_t)sum;
	}
	/* Four at once. */
	for (unsigned i = 0; i < 64; i += 4)
		sum ^= pen_le64((const uint8_t *)&token[i]);
	sum ^= sum >> 32;
	return (uint16_t)(sum ^ sum >> 16);
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
	for (uint64_t first = set->first; first < seqs->seen; first += 64) {
		uint64_t came = pen_seqs_word(seqs, first);
		if (first < from)
			came &= UINT64_MAX << (from - first);
		uint32_t word = (uint32_t)((first - set->first) / 64);
		PEN_CHECK(word < PEN_WIRE_PROOF_WORDS_MAX);
		pen_put_le64(&set->bits[8 * word], came);
		set->sum ^= sum_of(proof, first, came);
		set->words = came ? word + 1 : set->words;
	}
	if (set->words == 0)
		set->first = 0;
}

void pen_proof_sent(struct pen_proofs *proof, const struct pen_seqs *seqs)
{
	/* Nothing new: this PULL may be the one that heals the two before. */
	if (seqs->seen == proof->last)
		return;
	proof->before = proof->last;
	proof->last = seqs->seen;
}
