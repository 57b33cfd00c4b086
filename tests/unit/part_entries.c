#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"
#include "part/entries.h"

static struct pen_hash hash_of(uint64_t i)
{
	struct pen_hash hash;
	pen_sha256((struct pen_bytes){(const uint8_t *)&i, sizeof i}, &hash);
	return hash;
}

Test(part_entries, empty)
{
	struct pen_entries entries = {0};
	struct pen_hash hash = hash_of(1);
	cr_expect_eq(pen_entries_find(&entries, &hash), PEN_ENTRY_NONE);
	pen_entries_reset(&entries);
	pen_entries_fini(&entries);
	pen_entries_fini(NULL);
}

Test(part_entries, finds_what_was_added_and_nothing_else)
{
	struct pen_entries entries = {0};
	static uint64_t values[5000];
	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 5000; i++) {
			struct pen_hash hash = hash_of(i);
			struct pen_bytes bytes = {(const uint8_t *)&values[i], 8};
			cr_assert_eq(pen_entries_add(&entries, &hash, bytes), 1);
			cr_assert_eq(pen_entries_add(&entries, &hash, (struct pen_bytes){0}), 0);
		}
		cr_expect_eq(entries.count, 5000);
		for (uint64_t i = 0; i < 10000; i++) {
			struct pen_hash hash = hash_of(i);
			uint32_t at = pen_entries_find(&entries, &hash);
			cr_assert_eq(at, i < 5000 ? (uint32_t)i : PEN_ENTRY_NONE);
			if (i < 5000)
				cr_assert_eq(pen_entries_at(&entries, at)->at, (void *)&values[i]);
		}
		pen_entries_reset(&entries);
		cr_expect_eq(pen_entries_reserve(&entries, 6000), 0);
	}
	pen_entries_fini(&entries);
}

Test(part_entries, enter_gives_the_index_of_old_and_new)
{
	struct pen_entries entries = {0};
	static uint8_t bytes[2000];
	for (uint32_t i = 0; i < 2000; i++) {
		struct pen_hash hash = hash_of(i), later = hash_of(i + PEN_ENTRIES_AHEAD);
		pen_entries_expect(&entries, &later);
		cr_assert_eq(
			pen_entries_enter(&entries, &hash, (struct pen_bytes){&bytes[i], 1}), i);
		cr_assert_eq(entries.count, i + 1);
		struct pen_hash old = hash_of(i / 2);
		cr_assert_eq(pen_entries_enter(&entries, &old, (struct pen_bytes){0}), i / 2);
		cr_assert_eq(entries.count, i + 1);
		cr_assert_eq(pen_entries_at(&entries, i / 2)->at, &bytes[i / 2]);
	}
	pen_entries_fini(&entries);
}

/* No table grows step by step a second time, and none stays large for few. */
Test(part_entries, a_table_begins_as_large_as_the_last_one)
{
	struct pen_entries entries = {0};
	static const struct {
		uint32_t add;
		unsigned bits_first, bits_last;
	} rows[] = {{1000, 7, 11}, {10, 11, 11}, {2000, 7, 12}, {1, 12, 12}, {1, 7, 7}};
	for (size_t r = 0; r < PEN_COUNT(rows); r++) {
		for (uint32_t i = 0; i < rows[r].add; i++) {
			struct pen_hash hash = hash_of(i);
			cr_assert_eq(pen_entries_add(&entries, &hash, (struct pen_bytes){0}), 1);
			if (i == 0)
				cr_expect_eq(entries.slot_bits, rows[r].bits_first, "row %zu", r);
		}
		cr_expect_eq(entries.slot_bits, rows[r].bits_last, "row %zu", r);
		pen_entries_reset(&entries);
	}
	pen_entries_fini(&entries);
}

/* The longest run of slots that are taken. */
static size_t longest_run(const struct pen_entries *entries)
{
	const uint32_t *slots = (const uint32_t *)(const void *)entries->slots.at;
	size_t longest = 0, run = 0;
	for (size_t i = 0; i < (size_t)1 << entries->slot_bits; i++) {
		run = slots[i] ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

/* Hashes that agree in all but a few bits do not make one long chain: the key spreads them. One key
 * of a thousand does not. */
Test(part_entries, close_hashes)
{
	for (size_t at = 0; at < 16; at += 4) {
		unsigned chained = 0;
		for (unsigned table = 0; table < 16; table++) {
			struct pen_entries entries = {0};
			struct pen_hash hash = {{0}};
			for (uint32_t i = 0; i < 4096; i++) {
				pen_put_le32(hash.bytes + at, i);
				cr_assert_eq(
					pen_entries_enter(&entries, &hash, (struct pen_bytes){0}),
					i);
			}
			chained += longest_run(&entries) > 1024;
			cr_expect_eq(pen_entries_find(&entries, &hash), 4095);
			pen_entries_fini(&entries);
		}
		cr_expect_leq(chained, 2);
	}
}
