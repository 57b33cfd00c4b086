#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "base/text.h"

Test(base_text, base58_of_known_hashes)
{
	static const struct {
		const char *message; /* in hex */
		const char *base58, *hex;
	} rows[] = {
		{"666f6f", "3yMApqCuCjXDWPrbjfR5mjCPTHqFG8Pux1TxQrEM35jj",
			"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"},
		{"03000000666f6f", "CuoNgQBWsXnTqup6FY3UXNz6RRufnYyQVxx8HKZLUaRt",
			"b0f73179b35608b7f11fa6f13e837e23285bc78749a8d3aeeedec088fa31e72f"},
		{"000102", "CjNSmWXTWhC3EhRVtqLhRmWMTkRbU96wUACqxMtV1uGf",
			"ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_hash hash, back;
		char text[PEN_HASH_TEXT_BYTES], hex[PEN_HASH_HEX_BYTES];
		uint8_t message[16];
		size_t len = strlen(rows[i].message);
		cr_assert_eq(pen_hex_decode(rows[i].message, len, message), 0);
		pen_sha256((struct pen_bytes){message, len / 2}, &hash);
		cr_assert_str_eq(pen_base58(&hash, text), rows[i].base58);
		cr_assert_str_eq(pen_hex((struct pen_bytes){hash.bytes, 32}, hex), rows[i].hex);
		cr_assert_eq(pen_base58_decode(text, strlen(text), &back), 0);
		cr_assert(pen_hash_equal(&hash, &back));
		cr_assert_eq(pen_hash_parse(rows[i].hex, &back), 0);
		cr_assert(pen_hash_equal(&hash, &back));
	}
}

Test(base_text, base58_refuses)
{
	static const char *const rows[] = {"foo-bar-baz", "", "1111111111111111111111111111111",
		"111111111111111111111111111111111", "CjNSmWXTWhC3ELhRmWMTkRbU96wUACqxMtV1uGf",
		"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"};
	struct pen_hash hash;
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_assert_eq(pen_base58_decode(rows[i], strlen(rows[i]), &hash), PEN_EINPUT, "%s",
			rows[i]);
}

Test(base_text, sizes_and_rates)
{
	/* UINT64_MAX: refused. */
	static const struct {
		const char *text;
		uint64_t size, rate;
	} rows[] = {{"0", 0, 0}, {"1500", 1500, 1500}, {"10MiB", 10 << 20, 10 << 20},
		{"10MB", 10000000, 10000000}, {"10MiB/s", UINT64_MAX, 10 << 20},
		{"3B/s", UINT64_MAX, 3}, {"10Gbit/s", UINT64_MAX, 1250000000},
		{"100Mbit/s", UINT64_MAX, 12500000}, {"8kbit/s", UINT64_MAX, 1000},
		{"15bit/s", UINT64_MAX, 1}, {"2Tbit/s", UINT64_MAX, 250000000000},
		{"18446744073709551615", UINT64_MAX, UINT64_MAX}, {"", UINT64_MAX, UINT64_MAX},
		{"/s", UINT64_MAX, UINT64_MAX}, {"1Gbit", UINT64_MAX, UINT64_MAX},
		{"1gbit/s", UINT64_MAX, UINT64_MAX}, {"1 MB", UINT64_MAX, UINT64_MAX},
		{"-1", UINT64_MAX, UINT64_MAX}, {"1/s/s", UINT64_MAX, UINT64_MAX},
		{"18446744073710Mbit/s", UINT64_MAX, UINT64_MAX},
		{"18014398509481984KiB", UINT64_MAX, UINT64_MAX},
		{"000000000000000000000000000000001MiB/s", UINT64_MAX, UINT64_MAX}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint64_t size = UINT64_MAX, rate = UINT64_MAX;
		int err = pen_size_parse(rows[i].text, &size);
		cr_expect(err == 0 || err == PEN_EINPUT, "%s", rows[i].text);
		cr_expect_eq(size, rows[i].size, "%s as a size", rows[i].text);
		err = pen_rate_parse(rows[i].text, &rate);
		cr_expect(err == 0 || err == PEN_EINPUT, "%s", rows[i].text);
		cr_expect_eq(rate, rows[i].rate, "%s as a rate", rows[i].text);
	}
}
