#include "sim/toy.h"

#include "base/check.h"
#include "base/rng.h"

/* Numbers modulo P are multiplied; those in exponents are modulo P - 1. */
#define P ((UINT64_C(1) << 61) - 1)
#define BASE 37u

/* 2^61 is 1 modulo P. */
static uint64_t times(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t sum = (uint64_t)(product & P) + (uint64_t)(product >> 61);
	return sum < P ? sum : sum - P;
}

static uint64_t power(uint64_t base, uint64_t exponent)
{
	uint64_t result = 1;
	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = times(result, base);
		base = times(base, base);
	}
	return result;
}

/* A number that follows from bytes. */
static uint64_t digest(uint64_t begin, const uint8_t *at, size_t len)
{
	uint64_t sum = pen_rng_mix(begin ^ len);
	for (; len >= 8; at += 8, len -= 8)
		sum = pen_rng_mix(sum ^ pen_le64(at));
	for (; len; at++, len--)
		sum = pen_rng_mix(sum ^ *at);
	return sum;
}

/* `bytes` bytes, a multiple of 8, that follow from a number. */
static void fill(uint64_t number, uint8_t *out, size_t bytes)
{
	struct pen_rng rng = {pen_rng_mix(number)};
	pen_rng_bytes(&rng, out, bytes);
}

static uint64_t private_of(const uint8_t own[PEN_KEYS_BYTES])
{
	return digest(0, own, PEN_KEYS_BYTES) % (P - 1);
}

/* A number of the group, and the rest of its room: all bytes are as it says. */
static void lay(uint64_t number, uint8_t out[PEN_KEYS_BYTES])
{
	pen_put_le64(out, number);
	fill(number, out + 8, PEN_KEYS_BYTES - 8);
}

/* The number of a public key; 0 if it is none. */
static uint64_t public_of(const uint8_t key[PEN_KEYS_BYTES])
{
	uint8_t right[PEN_KEYS_BYTES];
	uint64_t number = pen_le64(key);
	lay(number, right);
	return number < P && !memcmp(right, key, sizeof right) ? number : 0;
}

void toy_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	lay(power(BASE, private_of(own)), out);
}

bool toy_exchange(const uint8_t own[PEN_KEYS_BYTES], const uint8_t other[PEN_KEYS_BYTES],
	uint8_t out[PEN_KEYS_BYTES])
{
	uint64_t theirs = public_of(other);
	memset(out, 0, PEN_KEYS_BYTES);
	if (theirs)
		fill(power(theirs, private_of(own)), out, PEN_KEYS_BYTES);
	return theirs != 0;
}

/* What the signer is asked: of the message, of who signs, and of what he said first. */
static uint64_t question(uint64_t said, const uint8_t key[PEN_KEYS_BYTES], struct pen_bytes message)
{
	uint64_t sum = digest(said, key, PEN_KEYS_BYTES);
	return digest(sum, message.at, message.len) % (P - 1);
}

void toy_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES])
{
	PEN_CHECK(message.at || !message.len);
	uint64_t x = private_of(own);
	uint64_t once = digest(pen_rng_mix(x), message.at, message.len) % (P - 1);
	uint64_t said = power(BASE, once);
	unsigned __int128 asked = (unsigned __int128)question(said, key, message) * x;
	uint64_t answer = (uint64_t)((once + asked) % (P - 1));
	lay(said, out);
	lay(answer, out + PEN_KEYS_BYTES);
}

bool toy_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES])
{
	uint64_t theirs = public_of(other), said = public_of(signature);
	uint8_t right[PEN_KEYS_BYTES];
	uint64_t answer = pen_le64(signature + PEN_KEYS_BYTES);
	lay(answer, right);
	if (!theirs || !said || memcmp(right, signature + PEN_KEYS_BYTES, sizeof right))
		return false;
	uint64_t asked = power(theirs, question(said, other, message));
	return power(BASE, answer) == times(said, asked);
}
