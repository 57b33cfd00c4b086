#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "part/id.h"
#include "util.h"

/* nearcore core/primitives/src/state_sync.rs, test_get_num_state_parts. */
Test(part_id, number_of_parts)
{
	const uint64_t limit = PEN_PART_MEMORY_LIMIT;
	const struct {
		uint64_t memory_usage, parts;
	} rows[] = {{0, 0}, {1, 1}, {limit, 1}, {limit + 1, 2}, {100 * limit, 100},
		{100 * limit + 1, 101}, {UINT64_MAX, UINT64_MAX / limit + 1}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_expect_eq(pen_part_count(rows[i].memory_usage), rows[i].parts);
	cr_expect_eq(limit, 31457280);
	cr_expect_eq(pen_part_count_max(0), 0);
	cr_expect_eq(pen_part_count_max(690), 690);
	cr_expect_eq(pen_part_count_max(UINT64_MAX), 65536);
}

Test(part_id, shards)
{
	static const char *const good[] = {"s7.v3", "s0.v0", "s4294967295.v4294967295"};
	static const char *const bad[] = {"", "s", "7", "s7", "s7.", "s7.v", "s7.v3 ", "s-7.v3",
		"s4294967296.v0", "s0.v99999999999999999999999", "S7.v3", "s7.3", "s.v3"};
	struct pen_shard shard;
	char text[PEN_SHARD_TEXT_BYTES], hex[20];
	uint8_t key[PEN_SHARD_KEY_BYTES];
	for (size_t i = 0; i < PEN_COUNT(good); i++) {
		cr_assert_eq(pen_shard_parse(good[i], &shard), 0);
		cr_expect_str_eq(pen_shard_text(shard, text), good[i]);
	}
	for (size_t i = 0; i < PEN_COUNT(bad); i++)
		cr_expect_eq(pen_shard_parse(bad[i], &shard), PEN_EINPUT, "%s", bad[i]);
	pen_shard_key((struct pen_shard){.version = 3, .id = 7}, key);
	cr_expect_str_eq(pen_hex((struct pen_bytes){key, 8}, hex), "0300000007000000");
}
