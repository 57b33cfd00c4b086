/* The vector of 8 bytes of the authors' reference (vectors.h), and properties of a keyed function.
 */
#include <criterion/criterion.h>

#include "base/prf.h"
#include "base/rng.h"

Test(base_prf, reference_vector)
{
	struct pen_prf_key key;
	for (uint8_t i = 0; i < sizeof key.bytes; i++)
		key.bytes[i] = i;
	cr_expect_eq(pen_prf(&key, UINT64_C(0x0706050403020100)), UINT64_C(0x93f5f5799a932462));
}

/* Each bit of word and key changes about half of what comes out. */
Test(base_prf, every_bit_counts)
{
	struct pen_rng rng = {1};
	struct pen_prf_key key;
	pen_rng_bytes(&rng, &key, sizeof key);
	uint64_t word = pen_rng_next(&rng), out = pen_prf(&key, word);
	for (unsigned bit = 0; bit < 64; bit++) {
		int changed = __builtin_popcountll(out ^ pen_prf(&key, word ^ UINT64_C(1) << bit));
		cr_expect(changed > 10 && changed < 54, "bit %u of the word", bit);
	}
	for (unsigned bit = 0; bit < 128; bit++) {
		struct pen_prf_key other = key;
		other.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		int changed = __builtin_popcountll(out ^ pen_prf(&other, word));
		cr_expect(changed > 10 && changed < 54, "bit %u of the key", bit);
	}
}
