#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/rng.h"
#include "make/sort.h"

/* Random strings that begin alike, repeat, and are prefixes of each other. */
static size_t fill(struct pen_rng *rng, uint8_t *memory, struct pen_key *keys, size_t count)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		size_t len = pen_rng_below(rng, 60), same = pen_rng_below(rng, 48);
		uint8_t start = pen_rng_below(rng, 2) ? 7 : 0;
		for (size_t j = 0; j < len; j++)
			memory[used + j] = j < same ? start : (uint8_t)pen_rng_below(rng, 4);
		keys[i] = pen_key_of(memory, used, (uint32_t)len);
		used += len;
	}
	return used;
}

Test(make_sort, agrees_with_plain_comparison)
{
	static uint8_t memory[300000];
	static struct pen_key keys[5000], spare[5000];
	struct pen_rng rng = {2};
	static const size_t counts[] = {0, 1, 2, 23, 24, 25, 300, 5000};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		size_t count = counts[i];
		fill(&rng, memory, keys, count);
		pen_sort(memory, keys, spare, count);
		for (size_t k = 1; k < count; k++) {
			struct pen_bytes a = {memory + keys[k - 1].at, keys[k - 1].len};
			struct pen_bytes b = {memory + keys[k].at, keys[k].len};
			cr_assert_leq(pen_bytes_compare(a, b), 0);
		}
		size_t distinct = pen_sort_distinct(memory, keys, count);
		cr_assert_leq(distinct, count);
		for (size_t k = 1; k < distinct; k++)
			cr_assert_lt(pen_key_compare(memory, &keys[k - 1], &keys[k]), 0);
	}
}

/* All alike: the radix has nothing to tell apart. */
Test(make_sort, equal_strings)
{
	static uint8_t memory[64];
	static struct pen_key keys[3000], spare[3000];
	for (size_t i = 0; i < 3000; i++)
		keys[i] = pen_key_of(memory, i % 7, 50);
	pen_sort(memory, keys, spare, 3000);
	cr_expect_eq(pen_sort_distinct(memory, keys, 3000), 1);
	memory[63] = 1;
	for (size_t i = 0; i < 3000; i++)
		keys[i] = pen_key_of(memory, i % 2 ? 14 : 0, 50);
	pen_sort(memory, keys, spare, 3000);
	cr_expect_eq(pen_sort_distinct(memory, keys, 3000), 2);
	cr_expect_eq(keys[0].at, 0);
}
