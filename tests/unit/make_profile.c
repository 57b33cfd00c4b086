#include <criterion/criterion.h>
#include <openssl/evp.h>

#include "base/check.h"
#include "base/text.h"
#include "make/kv.h"
#include "make/profile.h"

/* What a stream comes to as a kv file. */
struct digest {
	EVP_MD_CTX *sha;
	struct pen_pair_order order;
	uint64_t bytes;
	uint64_t stop_after; /* pairs, 0 for never */
};

static int put(void *context, const struct pen_pair *pair)
{
	struct digest *digest = context;
	uint8_t head[PEN_KV_HEAD_BYTES];
	pen_kv_head(pair, head);
	cr_assert_eq(pen_pair_accept(&digest->order, pair, NULL), 0);
	EVP_DigestUpdate(digest->sha, head, sizeof head);
	EVP_DigestUpdate(digest->sha, pair->key.at, pair->key.len);
	EVP_DigestUpdate(digest->sha, pair->value.at, pair->value.len);
	digest->bytes += sizeof head + pair->key.len + pair->value.len;
	return digest->order.count == digest->stop_after ? -5 : 0;
}

Test(make_profile, digests_of_the_mainnet_profile)
{
	static const struct {
		uint64_t keys, bytes;
		const char *sha;
	} rows[] = {
		{1000, 115517, "c01a19cea0005cf6f8ae18641e993340cbcb916eb9ddf0ef57834952a916b984"},
		{100000, 24276176,
			"f519d24a7f8231ec28675f6a02fb370c7e553e3ba00d686ddb5cca5f1ab9313f"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct digest digest = {.sha = EVP_MD_CTX_new()};
		struct pen_profile_want want = {rows[i].keys, 1};
		uint8_t sha[32];
		char hex[PEN_HASH_HEX_BYTES];
		EVP_DigestInit_ex(digest.sha, EVP_sha256(), NULL);
		cr_assert_eq(pen_profile_make(&want, put, &digest, NULL), 0);
		EVP_DigestFinal_ex(digest.sha, sha, NULL);
		EVP_MD_CTX_free(digest.sha);
		cr_assert_eq(digest.order.count, rows[i].keys);
		cr_assert_eq(digest.bytes, rows[i].bytes);
		cr_assert_str_eq(pen_hex((struct pen_bytes){sha, 32}, hex), rows[i].sha);
	}
}

static int swallow(void *context, const struct pen_pair *pair)
{
	(void)pair;
	++*(uint64_t *)context;
	return 0;
}

/* Numbers of the reference where it gives one that works; for 1 key and seed 6 it names 9, and
 * refuses 9. */
Test(make_profile, too_few_keys_name_the_least_that_works)
{
	static const struct {
		uint64_t keys, seed, least;
	} rows[] = {{1, 1, 7}, {6, 1, 7}, {9, 9, 11}, {1, 6, 11}, {10, 6, 11}, {18, 35, 21},
		{22, 35, 23}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_profile_want want = {rows[i].keys, rows[i].seed};
		struct pen_why why = {0};
		char expect[64];
		uint64_t count = 0;
		cr_assert_eq(pen_profile_make(&want, swallow, &count, &why), PEN_EREFUSED);
		cr_assert_eq(count, 0);
		snprintf(expect, sizeof expect, "at least %llu keys",
			(unsigned long long)rows[i].least);
		cr_assert(strstr(why.text, expect), "%s", why.text);
		want.keys = rows[i].least;
		cr_assert_eq(pen_profile_make(&want, swallow, &count, &why), 0);
		cr_assert_eq(count, rows[i].least);
	}
	struct pen_profile_want most = {PEN_PROFILE_KEYS_MAX + 1, 1};
	cr_assert_eq(pen_profile_make(&most, swallow, NULL, NULL), PEN_EREFUSED);
}

Test(make_profile, every_size_is_sorted_and_ends_when_told)
{
	for (uint64_t keys = 7; keys < 400; keys += 3) {
		struct digest digest = {.sha = EVP_MD_CTX_new()};
		struct pen_profile_want want = {keys, 1};
		EVP_DigestInit_ex(digest.sha, EVP_sha256(), NULL);
		cr_assert_eq(pen_profile_make(&want, put, &digest, NULL), 0);
		cr_assert_eq(digest.order.count, keys);
		digest = (struct digest){.sha = digest.sha, .stop_after = keys / 2};
		cr_assert_eq(pen_profile_make(&want, put, &digest, NULL), -5);
		cr_assert_eq(digest.order.count, keys / 2);
		EVP_MD_CTX_free(digest.sha);
	}
}
