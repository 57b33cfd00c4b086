/*
 * sha: SHA-256 (FIPS 180-4), the one place in the project that hashes with it.
 *
 * Trie nodes are short (about 91 bytes), so the low-level block functions are used, not the
 * one-shot EVP calls, whose set-up costs more than the hash; many messages go through an own
 * kernel of two interleaved lanes where the CPU has the SHA extensions (base/sha_ni.h). Pure
 * functions, any thread; the count of hash blocks is kept per thread.
 */
#ifndef PEN_BASE_SHA_H
#define PEN_BASE_SHA_H

#include "base/bits.h"

#define PEN_HASH_BYTES 32

/* A SHA-256 digest: the name of a trie node, of a value, of a state. */
struct pen_hash {
	uint8_t bytes[PEN_HASH_BYTES];
};

/* The digest of one message. `out` may lie in the message. */
void pen_sha256(struct pen_bytes message, struct pen_hash *out);

/* The digests of `count` messages, out[i] of messages[i]. The preferred call for many. */
void pen_sha256_many(const struct pen_bytes *messages, size_t count, struct pen_hash *out);

/* The digest of `count` runs of bytes, one behind the other: a prefix and a block, without a copy.
 */
void pen_sha256_runs(const struct pen_bytes *runs, size_t count, struct pen_hash *out);

#define PEN_SHA_BLOCK_BYTES 64

/* What SHA-256 knows after one block. */
struct pen_sha_state {
	uint32_t h[8];
};

/* The state after this block, the first. */
void pen_sha256_begin(const uint8_t block[PEN_SHA_BLOCK_BYTES], struct pen_sha_state *out);

/* The digest of that block and `count` runs behind it. */
void pen_sha256_from(const struct pen_sha_state *begun, const struct pen_bytes *runs, size_t count,
	struct pen_hash *out);

/* 64-byte blocks compressed by this thread since it started, padding included. */
uint64_t pen_sha256_blocks(void);

/* True if both are the same 32 bytes; not in constant time, nothing here is secret. */
static inline int pen_hash_equal(const struct pen_hash *a, const struct pen_hash *b)
{
	return memcmp(a->bytes, b->bytes, PEN_HASH_BYTES) == 0;
}

/* The zero hash is the root of the empty trie. */
static inline int pen_hash_is_zero(const struct pen_hash *hash)
{
	static const struct pen_hash zero;
	return pen_hash_equal(hash, &zero);
}

#endif
