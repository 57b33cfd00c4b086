/* Bodies of PULL, with the proof and the gaps behind. */
#include "made.h"
#include "wire/encode.h"

static uint8_t again[PEN_WIRE_BODY_BYTES_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	static uint8_t bits[PEN_WIRE_SLOTS_MAX][8 * PEN_WIRE_MISSING_WORDS_MAX];
	struct pen_wire_gap gaps[PEN_WIRE_SLOTS_MAX];
	struct pen_wire_pulled got;
	if (!pen_wire_pull_decode(body, &got))
		return 0;
	struct pen_wire_pull_parts parts = {.proof_first = got.pull->proof_first,
		.proof = got.proof,
		.proof_words = got.pull->proof_words,
		.gaps = gaps,
		.gap_count = got.pull->missing_count};
	memset(bits, 0, sizeof bits);
	for (unsigned i = 0; i < parts.gap_count; i++) {
		const struct pen_wire_missing *missing = got.missing[i];
		PEN_CHECK(fuzz_within(
			(struct pen_bytes){missing->bits, 8 * (size_t)missing->words}, body));
		memcpy(bits[i] + 8 * (size_t)missing->first_word, missing->bits,
			8 * (size_t)missing->words);
		gaps[i] = (struct pen_wire_gap){missing->slot, PEN_WIRE_MISSING_WORDS_MAX, bits[i]};
	}
	made_same((struct pen_bytes){again, pen_wire_pull_encode(got.pull, &parts, again)}, body);
	PEN_CHECK(got.pull->lost <= got.pull->seen && got.pull->lease_ms > 0 && !got.pull->zero);
	PEN_CHECK(!parts.proof_words || parts.proof_first < got.pull->seen);
	return 0;
}
