/*
 * words: the twenty contracts that accounts of the profile `mainnet` share: bytes about as
 * compressible as WebAssembly, made of 512 random words of which the first are used most.
 */
#ifndef PEN_MAKE_WORDS_H
#define PEN_MAKE_WORDS_H

#include "base/buf.h"
#include "base/rng.h"

#define PEN_WORDS_CODES 20u

/* At most 4 MB: a contract is made when it is first asked for, and kept. One thread at a time. */
struct pen_words {
	uint64_t seed;
	uint8_t words[512][24];
	struct pen_buf codes[PEN_WORDS_CODES];
};

/* The randomness of record `index` of a kind: every record has a stream of its own. */
static inline struct pen_rng pen_words_stream(uint64_t seed, uint64_t kind, uint64_t index)
{
	return (struct pen_rng){pen_rng_mix(pen_rng_mix(pen_rng_mix(seed) ^ kind) ^ index)};
}

/* Make the words of this seed. */
void pen_words_init(struct pen_words *words, uint64_t seed);

/* Free the words. NULL and a zeroed one are fine. */
void pen_words_fini(struct pen_words *words);

/*
 * The bytes of contract `code` < PEN_WORDS_CODES, 20,000 to 199,999 of them, borrowed until fini.
 * 0 or -ENOMEM.
 */
int pen_words_code(struct pen_words *words, unsigned code, struct pen_bytes *out);

#endif
