#include "make_util.h"

#include <errno.h>

#include "base/check.h"
#include "make/make.h"
#include "part/judge.h"
#include "store/file.h"

static const struct shop_way usual;

Test(make_make, number_of_parts)
{
	static const struct {
		uint64_t memory_usage, asked, parts;
		int err;
	} rows[] = {
		{0, 0, 0, 0},
		{0, 1, 0, PEN_EREFUSED},
		{1, 0, 1, 0},
		{PEN_PART_MEMORY_LIMIT, 0, 1, 0},
		{PEN_PART_MEMORY_LIMIT + 1, 0, 2, 0},
		{100, 100, 100, 0},
		{100, 101, 0, PEN_EREFUSED},
		{UINT64_C(1) << 40, PEN_PARTS_MAX, PEN_PARTS_MAX, 0},
		{UINT64_C(1) << 40, PEN_PARTS_MAX + 1, 0, PEN_EREFUSED},
		{UINT64_C(1) << 42, 0, 0, PEN_EREFUSED},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_trie_sum sum = {.memory_usage = rows[i].memory_usage};
		uint64_t parts;
		int err = pen_make_parts(&sum, rows[i].asked, &parts, NULL);
		cr_assert_eq(err, rows[i].err, "row %zu", i);
		if (!err)
			cr_assert_eq(parts, rows[i].parts, "row %zu", i);
	}
}

/* The PartialState in a stored file, which is proved; to be given back with the judge. */
static struct pen_bytes content_of(
	struct pen_judge *judge, const struct pen_part_id *id, struct pen_bytes file)
{
	struct pen_bytes content;
	struct pen_why why = {0};
	cr_assert_eq(pen_judge_part(judge, id, file, &why), 0, "%s", why.text);
	cr_assert_eq(pen_judge_content(judge, &content, &why), 0, "%s", why.text);
	return content;
}

static void expect_golden(
	struct shop *shop, const char *state, enum pen_form form, const struct pen_part_id *id)
{
	char name[PEN_NAME_BYTES], golden_name[64], part[PEN_PART_NAME_BYTES];
	struct pen_buf ours = {0};
	struct pen_judge our_judge = {0}, their_judge = {0};
	pen_part_path(&shop->labels, form, id, name);
	snprintf(golden_name, sizeof golden_name, "golden/%s/%s", state,
		pen_part_name(PEN_FORM_NEARCORE, id->k, id->n, part));
	cr_assert_eq(pen_file_read(shop->disk, name, 1 << 28, &ours, NULL), 0, "%s", name);
	struct pen_buf theirs = test_data(golden_name);
	struct pen_bytes our_content = content_of(&our_judge, id, pen_buf_bytes(&ours));
	struct pen_bytes their_content = content_of(&their_judge, id, pen_buf_bytes(&theirs));
	cr_assert_eq(our_judge.form, form);
	cr_assert_eq(pen_bytes_compare(our_content, their_content), 0, "%s", name);
	pen_judge_fini(&our_judge);
	pen_judge_fini(&their_judge);
	pen_buf_fini(&ours);
	pen_buf_fini(&theirs);
}

Test(make_make, parts_are_those_of_nearcore, .timeout = 60)
{
	static const struct {
		unsigned jobs;
		size_t scratch;
	} ways[] = {{1, 0}, {4, 0}, {3, 200000}};
	static const struct {
		const char *data, *name;
		uint64_t parts;
	} rows[] = {{"mainnet-genesis.hex", "genesis", 5}, {"golden/small.kv.zst", "small", 7},
		{"golden/edges.kv.zst", "edges", 6}};
	for (size_t way = 0; way < PEN_COUNT(ways) * PEN_COUNT(rows); way++) {
		size_t i = way % PEN_COUNT(rows);
		struct shop_way how = {.jobs = ways[way / PEN_COUNT(rows)].jobs,
			.scratch = ways[way / PEN_COUNT(rows)].scratch,
			.forms = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN};
		struct shop shop = shop_open(rows[i].data);
		struct pen_make_sum sum, again;
		cr_assert_eq(shop_make(&shop, rows[i].parts, &how, &sum), 0);
		cr_assert_eq(sum.made, 2 * rows[i].parts);
		cr_assert_eq(sum.kept, 0);
		cr_assert_eq(sum.larger, 0);
		for (uint64_t k = 0; k < rows[i].parts; k++) {
			struct pen_part_id id = {shop.state.sum.root, k, rows[i].parts};
			expect_golden(&shop, rows[i].name, PEN_FORM_NEARCORE, &id);
			expect_golden(&shop, rows[i].name, PEN_FORM_LEAN, &id);
		}
		cr_assert_eq(shop_make(&shop, rows[i].parts, &how, &again), 0);
		cr_assert_eq(again.made, 0);
		cr_assert_eq(again.kept, 2 * rows[i].parts);
		const struct pen_make_files *there = &again.forms[PEN_FORM_NEARCORE],
					    *made = &sum.forms[PEN_FORM_NEARCORE];
		cr_assert_eq(there->content_bytes, made->content_bytes);
		cr_assert_eq(there->stored_bytes, made->stored_bytes);
		shop_close(&shop);
	}
}

