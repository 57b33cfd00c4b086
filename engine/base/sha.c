/* The low-level calls are deprecated in OpenSSL 3 and still its only path without set-up cost. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/sha.h"

#include <openssl/sha.h>

#include "base/sha_ni.h"

/* Below this many messages the second lane has nothing to do. */
#define MANY_MIN 2

static _Thread_local uint64_t blocks;

/* One byte of padding and eight of length follow a message. */
static uint64_t blocks_of(size_t len)
{
	return len / 64 + (len % 64 < 56 ? 1 : 2);
}

/* Asked once a thread: CPUID is a trip out of a virtual machine. */
static bool use_lanes(void)
{
	static _Thread_local enum { UNKNOWN, YES, NO } known;
	if (known == UNKNOWN)
		known = pen_sha_ni_available() ? YES : NO;
	return known == YES;
}

static void finish(
	SHA256_CTX *ctx, const struct pen_bytes *runs, size_t count, struct pen_hash *out)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		SHA256_Update(ctx, runs[i].at, runs[i].len);
		len += runs[i].len;
	}
	SHA256_Final(out->bytes, ctx);
	blocks += blocks_of(len);
}

void pen_sha256(struct pen_bytes message, struct pen_hash *out)
{
	pen_sha256_runs(&message, 1, out);
}

void pen_sha256_many(const struct pen_bytes *messages, size_t count, struct pen_hash *out)
{
	if (count < MANY_MIN || !use_lanes()) {
		for (size_t i = 0; i < count; i++)
			pen_sha256(messages[i], &out[i]);
		return;
	}
	pen_sha_ni_many(messages, count, out);
	for (size_t i = 0; i < count; i++)
		blocks += blocks_of(messages[i].len);
}

void pen_sha256_runs(const struct pen_bytes *runs, size_t count, struct pen_hash *out)
{
	SHA256_CTX ctx;
	SHA256_Init(&ctx);
	finish(&ctx, runs, count, out);
}

void pen_sha256_begin(const uint8_t block[PEN_SHA_BLOCK_BYTES], struct pen_sha_state *out)
{
	SHA256_CTX ctx;
	SHA256_Init(&ctx);
	SHA256_Transform(&ctx, block);
	static_assert(sizeof ctx.h == sizeof out->h, "eight words");
	memcpy(out->h, ctx.h, sizeof out->h);
	blocks++;
}

void pen_sha256_from(const struct pen_sha_state *begun, const struct pen_bytes *runs, size_t count,
	struct pen_hash *out)
{
	SHA256_CTX ctx;
	SHA256_Init(&ctx);
	memcpy(ctx.h, begun->h, sizeof begun->h);
	ctx.Nl = 8 * PEN_SHA_BLOCK_BYTES;
	finish(&ctx, runs, count, out);
}

uint64_t pen_sha256_blocks(void)
{
	return blocks;
}
