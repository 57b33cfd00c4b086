#include "make_util.h"

#include <errno.h>

#include "base/check.h"
#include "make/convert.h"
#include "store/file.h"

/* A store of parts in nearcore's form, and what to do with it. */
struct works {
	struct shop shop;
	struct pen_convert_hand hands[3];
	struct pen_convert with;
	struct pen_convert_sum sum;
	unsigned bad;
	char bad_path[PEN_NAME_BYTES];
	int watched; /* what the watch returns */
};

static int watch(void *context, const struct pen_convert_sum *sum)
{
	struct works *works = context;
	cr_assert_leq(sum->made + sum->kept + sum->larger + sum->bad, sum->parts);
	return works->watched;
}

static void on_bad(void *context, const char *path, int err, const struct pen_why *why)
{
	struct works *works = context;
	cr_assert_lt(err, 0);
	cr_assert(why->text[0]);
	works->bad++;
	snprintf(works->bad_path, sizeof works->bad_path, "%s", path);
}

static void works_open(struct works *works, const char *data)
{
	*works = (struct works){.shop = shop_open(data)};
	for (unsigned i = 0; i < PEN_COUNT(works->hands); i++) {
		cr_assert_eq(pen_disk_open_dir(
				     works->shop.scratch.path, false, &works->hands[i].from, NULL),
			0);
		cr_assert_eq(pen_disk_open_dir(
				     works->shop.scratch.path, false, &works->hands[i].to, NULL),
			0);
	}
	works->with = (struct pen_convert){.hands = works->hands,
		.jobs = PEN_COUNT(works->hands),
		.store = &works->shop.store,
		.level = 1,
		.watch = watch,
		.bad = on_bad,
		.context = works};
}

static void works_close(struct works *works)
{
	for (unsigned i = 0; i < PEN_COUNT(works->hands); i++) {
		pen_disk_shut(works->hands[i].from);
		pen_disk_shut(works->hands[i].to);
	}
	shop_close(&works->shop);
}

static int convert(struct works *works)
{
	struct pen_why why = {0};
	int err = pen_convert_run(&works->with, &works->sum, &why);
	cr_assert_eq(err != 0, why.text[0] != 0, "%d", err);
	return err;
}

static void read_lean(struct works *works, uint64_t k, uint64_t n, struct pen_buf *out)
{
	const struct pen_part_id id = {.k = k, .n = n};
	char name[PEN_NAME_BYTES];
	pen_part_path(&works->shop.labels, PEN_FORM_LEAN, &id, name);
	cr_assert_eq(pen_file_read(works->shop.disk, name, 1 << 28, out, NULL), 0, "%s", name);
}

/* Out of nearcore's form comes what comes of the pairs, to the byte at one level of zstd. */
Test(make_convert, equals_what_is_made_of_pairs, .timeout = 60)
{
	static const struct {
		const char *data;
		uint64_t parts;
	} rows[] = {
		{"mainnet-genesis.hex", 5}, {"golden/small.kv.zst", 7}, {"golden/edges.kv.zst", 6}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		const struct shop_way nearcore = {.forms = 1}, lean = {.forms = 2};
		struct works made, pressed;
		struct pen_make_sum sum;
		works_open(&made, rows[i].data);
		works_open(&pressed, rows[i].data);
		cr_assert_eq(shop_make(&made.shop, rows[i].parts, &nearcore, &sum), 0);
		cr_assert_eq(shop_make(&pressed.shop, rows[i].parts, &lean, &sum), 0);
		cr_assert_eq(convert(&made), 0);
		cr_assert_eq(made.sum.parts, rows[i].parts);
		cr_assert_eq(made.sum.made, rows[i].parts);
		cr_assert_eq(made.sum.larger, 0);
		for (uint64_t k = 0; k < rows[i].parts; k++) {
			struct pen_buf a = {0}, b = {0};
			read_lean(&made, k, rows[i].parts, &a);
			read_lean(&pressed, k, rows[i].parts, &b);
			cr_assert_eq(pen_bytes_compare(pen_buf_bytes(&a), pen_buf_bytes(&b)), 0);
			pen_buf_fini(&a);
			pen_buf_fini(&b);
		}
		cr_assert_eq(convert(&made), 0);
		cr_assert_eq(made.sum.made, 0);
		cr_assert_eq(made.sum.kept, rows[i].parts);
		works_close(&made);
		works_close(&pressed);
	}
}

