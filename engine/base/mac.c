#include "base/mac.h"

#include "base/check.h"

static void begin(const uint8_t key[PEN_SHA_BLOCK_BYTES], uint8_t pad, struct pen_sha_state *out)
{
	uint8_t block[PEN_SHA_BLOCK_BYTES];
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = key[i] ^ pad;
	pen_sha256_begin(block, out);
}

void pen_mac_init(struct pen_mac_key *key, const void *bytes, size_t len)
{
	static_assert(PEN_MAC_KEY_BYTES_MAX == PEN_SHA_BLOCK_BYTES, "a longer one would be hashed");
	PEN_CHECK(len <= PEN_MAC_KEY_BYTES_MAX);
	uint8_t padded[PEN_SHA_BLOCK_BYTES] = {0};
	if (len)
		memcpy(padded, bytes, len);
	begin(padded, 0x36, &key->inner);
	begin(padded, 0x5c, &key->outer);
}

void pen_mac_make(const struct pen_mac_key *key, const struct pen_bytes *pieces, size_t count,
	struct pen_hash *out)
{
	struct pen_hash inner;
	pen_sha256_from(&key->inner, pieces, count, &inner);
	pen_sha256_from(&key->outer, &(struct pen_bytes){inner.bytes, PEN_HASH_BYTES}, 1, out);
}

void pen_mac_extract(struct pen_bytes salt, struct pen_bytes secret, struct pen_hash *out)
{
	struct pen_mac_key key;
	pen_mac_init(&key, salt.at, salt.len);
	pen_mac_make(&key, &secret, 1, out);
}

void pen_mac_expand(const struct pen_hash *from, struct pen_bytes info, uint8_t *out, size_t len)
{
	PEN_CHECK(len <= PEN_MAC_EXPAND_BYTES_MAX);
	struct pen_mac_key key;
	struct pen_hash last;
	pen_mac_init(&key, from->bytes, PEN_HASH_BYTES);
	for (uint8_t number = 1; len; number++) {
		struct pen_bytes pieces[] = {
			{last.bytes, number == 1 ? 0 : PEN_HASH_BYTES}, info, {&number, 1}};
		size_t step = len < PEN_HASH_BYTES ? len : PEN_HASH_BYTES;
		pen_mac_make(&key, pieces, PEN_COUNT(pieces), &last);
		memcpy(out, last.bytes, step);
		out += step;
		len -= step;
	}
}

bool pen_mac_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *left = a, *right = b;
	uint8_t differs = 0;
	for (size_t i = 0; i < len; i++)
		differs |= left[i] ^ right[i];
	return differs == 0;
}
