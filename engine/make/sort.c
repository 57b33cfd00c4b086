#include "make/sort.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"

/* Fewer keys than this are sorted by insertion: a radix pass would cost more. */
#define FEW 24
#define RADIX 256
#define DIGITS 8
/* Numbers that a string is sorted by before it is compared: a long beginning in common is either a
 * repetition or rare. */
#define WORDS 3
/* Keys whose strings are asked for ahead of reading on in them. */
#define AHEAD 16

static_assert(sizeof(struct pen_key) == 16, "keys are moved often");

/* Bytes [from, from + 8) of a string as a number, zeros behind its end. */
static uint64_t word_at(const uint8_t *string, size_t len, size_t from)
{
	uint8_t bytes[8] = {0};
	if (from + sizeof bytes <= len)
		return __builtin_bswap64(pen_le64(string + from));
	if (from < len)
		memcpy(bytes, string + from, len - from);
	return __builtin_bswap64(pen_le64(bytes));
}

struct pen_key pen_key_of(const uint8_t *memory, size_t at, uint32_t len)
{
	uint64_t first = word_at(memory + at, len, 0), head = first >> 48 << 48;
	PEN_DCHECK(at <= UINT32_MAX);
	if (first << 16 >> 40)
		first = head | UINT64_C(1) << 40 | first << 16 >> 24;
	else
		first = head | word_at(memory + at, len, 2) << 24 >> 24;
	return (struct pen_key){first, (uint32_t)at, len};
}

/* Where the bytes begin that follow those in the first number. */
static uint16_t first_end(const struct pen_key *key)
{
	return key->digits >> 40 & 1 ? 7 : 10;
}

static struct pen_bytes string_of(const uint8_t *memory, const struct pen_key *key)
{
	return (struct pen_bytes){memory + key->at, key->len};
}

int pen_key_compare(const uint8_t *memory, const struct pen_key *a, const struct pen_key *b)
{
	return pen_bytes_compare(string_of(memory, a), string_of(memory, b));
}

/* The same for two that agree in all that came before their numbers. */
static int compare(const uint8_t *memory, const struct pen_key *a, const struct pen_key *b)
{
	if (a->digits != b->digits)
		return a->digits < b->digits ? -1 : 1;
	return pen_key_compare(memory, a, b);
}

static int compare_r(const void *a, const void *b, void *memory)
{
	return pen_key_compare(memory, a, b);
}

static uint8_t digit(const struct pen_key *key, unsigned i)
{
	return (uint8_t)(key->digits >> (56 - 8 * i));
}

static void sort_few(const uint8_t *memory, struct pen_key *keys, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct pen_key key = keys[i];
		size_t at = i;
		for (; at && compare(memory, &key, &keys[at - 1]) < 0; at--)
			keys[at] = keys[at - 1];
		keys[at] = key;
	}
}

/* A stretch of keys that agree in all digits before `digit` of this word. */
struct range {
	uint32_t begin, count;
	uint8_t digit, word;
	uint16_t end; /* bytes of a string up to the end of this word; unused in the first */
};

/* Ranges that wait: each pass leaves at most RADIX behind, one of which goes on at once. */
#define RANGES_MAX (RADIX * DIGITS * WORDS)

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

/* All keys of a range agree in their numbers: go on with the bytes that follow. */
static void read_on(const uint8_t *memory, struct pen_key *keys, struct range *range)
{
	struct pen_key *first = keys + range->begin;
	uint16_t from = range->word ? range->end : first_end(first);
	for (size_t i = 0; i < range->count; i++) {
		if (i + AHEAD < range->count)
			__builtin_prefetch(memory + first[i + AHEAD].at + from);
		first[i].digits = word_at(memory + first[i].at, first[i].len, from);
	}
	range->digit = 0;
	range->word++;
	range->end = (uint16_t)(from + 8);
}

void pen_sort(const uint8_t *memory, struct pen_key *keys, struct pen_key *spare, size_t count)
{
	struct range waiting[RANGES_MAX];
	size_t ends[RADIX], depth = 0;
	PEN_CHECK(count <= UINT32_MAX);
	waiting[depth++] = (struct range){.count = (uint32_t)count};
	while (depth) {
		struct range range = waiting[--depth];
		if (range.count <= FEW) {
			sort_few(memory, keys + range.begin, range.count);
			continue;
		}
		if (range.digit == DIGITS && range.word + 1 == WORDS) {
			qsort_r(keys + range.begin, range.count, sizeof *keys, compare_r,
				(void *)(uintptr_t)memory);
			continue;
		}
		if (range.digit == DIGITS)
			read_on(memory, keys, &range);
		if (!pass(keys, spare, &range, ends)) {
			range.digit++;
			waiting[depth++] = range;
			continue;
		}
		for (size_t i = 0, begin = 0; i < RADIX; begin = ends[i++]) {
			if (ends[i] == begin)
				continue;
			PEN_DCHECK(depth < RANGES_MAX);
			waiting[depth] = range;
			waiting[depth].begin += (uint32_t)begin;
			waiting[depth].count = (uint32_t)(ends[i] - begin);
			waiting[depth++].digit++;
		}
	}
}

/* Equal strings have equal numbers, wherever the sort left off: they went through it together. */
static bool equal(const uint8_t *memory, const struct pen_key *a, const struct pen_key *b)
{
	return a->digits == b->digits && a->len == b->len && pen_key_compare(memory, a, b) == 0;
}

size_t pen_sort_distinct(const uint8_t *memory, struct pen_key *keys, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (!kept || !equal(memory, &keys[i], &keys[kept - 1]))
			keys[kept++] = keys[i];
	}
	return kept;
}
