#include <criterion/criterion.h>

#include "base/check.h"
#include "base/mac.h"
#include "unhex.h"

/* RFC 4231, test cases 1 to 4; 6 and 7 have keys that are not allowed here. */
struct row {
	const char *key, *data, *code;
};

static const struct row rows[] = {
	{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
		"dddd"
		"dddddddddddddd",
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{"0102030405060708090a0b0c0d0e0f10111213141516171819",
		"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
		"cdcd"
		"cdcdcdcdcdcdcd",
		"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
};

Test(base_mac, codes_of_rfc_4231)
{
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t key[64], data[64], code[32];
		struct pen_mac_key prepared;
		struct pen_hash made;
		size_t key_len = unhex(rows[i].key, key), len = unhex(rows[i].data, data);
		unhex(rows[i].code, code);
		pen_mac_init(&prepared, key, key_len);
		struct pen_bytes pieces[] = {{data, len / 3}, {data + len / 3, len - len / 3}};
		pen_mac_make(&prepared, pieces, 2, &made);
		cr_expect_eq(memcmp(made.bytes, code, 32), 0, "row %zu", i);
	}
}

/* RFC 5869, A.1. */
Test(base_mac, keys_of_rfc_5869)
{
	uint8_t secret[22], salt[13], info[10], want[42], got[42], prk_want[32];
	struct pen_hash prk;
	memset(secret, 0x0b, sizeof secret);
	unhex("000102030405060708090a0b0c", salt);
	unhex("f0f1f2f3f4f5f6f7f8f9", info);
	unhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", prk_want);
	unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b88718586"
	      "5",
		want);
	pen_mac_extract((struct pen_bytes){salt, sizeof salt},
		(struct pen_bytes){secret, sizeof secret}, &prk);
	cr_expect_eq(memcmp(prk.bytes, prk_want, 32), 0);
	pen_mac_expand(&prk, (struct pen_bytes){info, sizeof info}, got, sizeof got);
	cr_expect_eq(memcmp(got, want, sizeof want), 0);
}

/* RFC 5869, A.3: neither salt nor info. */
Test(base_mac, keys_without_salt_and_info)
{
	uint8_t secret[22], want[42], got[42];
	struct pen_hash prk;
	memset(secret, 0x0b, sizeof secret);
	unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c"
	      "8",
		want);
	pen_mac_extract((struct pen_bytes){NULL, 0}, (struct pen_bytes){secret, 22}, &prk);
	pen_mac_expand(&prk, (struct pen_bytes){NULL, 0}, got, sizeof got);
	cr_expect_eq(memcmp(got, want, sizeof want), 0);
}

Test(base_mac, equal_sees_each_byte)
{
	uint8_t a[16] = {0}, b[16] = {0};
	cr_expect(pen_mac_equal(a, b, sizeof a));
	for (size_t i = 0; i < sizeof a; i++) {
		b[i] = 0x80;
		cr_expect_not(pen_mac_equal(a, b, sizeof a));
		cr_expect(pen_mac_equal(a, b, i));
		b[i] = 0;
	}
}
