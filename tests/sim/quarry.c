/* A copy of what SHA-256 knows halfway is what the low-level calls are used for. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "sim/quarry.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/rng.h"

/* What SHA-256 knows is kept after each such stretch of a block: an object's last block may end
 * anywhere. */
#define STRETCH_BYTES (16u << 10)
#define STRETCHES (PEN_RAW_BLOCK_BYTES / STRETCH_BYTES)
/* Where its chance begins. */
#define QUARRY UINT64_C(0x717561727279)

static struct quarry {
	uint8_t *bytes;
	uint32_t blocks; /* that are made */
	SHA256_CTX known[QUARRY_BLOCKS]
			[STRETCHES + 1]; /* before each stretch, and after the last */
} quarry;

static uint8_t *block_at(uint32_t block)
{
	return quarry.bytes + (size_t)block * PEN_RAW_BLOCK_BYTES;
}

static void block_make(uint32_t block)
{
	struct pen_rng rng = {pen_rng_mix(QUARRY + block)};
	static const uint8_t prefix;
	SHA256_CTX ctx;
	pen_rng_bytes(&rng, block_at(block), PEN_RAW_BLOCK_BYTES);
	SHA256_Init(&ctx);
	SHA256_Update(&ctx, &prefix, 1);
	for (uint32_t i = 0; i < STRETCHES; i++) {
		quarry.known[block][i] = ctx;
		SHA256_Update(&ctx, block_at(block) + (size_t)i * STRETCH_BYTES, STRETCH_BYTES);
	}
	quarry.known[block][STRETCHES] = ctx;
}

const uint8_t *quarry_bytes(uint32_t first, uint32_t bytes)
{
	PEN_CHECK(first < QUARRY_FIRST_MAX);
	PEN_CHECK(bytes <= PLAN_BYTES_MAX);
	if (!quarry.bytes)
		quarry.bytes = aligned_alloc(
			PEN_RAW_BLOCK_BYTES, (size_t)QUARRY_BLOCKS * PEN_RAW_BLOCK_BYTES);
	PEN_CHECK(quarry.bytes);
	for (; quarry.blocks < first + pen_raw_blocks(bytes); quarry.blocks++)
		block_make(quarry.blocks);
	return block_at(first);
}

void quarry_leaf(uint32_t block, uint32_t bytes, struct pen_hash *leaf)
{
	PEN_CHECK(block < quarry.blocks);
	PEN_CHECK(bytes > 0 && bytes <= PEN_RAW_BLOCK_BYTES);
	uint32_t last = (bytes - 1) / STRETCH_BYTES;
	SHA256_CTX ctx = quarry.known[block][last];
	SHA256_Update(
		&ctx, block_at(block) + (size_t)last * STRETCH_BYTES, bytes - last * STRETCH_BYTES);
	SHA256_Final(leaf->bytes, &ctx);
}
