/* Against OpenSSL's EVP, on random lengths and alignments. */
#include <criterion/criterion.h>
#include <openssl/evp.h>

#include "base/rng.h"
#include "base/sha.h"

static void expect_evp(struct pen_bytes message, const struct pen_hash *hash)
{
	uint8_t digest[PEN_HASH_BYTES];
	unsigned len = 0;
	cr_assert_eq(EVP_Digest(message.at, message.len, digest, &len, EVP_sha256(), NULL), 1);
	cr_assert_eq(memcmp(digest, hash->bytes, sizeof digest), 0, "%zu bytes", message.len);
}

Test(base_sha, agrees_with_evp)
{
	static uint8_t bytes[70000];
	struct pen_rng rng = {7};
	struct pen_bytes messages[400];
	struct pen_hash one, many[400];
	pen_rng_bytes(&rng, bytes, sizeof bytes);
	for (size_t i = 0; i < 400; i++) {
		size_t len = i < 300 ? i : pen_rng_below(&rng, 66000);
		messages[i] = (struct pen_bytes){bytes + pen_rng_below(&rng, 4000), len};
	}
	pen_sha256_many(messages, 400, many);
	for (size_t i = 0; i < 400; i++) {
		pen_sha256(messages[i], &one);
		expect_evp(messages[i], &one);
		expect_evp(messages[i], &many[i]);
	}
}

Test(base_sha, counts_blocks)
{
	static const uint8_t bytes[200];
	static const size_t rows[][2] = {
		{0, 1}, {55, 1}, {56, 2}, {64, 2}, {91, 2}, {119, 2}, {120, 3}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pen_hash hash;
		uint64_t before = pen_sha256_blocks();
		pen_sha256((struct pen_bytes){bytes, rows[i][0]}, &hash);
		cr_expect_eq(pen_sha256_blocks() - before, rows[i][1]);
	}
}

Test(base_sha, output_may_lie_in_the_message)
{
	uint8_t bytes[64];
	struct pen_hash apart;
	memset(bytes, 5, sizeof bytes);
	pen_sha256((struct pen_bytes){bytes, sizeof bytes}, &apart);
	pen_sha256((struct pen_bytes){bytes, sizeof bytes}, (struct pen_hash *)bytes);
	cr_expect_eq(memcmp(bytes, apart.bytes, 32), 0);
}

Test(base_sha, runs_are_one_message)
{
	uint8_t bytes[300];
	struct pen_rng rng = {11};
	struct pen_hash whole, cut;
	pen_rng_bytes(&rng, bytes, sizeof bytes);
	pen_sha256((struct pen_bytes){bytes, sizeof bytes}, &whole);
	for (size_t i = 0; i <= sizeof bytes; i++) {
		struct pen_bytes runs[] = {{bytes, i / 2}, {NULL, 0}, {bytes + i / 2, i - i / 2},
			{bytes + i, 300 - i}};
		uint64_t before = pen_sha256_blocks();
		pen_sha256_runs(runs, 4, &cut);
		cr_expect_eq(pen_sha256_blocks() - before, 5);
		cr_expect(pen_hash_equal(&whole, &cut), "cut at %zu", i);
	}
}

Test(base_sha, a_first_block_is_done_once)
{
	uint8_t bytes[164];
	struct pen_rng rng = {12};
	struct pen_sha_state begun;
	struct pen_hash whole, from;
	pen_rng_bytes(&rng, bytes, sizeof bytes);
	pen_sha256_begin(bytes, &begun);
	for (size_t len = 64; len <= sizeof bytes; len++) {
		struct pen_bytes runs[] = {{bytes + 64, (len - 64) / 2},
			{bytes + 64 + (len - 64) / 2, len - 64 - (len - 64) / 2}};
		pen_sha256((struct pen_bytes){bytes, len}, &whole);
		pen_sha256_from(&begun, runs, 2, &from);
		cr_expect(pen_hash_equal(&whole, &from), "%zu bytes", len);
	}
}
