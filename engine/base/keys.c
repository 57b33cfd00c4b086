#include "base/keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/check.h"

/* OpenSSL fails here only without memory; a process in that state can sign nothing. */
static EVP_PKEY *private_key(int type, const uint8_t own[PEN_KEYS_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, own, PEN_KEYS_BYTES);
	PEN_CHECK(key != NULL);
	return key;
}

/* A private key whose public half is known: OpenSSL would compute it otherwise. */
static EVP_PKEY *whole_key(
	const char *type, const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES])
{
	/* OpenSSL only reads them. */
	const OSSL_PARAM halves[] = {OSSL_PARAM_construct_octet_string(
					     OSSL_PKEY_PARAM_PRIV_KEY, (void *)own, PEN_KEYS_BYTES),
		OSSL_PARAM_construct_octet_string(
			OSSL_PKEY_PARAM_PUB_KEY, (void *)key, PEN_KEYS_BYTES),
		OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *made = NULL;
	PEN_CHECK(ctx != NULL);
	PEN_CHECK(EVP_PKEY_fromdata_init(ctx) == 1);
	PEN_CHECK(EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, (OSSL_PARAM *)halves) == 1);
	EVP_PKEY_CTX_free(ctx);
	return made;
}

static void make_public(int type, const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	size_t len = PEN_KEYS_BYTES;
	EVP_PKEY *key = private_key(type, own);
	PEN_CHECK(EVP_PKEY_get_raw_public_key(key, out, &len) == 1);
	PEN_CHECK(len == PEN_KEYS_BYTES);
	EVP_PKEY_free(key);
}

void pen_keys_exchange_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	make_public(EVP_PKEY_X25519, own, out);
}

void pen_keys_identity_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	make_public(EVP_PKEY_ED25519, own, out);
}

bool pen_keys_exchange(const uint8_t own[PEN_KEYS_BYTES], const uint8_t other[PEN_KEYS_BYTES],
	uint8_t out[PEN_KEYS_BYTES])
{
	size_t len = PEN_KEYS_BYTES;
	/* The secret needs our private half only; any public one will do beside it. */
	EVP_PKEY *ours = whole_key("X25519", own, other);
	EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(
		EVP_PKEY_X25519, NULL, other, PEN_KEYS_BYTES);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
	/* OpenSSL refuses what comes to zero, as RFC 7748 6.1 asks. */
	bool fine = theirs && ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
		EVP_PKEY_derive(ctx, out, &len) == 1 && len == PEN_KEYS_BYTES;
	if (!fine)
		memset(out, 0, PEN_KEYS_BYTES);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(ours);
	return fine;
}

void pen_keys_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES])
{
	size_t len = PEN_KEYS_SIGNATURE_BYTES;
	PEN_CHECK(message.at || !message.len);
	EVP_PKEY *pair = whole_key("ED25519", own, key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	PEN_CHECK(ctx != NULL);
	PEN_CHECK(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pair) == 1);
	PEN_CHECK(EVP_DigestSign(ctx, out, &len, message.at, message.len) == 1);
	PEN_CHECK(len == PEN_KEYS_SIGNATURE_BYTES);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pair);
}

bool pen_keys_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, other, PEN_KEYS_BYTES);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	PEN_CHECK(ctx != NULL);
	bool fine = key && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(
			ctx, signature, PEN_KEYS_SIGNATURE_BYTES, message.at, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return fine;
}
