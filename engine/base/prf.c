#include "base/prf.h"

#include "base/bits.h"

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

/* One function without a loop or a call: the state stays in registers, which halves what it costs.
 */
#define INLINE static inline __attribute__((always_inline))

INLINE void round_one(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

INLINE void round_twice(uint64_t v[4])
{
	round_one(v);
	round_one(v);
}

INLINE void absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	round_twice(v);
	v[0] ^= word;
}

uint64_t pen_prf(const struct pen_prf_key *key, uint64_t word)
{
	uint64_t k0 = pen_le64(key->bytes), k1 = pen_le64(key->bytes + 8);
	/* "somepseudorandomlygeneratedbytes", as the paper has it. */
	uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
		k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
	absorb(v, word);
	/* The last word is the length of the message in its top byte. */
	absorb(v, UINT64_C(8) << 56);
	v[2] ^= 0xff;
	round_twice(v);
	round_twice(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
