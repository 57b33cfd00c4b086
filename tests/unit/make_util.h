/* make_util: what tests of the room make share: a state out of test data, a store to put it in. */
#ifndef PEN_TESTS_MAKE_UTIL_H
#define PEN_TESTS_MAKE_UTIL_H

#include <criterion/criterion.h>

#include "drivers/table.h"
#include "make/make.h"
#include "make/state.h"
#include "part/envelope.h"
#include "scratch.h"
#include "store/layout.h"
#include "store/store.h"
#include "util.h"

struct shop {
	struct scratch scratch;
	struct pen_disk *disk;
	struct pen_store store;
	struct pen_state state; /* the reference, in memory */
	struct pen_labels labels;
	struct pen_pairs_from from; /* the same in a file */
};

/* Load test data `name` into `state` through a file of `scratch`; the empty state for NULL. */
static inline void shop_load(struct shop *shop, const char *name)
{
	struct pen_pairs pairs;
	struct pen_buf data = {0};
	if (name)
		data = test_data(name);
	FILE *file = fopen(scratch_at(&shop->scratch, "state"), "wb");
	cr_assert_not_null(file);
	cr_assert(!data.len || fwrite(data.at, 1, data.len, file) == data.len);
	cr_assert_eq(fclose(file), 0);
	pen_buf_fini(&data);
	shop->from = (struct pen_pairs_from){
		name && strstr(name, ".kv") ? PEN_PAIRS_KV : PEN_PAIRS_HEX, shop->disk, "state",
		"x"};
	cr_assert_eq(pen_pairs_open(&pairs, &shop->from, NULL), 0);
	cr_assert_eq(pen_state_load(&shop->state, &pairs, NULL, NULL), 0);
	pen_pairs_close(&pairs);
}

static inline struct shop shop_open(const char *name)
{
	struct shop shop = {.scratch = scratch_open(), .labels = {.chain = "mainnet", .shard = 7}};
	cr_assert_eq(pen_disk_open_dir(shop.scratch.path, false, &shop.disk, NULL), 0);
	struct pen_store_config config = {.disk = shop.disk, .write = true};
	cr_assert_eq(pen_store_open(&shop.store, &config, NULL), 0);
	shop_load(&shop, name);
	return shop;
}

static inline void shop_close(struct shop *shop)
{
	pen_state_fini(&shop->state);
	pen_store_close(&shop->store);
	pen_disk_shut(shop->disk);
	scratch_close(&shop->scratch);
}

/* How a run goes about it. Zeroed: one worker, all parts in nearcore's form. */
struct shop_way {
	unsigned jobs; /* at most 8 */
	size_t scratch;
	unsigned forms;
	const uint8_t *only;
	const struct pen_make_watch *watch;
};

/* Make the shop's state into `parts`. Returns what pen_make_run did. */
static inline int shop_make(
	struct shop *shop, uint64_t parts, const struct shop_way *way, struct pen_make_sum *sum)
{
	struct pen_make_hand hands[8] = {0};
	struct pen_survey survey = {0};
	struct pen_make_time time = {0};
	struct pen_make make = {.from = shop->from,
		.hands = hands,
		.jobs = way->jobs ? way->jobs : 1,
		.scratch = way->scratch,
		.store = &shop->store,
		.watch = way->watch};
	struct pen_make_want want = {.labels = shop->labels,
		.parts = parts,
		.forms = way->forms,
		.level = PEN_LEVEL_DEFAULT,
		.only = way->only};
	struct pen_why why = {0};
	for (unsigned i = 0; i < make.jobs; i++) {
		cr_assert_eq(
			pen_disk_open_dir(shop->scratch.path, false, &hands[i].source, NULL), 0);
		cr_assert_eq(
			pen_disk_open_dir(shop->scratch.path, false, &hands[i].store, NULL), 0);
	}
	int err = pen_make_survey(&make, NULL, &survey, &time, &why);
	cr_assert_eq(err, 0, "%s", why.text);
	if (shop->state.sum.keys)
		cr_assert(pen_hash_equal(&survey.sum.root, &shop->state.sum.root));
	err = pen_make_run(&make, &survey, &want, sum, &why);
	cr_assert_eq(err != 0, why.text[0] != 0);
	pen_survey_fini(&survey);
	for (unsigned i = 0; i < make.jobs; i++) {
		pen_disk_shut(hands[i].source);
		pen_disk_shut(hands[i].store);
	}
	return err;
}

/* The name of part k of n of the shop's labels; returns `name`. */
static inline const char *shop_name(
	const struct shop *shop, uint64_t k, uint64_t n, char name[PEN_NAME_BYTES])
{
	const struct pen_part_id id = {.k = k, .n = n};
	return pen_part_path(&shop->labels, PEN_FORM_NEARCORE, &id, name);
}

/* Put `bytes` where part k of n of the shop's labels lies. */
static inline void shop_put(
	struct shop *shop, uint64_t k, uint64_t n, const void *bytes, size_t len)
{
	char name[PEN_NAME_BYTES];
	struct pen_bytes file = {bytes, len};
	shop_name(shop, k, n, name);
	cr_assert_eq(pen_writer_put(&shop->store.parts, name, file, NULL, NULL), 0);
}

#endif
