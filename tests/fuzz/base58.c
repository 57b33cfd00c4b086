/* Base58 and hex of a hash are canonical: what decodes encodes to the same text. */
#include <ctype.h>

#include "base/text.h"
#include "fuzz.h"

/* Longer texts are no different. */
#define TEXT_BYTES_MAX 200

static void check_parse(const char *text, size_t len)
{
	struct pen_hash hash, back;
	char base58[PEN_HASH_TEXT_BYTES], hex[PEN_HASH_HEX_BYTES];
	if (pen_hash_parse(text, &hash))
		return;
	if (len == PEN_HASH_HEX_BYTES - 1) {
		pen_hex((struct pen_bytes){hash.bytes, PEN_HASH_BYTES}, hex);
		for (size_t i = 0; i < len; i++)
			PEN_CHECK(hex[i] == tolower(text[i]));
	} else {
		PEN_CHECK(!strcmp(pen_base58(&hash, base58), text));
	}
	PEN_CHECK(pen_hash_parse(pen_base58(&hash, base58), &back) == 0);
	PEN_CHECK(pen_hash_equal(&hash, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_hash hash = {0}, back;
	char text[TEXT_BYTES_MAX + 1] = {0}, base58[PEN_HASH_TEXT_BYTES];
	if (pen_base58_decode((const char *)data, len, &hash) == 0) {
		pen_base58(&hash, base58);
		PEN_CHECK(fuzz_same((struct pen_bytes){(uint8_t *)base58, strlen(base58)},
			(struct pen_bytes){data, len}));
	}
	memcpy(hash.bytes, data, len < PEN_HASH_BYTES ? len : PEN_HASH_BYTES);
	pen_base58(&hash, base58);
	PEN_CHECK(pen_base58_decode(base58, strlen(base58), &back) == 0);
	PEN_CHECK(pen_hash_equal(&hash, &back));
	if (len <= TEXT_BYTES_MAX) {
		memcpy(text, data, len);
		check_parse(text, strlen(text));
	}
	return 0;
}