static int stop_at_once(void *context, const struct pen_make_sum *sum)
{
	(void)context, (void)sum;
	return PEN_EINTERRUPTED;
}

static int stop_after_two(void *context, const struct pen_make_sum *sum)
{
	(void)context;
	return sum->made == 2 ? PEN_EINTERRUPTED : 0;
}

Test(make_make, goes_on_where_it_was_interrupted)
{
	struct shop shop = shop_open("mainnet-genesis.hex");
	struct pen_make_watch watch = {stop_after_two, NULL};
	const struct shop_way watched = {.watch = &watch};
	struct pen_make_sum sum;
	cr_assert_eq(shop_make(&shop, 9, &watched, &sum), PEN_EINTERRUPTED);
	cr_assert_eq(sum.made, 2);
	watch.fn = stop_at_once;
	cr_assert_eq(shop_make(&shop, 9, &watched, &sum), PEN_EINTERRUPTED);
	cr_assert_eq(sum.made, 0);
	cr_assert_eq(shop_make(&shop, 9, &usual, &sum), 0);
	cr_assert_eq(sum.made, 7);
	cr_assert_eq(sum.kept, 2);
	shop_close(&shop);
}

static int count_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	(void)name, (void)stat;
	++*(unsigned *)context;
	return 0;
}

Test(make_make, the_empty_state_is_an_empty_directory)
{
	struct shop shop = shop_open(NULL);
	struct pen_make_sum sum;
	char dir[PEN_NAME_BYTES];
	unsigned names = 0;
	for (int round = 0; round < 2; round++) {
		cr_assert_eq(shop_make(&shop, 0, &usual, &sum), 0);
		cr_assert_eq(sum.made, 0);
	}
	pen_labels_dir(&shop.labels, dir);
	cr_assert_eq(shop.disk->ops->list(shop.disk, dir, count_name, &names), 0);
	cr_assert_eq(names, 0);
	shop_close(&shop);
}

Test(make_make, nothing_is_overwritten)
{
	struct shop shop = shop_open("mainnet-genesis.hex");
	struct pen_make_sum sum;
	struct pen_buf left = {0};
	char name[PEN_NAME_BYTES];
	shop_put(&shop, 4, 5, "junk", 4);
	cr_assert_eq(shop_make(&shop, 5, &usual, &sum), PEN_EREFUSED);
	cr_assert_eq(sum.made, 0);
	shop_name(&shop, 4, 5, name);
	cr_assert_eq(pen_file_read(shop.disk, name, 100, &left, NULL), 0);
	cr_assert_eq(left.len, 4);
	shop_name(&shop, 0, 5, name);
	cr_assert_eq(pen_file_read(shop.disk, name, 100, &left, NULL), -ENOENT);
	pen_buf_fini(&left);
	shop_close(&shop);
}

Test(make_make, only_the_parts_asked_for)
{
	static const uint8_t some[] = {0x05, 0x01};
	struct shop shop = shop_open("mainnet-genesis.hex");
	struct pen_make_sum sum;
	const struct shop_way few = {.only = some};
	cr_assert_eq(shop_make(&shop, 9, &few, &sum), 0);
	cr_assert_eq(sum.made, 3);
	cr_assert_eq(shop_make(&shop, 9, &usual, &sum), 0);
	cr_assert_eq(sum.made, 6);
	cr_assert_eq(sum.kept, 3);
	shop_close(&shop);
}
