#include "make/sort.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"

/* Fewer keys than this are sorted by insertion: a radix pass would cost more. */
#define FEW 24
#define RADIX 256
#define DIGITS 16

struct pen_key pen_key_of(const uint8_t *memory, uint64_t at, uint32_t len)
{
	uint8_t first[16] = {0};
	if (len >= sizeof first)
		memcpy(first, memory + at, sizeof first);
	else
		memcpy(first, memory + at, len);
	return (struct pen_key){__builtin_bswap64(pen_le64(first)),
		__builtin_bswap64(pen_le64(first + 8)), at, len};
}

int pen_key_compare(const uint8_t *memory, const struct pen_key *a, const struct pen_key *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return pen_bytes_compare((struct pen_bytes){memory + a->at, a->len},
		(struct pen_bytes){memory + b->at, b->len});
}

static uint8_t digit(const struct pen_key *key, unsigned i)
{
	return (uint8_t)((i < 8 ? key->high : key->low) >> (56 - 8 * (i & 7)));
}

static int compare_r(const void *a, const void *b, void *memory)
{
	return pen_key_compare(memory, a, b);
}

static void sort_few(const uint8_t *memory, struct pen_key *keys, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct pen_key key = keys[i];
		size_t at = i;
		for (; at && pen_key_compare(memory, &key, &keys[at - 1]) < 0; at--)
			keys[at] = keys[at - 1];
		keys[at] = key;
	}
}

/* A stretch of keys that agree in all digits before `digit`. */
struct range {
	size_t begin, count;
	unsigned digit;
};

/* Ranges that wait: each pass leaves at most RADIX behind, one of which goes on at once. */
#define RANGES_MAX (RADIX * DIGITS)

/* Put a range in order of one digit; returns false if all keys agree in it. */
static bool pass(
	struct pen_key *keys, struct pen_key *spare, const struct range *range, size_t ends[RADIX])
{
	size_t counts[RADIX] = {0}, at = 0;
	struct pen_key *first = keys + range->begin;
	for (size_t i = 0; i < range->count; i++)
		counts[digit(&first[i], range->digit)]++;
	if (counts[digit(first, range->digit)] == range->count)
		return false;
	for (unsigned i = 0; i < RADIX; i++) {
		size_t begin = at;
		at += counts[i];
		ends[i] = begin;
	}
	for (size_t i = 0; i < range->count; i++)
		spare[ends[digit(&first[i], range->digit)]++] = first[i];
	memcpy(first, spare, range->count * sizeof *first);
	return true;
}

void pen_sort(const uint8_t *memory, struct pen_key *keys, struct pen_key *spare, size_t count)
{
	struct range waiting[RANGES_MAX];
	size_t ends[RADIX], depth = 0;
	waiting[depth++] = (struct range){0, count, 0};
	while (depth) {
		struct range range = waiting[--depth];
		if (range.count <= FEW) {
			sort_few(memory, keys + range.begin, range.count);
			continue;
		}
		if (range.digit == DIGITS) {
			qsort_r(keys + range.begin, range.count, sizeof *keys, compare_r,
				(void *)(uintptr_t)memory);
			continue;
		}
		if (!pass(keys, spare, &range, ends)) {
			range.digit++;
			waiting[depth++] = range;
			continue;
		}
		for (size_t i = 0, begin = 0; i < RADIX; begin = ends[i++]) {
			if (ends[i] == begin)
				continue;
			PEN_DCHECK(depth < RANGES_MAX);
			waiting[depth++] = (struct range){
				range.begin + begin, ends[i] - begin, range.digit + 1};
		}
	}
}

size_t pen_sort_distinct(const uint8_t *memory, struct pen_key *keys, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept && pen_key_compare(memory, &keys[i], &keys[kept - 1]) == 0)
			continue;
		keys[kept++] = keys[i];
	}
	return kept;
}
