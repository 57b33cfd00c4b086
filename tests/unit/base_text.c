#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "base/text.h"

static struct pen_bytes text_bytes(const char *text)
{
	return (struct pen_bytes){(const uint8_t *)text, strlen(text)};
}

Test(base_text, base58_of_known_hashes)
{
	static const struct {
		const char *message, *base58, *hex;
	} rows[] = {
		{"foo", "3yMApqCuCjXDWPrbjfR5mjCPTHqFG8Pux1TxQrEM35jj",
			"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_hash hash, back;
		char text[PEN_HASH_TEXT_BYTES], hex[PEN_HASH_HEX_BYTES];
		pen_sha256(text_bytes(rows[i].message), &hash);
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
