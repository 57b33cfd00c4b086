/* The toy of handshakes keeps what base/keys.h promises, but for its size. */
#include "sim/toy.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"

static uint8_t own[2][PEN_KEYS_BYTES], key[2][PEN_KEYS_BYTES];

static void keys_draw(uint64_t seed)
{
	struct pen_rng rng = {seed};
	for (unsigned i = 0; i < 2; i++) {
		pen_rng_bytes(&rng, own[i], sizeof own[i]);
		toy_public(own[i], key[i]);
	}
}

static void flip(uint8_t *at, size_t bit)
{
	at[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

Test(sim_toy, both_ends_have_one_secret_and_nobody_else)
{
	uint8_t secret[2][PEN_KEYS_BYTES], other[PEN_KEYS_BYTES];
	for (uint64_t seed = 0; seed < 100; seed++) {
		keys_draw(seed);
		cr_assert(toy_exchange(own[0], key[1], secret[0]));
		cr_assert(toy_exchange(own[1], key[0], secret[1]));
		cr_expect_arr_eq(secret[0], secret[1], sizeof other);
		cr_assert(toy_exchange(own[0], key[0], other));
		cr_expect_arr_neq(other, secret[0], sizeof other);
	}
}

Test(sim_toy, a_key_of_which_a_bit_changed_is_none)
{
	static const uint8_t zero[PEN_KEYS_BYTES];
	uint8_t secret[PEN_KEYS_BYTES];
	keys_draw(1);
	cr_expect_not(toy_exchange(own[0], zero, secret));
	for (size_t bit = 0; bit < 8 * sizeof key[1]; bit++) {
		flip(key[1], bit);
		cr_expect_not(toy_exchange(own[0], key[1], secret), "bit %zu", bit);
		cr_expect_arr_eq(secret, zero, sizeof zero);
		flip(key[1], bit);
	}
}

Test(sim_toy, signs_for_one_message_of_one_owner)
{
	uint8_t signature[PEN_KEYS_SIGNATURE_BYTES], again[PEN_KEYS_SIGNATURE_BYTES];
	uint8_t text[75];
	const struct pen_bytes message = {text, sizeof text};
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct pen_rng rng = {seed};
		pen_rng_bytes(&rng, text, sizeof text);
		keys_draw(seed);
		toy_sign(own[0], key[0], message, signature);
		toy_sign(own[0], key[0], message, again);
		cr_expect_arr_eq(signature, again, sizeof again);
		cr_expect(toy_verify(key[0], message, signature), "seed %d", (int)seed);
		cr_expect_not(toy_verify(key[1], message, signature));
	}
	struct {
		const char *what;
		uint8_t *at;
		size_t bytes;
	} rows[] = {{"key", key[0], sizeof key[0]}, {"message", text, sizeof text},
		{"signature", signature, sizeof signature}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		for (size_t bit = 0; bit < 8 * rows[i].bytes; bit++) {
			flip(rows[i].at, bit);
			cr_expect_not(toy_verify(key[0], message, signature), "%s: bit %zu",
				rows[i].what, bit);
			flip(rows[i].at, bit);
		}
	}
	cr_expect(toy_verify(key[0], message, signature), "as it was");
}
