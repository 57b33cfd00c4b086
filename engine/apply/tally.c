#include "apply/tally.h"

#include <xxhash.h>

static_assert(PEN_TALLY_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN, "XXH3 wants a longer secret");
static_assert(PEN_TALLY_RANGES == 1 << 12, "a range is named by 12 bits");

unsigned __int128 pen_tally_hash(
	const uint8_t secret[PEN_TALLY_SECRET_BYTES], const struct pen_hash *hash, uint64_t len)
{
	uint8_t entry[PEN_HASH_BYTES + 8];
	memcpy(entry, hash->bytes, PEN_HASH_BYTES);
	pen_put_le64(entry + PEN_HASH_BYTES, len);
	XXH128_hash_t sum = XXH3_128bits_withSecret(
		entry, sizeof entry, secret, PEN_TALLY_SECRET_BYTES);
	return (unsigned __int128)sum.high64 << 64 | sum.low64;
}

void pen_tally_use(struct pen_tally *tally, const struct pen_hash *hash, uint64_t len)
{
	struct pen_tally_range *range = &tally->ranges[pen_tally_range_of(hash)];
	range->sum += pen_tally_hash(tally->secret, hash, len);
	range->used++;
}

void pen_tally_store(
	struct pen_tally *tally, const struct pen_hash *hash, uint64_t len, int64_t refs)
{
	struct pen_tally_range *range = &tally->ranges[pen_tally_range_of(hash)];
	range->sum -= pen_tally_hash(tally->secret, hash, len) * (unsigned __int128)refs;
	range->stored++;
}

bool pen_tally_even(const struct pen_tally *tally)
{
	for (unsigned i = 0; i < PEN_TALLY_RANGES; i++) {
		if (tally->ranges[i].sum)
			return false;
	}
	return true;
}
