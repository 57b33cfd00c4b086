#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "store/layout.h"

#define EPOCH "CVDFLCAjXhVWiPXH9nTCTpCgVzmDVoiPzNJYuccr1dqB"

static struct pen_labels labels_sample(void)
{
	struct pen_labels labels = {.chain = "mainnet", .epoch_height = 3169, .shard = 7};
	memset(labels.epoch_id.bytes, 0xaa, 32);
	return labels;
}

Test(store_layout, part_names)
{
	static const struct {
		const char *name;
		int result;
		enum pen_form form;
		uint32_t k, n;
	} rows[] = {
		{"state_part_000005_of_000015", 0, PEN_FORM_NEARCORE, 5, 15},
		{"state_part_000000_of_000001", 0, PEN_FORM_NEARCORE, 0, 1},
		{"state_part_999999_of_999999", 0, PEN_FORM_NEARCORE, 999999, 999999},
		{"lean_part_000005_of_000015", 0, PEN_FORM_LEAN, 5, 15},
		{"lean_part_999999_of_999999", 0, PEN_FORM_LEAN, 999999, 999999},
		{.name = "123123", .result = PEN_EINPUT},
		{.name = "", .result = PEN_EINPUT},
		{.name = "state_part_0000005_of_000015", .result = PEN_EINPUT},
		{.name = "state_part_000005_of_0000015", .result = PEN_EINPUT},
		{.name = "state_part_00005_of_000015", .result = PEN_EINPUT},
		{.name = "state_part_000005_of_000015 ", .result = PEN_EINPUT},
		{.name = " state_part_000005_of_000015", .result = PEN_EINPUT},
		{.name = "state_part_+00005_of_000015", .result = PEN_EINPUT},
		{.name = "state_part_000005_of_", .result = PEN_EINPUT},
		{.name = "lean_part_000005_of_000015 ", .result = PEN_EINPUT},
		{.name = "lean_part_00005_of_000015", .result = PEN_EINPUT},
		{.name = "leanstate_part_000005_of_000015", .result = PEN_EINPUT},
		{.name = "raw_part_000000_of_000001", .result = PEN_EINPUT},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		enum pen_form form;
		uint32_t k, n;
		char name[PEN_PART_NAME_BYTES];
		cr_assert_eq(pen_part_name_parse(rows[i].name, &form, &k, &n), rows[i].result, "%s",
			rows[i].name);
		if (rows[i].result)
			continue;
		cr_assert_eq(form, rows[i].form);
		cr_assert_eq(k, rows[i].k);
		cr_assert_eq(n, rows[i].n);
		cr_assert_str_eq(pen_part_name(form, k, n, name), rows[i].name);
	}
}

Test(store_layout, directories)
{
	struct pen_labels labels = labels_sample(), back;
	char name[PEN_NAME_BYTES];
	cr_assert_str_eq(pen_labels_header(&labels, name),
		"chain_id=mainnet/epoch_height=3169/epoch_id=" EPOCH "/headers/shard_id=7/header");
	const struct pen_part_id id = {.k = 5, .n = 143};
	cr_assert_str_eq(pen_part_path(&labels, PEN_FORM_NEARCORE, &id, name),
		"chain_id=mainnet/epoch_height=3169/epoch_id=" EPOCH
		"/shard_id=7/state_part_000005_of_000143");
	cr_assert_str_eq(pen_part_path(&labels, PEN_FORM_LEAN, &id, name),
		"chain_id=mainnet/epoch_height=3169/epoch_id=" EPOCH
		"/shard_id=7/lean_part_000005_of_000143");
	cr_assert_str_eq(pen_raw_path(&labels.epoch_id, name), "raw/" EPOCH);
	cr_assert_str_eq(pen_labels_dir(&labels, name),
		"chain_id=mainnet/epoch_height=3169/epoch_id=" EPOCH "/shard_id=7");
	cr_assert_eq(pen_labels_parse(name, &back), 0);
	cr_assert_str_eq(back.chain, "mainnet");
	cr_assert_eq(back.epoch_height, 3169);
	cr_assert_eq(back.shard, 7);
	cr_assert(pen_hash_equal(&back.epoch_id, &labels.epoch_id));
}

Test(store_layout, the_longest_name_fits)
{
	struct pen_labels labels = {.epoch_height = UINT64_MAX, .shard = UINT64_MAX}, back;
	memset(labels.chain, 'c', PEN_CHAIN_BYTES_MAX);
	memset(labels.epoch_id.bytes, 0xff, 32);
	char name[PEN_NAME_BYTES];
	const struct pen_part_id id = {.k = 999999, .n = 999999};
	cr_assert_str_eq(strrchr(pen_part_path(&labels, PEN_FORM_NEARCORE, &id, name), '/'),
		"/state_part_999999_of_999999");
	*strrchr(name, '/') = 0;
	cr_assert_eq(pen_labels_parse(name, &back), 0);
	cr_assert_eq(back.shard, UINT64_MAX);
}

Test(store_layout, refuses_other_labels)
{
	static const char *const rows[] = {"",
		"chain_id=", "chain_id=a/epoch_height=1/epoch_id=test/shard_id=0",
		"chain_id=A/epoch_height=1/epoch_id=" EPOCH "/shard_id=0",
		"chain_id=/epoch_height=1/epoch_id=" EPOCH "/shard_id=0",
		"chain_id=../epoch_height=1/epoch_id=" EPOCH "/shard_id=0",
		"chain_id=a/epoch_height=01/epoch_id=" EPOCH "/shard_id=0",
		"chain_id=a/epoch_height=-1/epoch_id=" EPOCH "/shard_id=0",
		"chain_id=a/epoch_height=/epoch_id=" EPOCH "/shard_id=0",
		"chain_id=a/epoch_height=1/epoch_id=" EPOCH "1/shard_id=0",
		"chain_id=a/epoch_height=1/epoch_id=" EPOCH "/shard_id=18446744073709551616",
		"chain_id=a/epoch_height=1/epoch_id=" EPOCH "/shard_id=0/",
		"chain_id=a/epoch_height=1/epoch_id=" EPOCH "/shard_id=s0.v1",
		"chain_id=a/epoch_height=1/epoch_id=" EPOCH,
		"chain_id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
		"epoch_height=1/epoch_id=" EPOCH "/shard_id=0"};
	struct pen_labels labels;
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_assert_eq(pen_labels_parse(rows[i], &labels), PEN_EINPUT, "%s", rows[i]);
}

Test(store_layout, names_of_side_files)
{
	struct pen_hash root = {{0}};
	char name[PEN_ASIDE_NAME_BYTES];
	cr_expect_str_eq(pen_pages_name(".penstock/", &root, name),
		".penstock/pages/11111111111111111111111111111111");
	cr_expect_str_eq(pen_node_name("", &root, name), "nodes/11111111111111111111111111111111");
}
