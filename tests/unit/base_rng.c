#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"

/* The first words of SplitMix64 from state 1234567, as its authors publish them. */
Test(base_rng, known_words)
{
	static const uint64_t words[] = {6457827717110365317u, 3203168211198807973u,
		9817491932198370423u, 4593380528125082431u, 16408922859458223821u};
	struct pen_rng rng = {1234567};
	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(pen_rng_next(&rng), words[i]);
}

Test(base_rng, bytes_are_words_cut)
{
	struct pen_rng a = {9}, b = {9};
	uint8_t bytes[11], words[16];
	pen_rng_bytes(&a, bytes, sizeof bytes);
	pen_rng_bytes(&b, words, sizeof words);
	cr_expect_eq(memcmp(bytes, words, sizeof bytes), 0);
	cr_expect_eq(a.state, b.state);
}

Test(base_rng, below_stays_below)
{
	struct pen_rng rng = {3};
	unsigned seen = 0;
	for (int i = 0; i < 1000; i++) {
		uint64_t n = pen_rng_below(&rng, 5);
		cr_assert_lt(n, 5);
		seen |= 1u << n;
	}
	cr_expect_eq(seen, 31);
}

Test(base_rng, secrets_differ)
{
	uint8_t a[32] = {0}, b[32] = {0};
	pen_rng_secret(a, sizeof a);
	pen_rng_secret(b, sizeof b);
	cr_expect_neq(memcmp(a, b, sizeof a), 0);
}
