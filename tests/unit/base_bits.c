/* Ranges of bitmaps: every range of three words, against bit by bit. */
#include "base/bits.h"

#include <criterion/criterion.h>

#define BITS 192u

static bool is_set(const uint64_t *words, unsigned bit)
{
	return words[bit / 64] >> bit % 64 & 1;
}

Test(base_bits, puts_ranges)
{
	for (unsigned from = 0; from <= BITS; from++) {
		for (unsigned end = from; end <= BITS; end++) {
			uint64_t ones[3] = {0}, zeros[3] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
			pen_bits_put(ones, from, end - from, true);
			pen_bits_put(zeros, from, end - from, false);
			for (unsigned i = 0; i < BITS; i++) {
				bool in = i >= from && i < end;
				cr_assert_eq(is_set(ones, i), in, "%u..%u: %u", from, end, i);
				cr_assert_eq(is_set(zeros, i), !in, "%u..%u: %u", from, end, i);
			}
		}
	}
}

Test(base_bits, counts_ones_of_a_word)
{
	for (unsigned from = 0; from < BITS; from++) {
		for (unsigned end = from; end <= BITS; end++) {
			uint64_t words[3] = {0};
			unsigned left = 64 - from % 64;
			pen_bits_put(words, from, end - from, true);
			cr_assert_eq(pen_bits_ones(words, from),
				end - from < left ? end - from : left, "%u..%u", from, end);
		}
	}
}

Test(base_bits, masks)
{
	cr_expect_eq(pen_bits_mask(0, 64), UINT64_MAX);
	cr_expect_eq(pen_bits_mask(0, 1), 1);
	cr_expect_eq(pen_bits_mask(63, 64), UINT64_C(1) << 63);
	cr_expect_eq(pen_bits_mask(4, 8), 0xf0);
}
