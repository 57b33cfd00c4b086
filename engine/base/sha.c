/* The low-level calls are deprecated in OpenSSL 3 and still its only path without set-up cost. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/sha.h"

#include <openssl/sha.h>

static _Thread_local uint64_t blocks;

void pen_sha256(struct pen_bytes message, struct pen_hash *out)
{
	SHA256_CTX ctx;
	SHA256_Init(&ctx);
	SHA256_Update(&ctx, message.at, message.len);
	SHA256_Final(out->bytes, &ctx);
	/* One byte of padding and eight of length follow the message. */
	blocks += (message.len + 9 + 63) / 64;
}

void pen_sha256_many(const struct pen_bytes *messages, size_t count, struct pen_hash *out)
{
	for (size_t i = 0; i < count; i++)
		pen_sha256(messages[i], &out[i]);
}

uint64_t pen_sha256_blocks(void)
{
	return blocks;
}