Test(make_convert, chooses_and_stops)
{
	const struct shop_way nearcore = {.forms = 1};
	const uint8_t some[] = {0x11};
	struct works works;
	struct pen_make_sum sum;
	works_open(&works, "mainnet-genesis.hex");
	cr_assert_eq(convert(&works), PEN_ENOTFOUND);
	cr_assert_eq(shop_make(&works.shop, 5, &nearcore, &sum), 0);
	cr_assert_eq(shop_make(&works.shop, 3, &nearcore, &sum), 0);
	works.watched = PEN_EINTERRUPTED;
	cr_assert_eq(pen_convert_run(&works.with, &works.sum, NULL), PEN_EINTERRUPTED);
	cr_assert_eq(works.sum.made, 0);
	works.watched = 0;
	works.with.n = 5;
	works.with.only = some;
	cr_assert_eq(convert(&works), 0);
	cr_assert_eq(works.sum.parts, 2);
	works.with.n = 0;
	works.with.only = NULL;
	cr_assert_eq(convert(&works), 0);
	cr_assert_eq(works.sum.parts, 8);
	cr_assert_eq(works.sum.made, 6);
	cr_assert_eq(works.sum.kept, 2);
	works_close(&works);
}

/* A bad part is named and left out; what lies under a lean part's name is not overwritten. */
Test(make_convert, leaves_out_and_refuses)
{
	const struct shop_way nearcore = {.forms = 1};
	struct works works;
	struct pen_make_sum sum;
	struct pen_buf left = {0};
	works_open(&works, "mainnet-genesis.hex");
	cr_assert_eq(shop_make(&works.shop, 5, &nearcore, &sum), 0);
	shop_put(&works.shop, 2, 5, "junk", 4);
	cr_assert_eq(convert(&works), 0);
	cr_assert_eq(works.sum.made, 4);
	cr_assert_eq(works.sum.bad, 1);
	cr_assert_eq(works.bad, 1);
	cr_assert(strstr(works.bad_path, "/state_part_000002_of_000005"), "%s", works.bad_path);

	const struct pen_part_id id = {.k = 1, .n = 5};
	char name[PEN_NAME_BYTES];
	pen_part_path(&works.shop.labels, PEN_FORM_LEAN, &id, name);
	const struct pen_bytes junk = {(const uint8_t *)"junk", 4};
	cr_assert_eq(pen_writer_put(&works.shop.store.parts, name, junk, NULL, NULL), 0);
	cr_assert_eq(convert(&works), PEN_EREFUSED);
	read_lean(&works, 1, 5, &left);
	cr_assert_eq(left.len, 4);
	pen_buf_fini(&left);
	works_close(&works);
}

/* Labels name one state: with them, parts of one directory go to another. */
Test(make_convert, gives_other_labels)
{
	const struct shop_way nearcore = {.forms = 1};
	struct pen_labels labels = {.chain = "other", .shard = 1};
	struct works works;
	struct pen_make_sum sum;
	struct pen_buf lean = {0};
	works_open(&works, "mainnet-genesis.hex");
	cr_assert_eq(shop_make(&works.shop, 2, &nearcore, &sum), 0);
	works.with.labels = &labels;
	cr_assert_eq(convert(&works), 0);
	struct pen_labels first = works.shop.labels;
	works.shop.labels = labels;
	read_lean(&works, 1, 2, &lean);
	works.shop.labels = first;
	works.shop.labels.shard = 9;
	cr_assert_eq(shop_make(&works.shop, 2, &nearcore, &sum), 0);
	cr_assert_eq(convert(&works), PEN_EREFUSED, "two directories");
	pen_buf_fini(&lean);
	works_close(&works);
}
