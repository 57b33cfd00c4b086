#include <criterion/criterion.h>

#include <stdlib.h>

#include "apply/tally.h"
#include "base/check.h"

Test(apply_tally, uses_and_counts_cancel)
{
	struct pen_tally *tally = calloc(1, sizeof *tally);
	struct pen_hash hashes[64];
	memset(tally->secret, 7, sizeof tally->secret);
	cr_assert(pen_tally_even(tally));
	for (uint8_t i = 0; i < 64; i++) {
		pen_sha256((struct pen_bytes){&i, 1}, &hashes[i]);
		for (unsigned n = 0; n <= i; n++)
			pen_tally_use(tally, &hashes[i], 100);
	}
	cr_assert(!pen_tally_even(tally));
	for (unsigned i = 64; i-- > 0;)
		pen_tally_store(tally, &hashes[i], 100, (int64_t)i + 1);
	cr_assert(pen_tally_even(tally));
	/* One off, a length off, one entry in another's place, and the range that shows it. */
	static const struct {
		unsigned use, store;
		uint64_t len;
		int64_t refs;
	} rows[] = {{3, 3, 100, 2}, {3, 3, 101, 1}, {3, 4, 100, 1}, {3, 3, 100, INT64_MAX},
		{3, 3, 100, 0}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		const struct pen_hash *used = &hashes[rows[i].use],
				      *stored = &hashes[rows[i].store];
		pen_tally_use(tally, used, 100);
		pen_tally_store(tally, stored, rows[i].len, rows[i].refs);
		cr_assert(!pen_tally_even(tally), "row %zu", i);
		cr_assert(tally->ranges[pen_tally_range_of(used)].sum, "row %zu", i);
		pen_tally_store(tally, used, 100, 1);
		pen_tally_store(tally, stored, rows[i].len, -rows[i].refs);
		cr_assert(pen_tally_even(tally), "row %zu", i);
	}
	free(tally);
}

Test(apply_tally, the_secret_counts)
{
	uint8_t a[PEN_TALLY_SECRET_BYTES], b[PEN_TALLY_SECRET_BYTES];
	struct pen_hash hash = {{0xab, 0xcd}};
	memset(a, 1, sizeof a);
	memset(b, 1, sizeof b);
	b[0] = 2;
	cr_assert(pen_tally_hash(a, &hash, 1) == pen_tally_hash(a, &hash, 1));
	cr_assert(pen_tally_hash(a, &hash, 1) != pen_tally_hash(b, &hash, 1));
	cr_assert(pen_tally_hash(a, &hash, 1) != pen_tally_hash(a, &hash, 2));
	cr_assert_eq(pen_tally_range_of(&hash), 0xabc);
}
