#include "make_util.h"

#include <errno.h>

#include "base/check.h"
#include "make/make.h"
#include "part/envelope.h"
#include "store/file.h"

/* How the next run goes about it. */
static unsigned jobs = 1;
static size_t scratch;
static const uint8_t *only;

static int run(struct shop *shop, uint64_t parts, const struct pen_make_watch *watch,
	struct pen_make_sum *sum)
{
	struct pen_make_hand hands[8] = {0};
	struct pen_survey survey = {0};
	struct pen_make_time time = {0};
	struct pen_make make = {.from = shop->from,
		.hands = hands,
		.jobs = jobs,
		.scratch = scratch,
		.store = &shop->store,
		.watch = watch};
	struct pen_make_want want = {shop->labels, parts, PEN_LEVEL_DEFAULT, only};
	struct pen_why why = {0};
	for (unsigned i = 0; i < jobs; i++) {
		cr_assert_eq(
			pen_disk_open_dir(shop->scratch.path, false, &hands[i].source, NULL), 0);
		cr_assert_eq(
			pen_disk_open_dir(shop->scratch.path, false, &hands[i].store, NULL), 0);
	}
	int err = pen_make_survey(&make, NULL, &survey, &time, &why);
	cr_assert_eq(err, 0, "%s", why.text);
	cr_assert(pen_hash_equal(&survey.sum.root, &shop->state.sum.root));
	err = pen_make_run(&make, &survey, &want, sum, &why);
	cr_assert_eq(err != 0, why.text[0] != 0);
	pen_survey_fini(&survey);
	for (unsigned i = 0; i < jobs; i++) {
		pen_disk_shut(hands[i].source);
		pen_disk_shut(hands[i].store);
	}
	return err;
}

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

/* The PartialState in a stored file. */
static void content_of(struct pen_bytes file, struct pen_buf *plain)
{
	struct pen_zstd zstd = {0};
	struct pen_envelope envelope;
	cr_assert_eq(pen_envelope_open(&zstd, file, false, plain, &envelope, NULL), 0);
	cr_assert_eq(envelope.kind, PEN_ENVELOPE_V1);
	pen_zstd_fini(&zstd);
}

static void expect_golden(struct shop *shop, const char *state, uint64_t k, uint64_t n)
{
	char name[PEN_NAME_BYTES], golden_name[64], part[PEN_PART_NAME_BYTES];
	struct pen_buf ours = {0}, our_content = {0}, their_content = {0};
	shop_name(shop, k, n, name);
	snprintf(golden_name, sizeof golden_name, "golden/%s/%s", state,
		pen_part_name(PEN_FORM_NEARCORE, k, n, part));
	cr_assert_eq(pen_file_read(shop->disk, name, 1 << 28, &ours, NULL), 0, "%s", name);
	struct pen_buf theirs = test_data(golden_name);
	content_of(pen_buf_bytes(&ours), &our_content);
	content_of(pen_buf_bytes(&theirs), &their_content);
	cr_assert_eq(pen_bytes_compare(pen_buf_bytes(&our_content), pen_buf_bytes(&their_content)),
		0, "%s", golden_name);
	pen_buf_fini(&ours), pen_buf_fini(&theirs);
	pen_buf_fini(&our_content), pen_buf_fini(&their_content);
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
		jobs = ways[way / PEN_COUNT(rows)].jobs;
		scratch = ways[way / PEN_COUNT(rows)].scratch;
		struct shop shop = shop_open(rows[i].data);
		struct pen_make_sum sum, again;
		cr_assert_eq(run(&shop, rows[i].parts, NULL, &sum), 0);
		cr_assert_eq(sum.made, rows[i].parts);
		cr_assert_eq(sum.kept, 0);
		for (uint64_t k = 0; k < rows[i].parts; k++)
			expect_golden(&shop, rows[i].name, k, rows[i].parts);
		cr_assert_eq(run(&shop, rows[i].parts, NULL, &again), 0);
		cr_assert_eq(again.made, 0);
		cr_assert_eq(again.kept, rows[i].parts);
		cr_assert_eq(again.content_bytes, sum.content_bytes);
		cr_assert_eq(again.stored_bytes, sum.stored_bytes);
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
	struct pen_make_sum sum;
	cr_assert_eq(run(&shop, 9, &watch, &sum), PEN_EINTERRUPTED);
	cr_assert_eq(sum.made, 2);
	watch.fn = stop_at_once;
	cr_assert_eq(run(&shop, 9, &watch, &sum), PEN_EINTERRUPTED);
	cr_assert_eq(sum.made, 0);
	cr_assert_eq(run(&shop, 9, NULL, &sum), 0);
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
		cr_assert_eq(run(&shop, 0, NULL, &sum), 0);
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
	cr_assert_eq(run(&shop, 5, NULL, &sum), PEN_EREFUSED);
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
	only = some;
	cr_assert_eq(run(&shop, 9, NULL, &sum), 0);
	cr_assert_eq(sum.made, 3);
	only = NULL;
	cr_assert_eq(run(&shop, 9, NULL, &sum), 0);
	cr_assert_eq(sum.made, 6);
	cr_assert_eq(sum.kept, 3);
	shop_close(&shop);
}
