#include <criterion/criterion.h>

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

/* Hashes that agree in all but a few bits do not make one long chain: the key spreads them. */
Test(part_entries, close_hashes)
{
	struct pen_entries entries = {0};
	for (uint64_t i = 0; i < 4096; i++) {
		struct pen_hash hash = {{0}};
		pen_put_le64(hash.bytes + 24, i);
		cr_assert_eq(pen_entries_add(&entries, &hash, (struct pen_bytes){0}), 1);
	}
	struct pen_hash last = {{0}};
	pen_put_le64(last.bytes + 24, 4095);
	cr_expect_eq(pen_entries_find(&entries, &last), 4095);
	pen_entries_fini(&entries);
}
