/*
 * tally: are two multisets of entries equal, in memory that does not grow with them?
 *
 * One side adds H(entry) for every use of it, the other takes count x H(entry) away for what is
 * stored; H is 128 bits of XXH3 of hash and length under a secret of this run, sums are modulo
 * 2^128. Sums of 0 mean equal multisets, but for a chance of about 2^-128: nobody can choose
 * entries against a secret that he does not know. One sum is kept for each range of the hash
 * space, so that a difference is known to lie in few ranges. One thread at a time.
 */
#ifndef PEN_APPLY_TALLY_H
#define PEN_APPLY_TALLY_H

#include <stdbool.h>

#include "base/sha.h"

/* Ranges by the first 12 bits of the hash: of 400 million entries, 100,000 lie in one. */
#define PEN_TALLY_RANGES 4096
/* XXH3 wants at least 136. */
#define PEN_TALLY_SECRET_BYTES 192

struct pen_tally_range {
	unsigned __int128 sum; /* used minus stored */
	uint64_t used, stored; /* calls, an upper bound on distinct entries */
};

struct pen_tally {
	uint8_t secret[PEN_TALLY_SECRET_BYTES];
	struct pen_tally_range ranges[PEN_TALLY_RANGES];
};

/* 128 bits under a secret for an entry of this hash and length in bytes. */
unsigned __int128 pen_tally_hash(
	const uint8_t secret[PEN_TALLY_SECRET_BYTES], const struct pen_hash *hash, uint64_t len);

/* The range that a hash lies in. */
static inline unsigned pen_tally_range_of(const struct pen_hash *hash)
{
	return (unsigned)hash->bytes[0] << 4 | hash->bytes[1] >> 4;
}

/* The trie uses an entry once more. */
void pen_tally_use(struct pen_tally *tally, const struct pen_hash *hash, uint64_t len);

/* An entry is stored with a count. */
void pen_tally_store(
	struct pen_tally *tally, const struct pen_hash *hash, uint64_t len, int64_t refs);

/* Are all sums 0? */
bool pen_tally_even(const struct pen_tally *tally);

#endif
