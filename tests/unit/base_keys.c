#include <criterion/criterion.h>

#include "base/check.h"
#include "base/keys.h"
#include "unhex.h"

/* RFC 7748, 6.1. */
Test(base_keys, exchange_of_rfc_7748)
{
	uint8_t alice[32], bob[32], want[32], got[32], public[2][32];
	unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", alice);
	unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", bob);
	pen_keys_exchange_public(alice, public[0]);
	pen_keys_exchange_public(bob, public[1]);
	unhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", want);
	cr_expect_eq(memcmp(public[0], want, 32), 0);
	unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", want);
	cr_expect_eq(memcmp(public[1], want, 32), 0);
	unhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", want);
	cr_expect(pen_keys_exchange(alice, public[1], got));
	cr_expect_eq(memcmp(got, want, 32), 0);
	cr_expect(pen_keys_exchange(bob, public[0], got));
	cr_expect_eq(memcmp(got, want, 32), 0);
}

/* Points of small order make every secret zero (RFC 7748, 6.1). */
Test(base_keys, keys_that_are_none_are_refused)
{
	static const char *const none[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"};
	static const uint8_t zero[32];
	uint8_t own[32] = {5}, other[32], got[32];
	for (size_t i = 0; i < PEN_COUNT(none); i++) {
		unhex(none[i], other);
		memset(got, 1, sizeof got);
		cr_expect_not(pen_keys_exchange(own, other, got), "point %zu", i);
		cr_expect_eq(memcmp(got, zero, 32), 0);
	}
}

/* RFC 8032, 7.1, tests 1 and 2. */
struct row {
	const char *own, *key, *message, *signature;
};

static const struct row rows[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
		"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

Test(base_keys, signatures_of_rfc_8032)
{
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t own[32], key[32], want_key[32], message[4], want[64], got[64];
		unhex(rows[i].own, own);
		unhex(rows[i].key, want_key);
		unhex(rows[i].signature, want);
		struct pen_bytes bytes = {message, unhex(rows[i].message, message)};
		pen_keys_identity_public(own, key);
		cr_expect_eq(memcmp(key, want_key, 32), 0);
		pen_keys_sign(own, key, bytes, got);
		cr_expect_eq(memcmp(got, want, 64), 0);
		cr_expect(pen_keys_verify(key, bytes, want));
		want[40] ^= 1;
		cr_expect_not(pen_keys_verify(key, bytes, want), "another signature");
		want[40] ^= 1;
		key[0] ^= 1;
		cr_expect_not(pen_keys_verify(key, bytes, want), "another key");
		key[0] ^= 1;
		message[0] ^= 1;
		bytes.len = 1;
		cr_expect_not(pen_keys_verify(key, bytes, want), "another message");
	}
}
