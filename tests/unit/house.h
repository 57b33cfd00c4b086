/* house: a store in a scratch directory, with parts of a small state in it. */
#ifndef PEN_TESTS_HOUSE_H
#define PEN_TESTS_HOUSE_H

#include <criterion/criterion.h>

#include "drivers/table.h"
#include "part/envelope.h"
#include "scratch.h"
#include "store/layout.h"
#include "store/store.h"
#include "util.h"

#define HOUSE_EPOCH "CVDFLCAjXhVWiPXH9nTCTpCgVzmDVoiPzNJYuccr1dqB"
#define HOUSE_DIR "chain_id=test/epoch_height=1/epoch_id=" HOUSE_EPOCH "/shard_id=0"
#define HOUSE_DIR_2 "chain_id=test/epoch_height=2/epoch_id=" HOUSE_EPOCH "/shard_id=0"

struct house {
	struct scratch scratch;
	struct pen_disk *disk;
	struct pen_store store; /* opened to write */
};

static inline struct house house_open(void)
{
	struct house house = {.scratch = scratch_open()};
	struct pen_why why = {0};
	cr_assert_eq(pen_disk_open_dir(house.scratch.path, false, &house.disk, &why), 0);
	const struct pen_store_config config = {.disk = house.disk, .write = true};
	cr_assert_eq(pen_store_open(&house.store, &config, &why), 0, "%s", why.text);
	return house;
}

static inline void house_close(struct house *house)
{
	pen_store_close(&house->store);
	pen_disk_shut(house->disk);
	scratch_close(&house->scratch);
}

/* A state of `keys` keys whose values depend on `seed`. */
static inline struct test_state house_state(unsigned keys, unsigned seed)
{
	struct test_state state = {0};
	for (unsigned i = 0; i < keys; i++) {
		char key[16], value[64];
		int key_len = snprintf(key, sizeof key, "%06x", i * 977);
		int value_len = snprintf(value, sizeof value, "value %u of %u", i, seed);
		test_state_add(&state, key, (size_t)key_len, value, (size_t)value_len);
	}
	test_state_build(&state);
	return state;
}

/* Put a file into the store. */
static inline void house_put(struct house *house, const char *dir, const char *name,
	struct pen_bytes bytes, struct pen_disk_stat *stat)
{
	char path[PEN_NAME_BYTES];
	struct pen_why why = {0};
	snprintf(path, sizeof path, "%s%s%s", dir, dir[0] ? "/" : "", name);
	cr_assert_eq(
		pen_writer_put(&house->store.parts, path, bytes, stat, &why), 0, "%s", why.text);
}

/* Put part k of n of a state into the store. */
static inline void house_part(
	struct house *house, struct test_state *state, const char *dir, unsigned k, unsigned n)
{
	struct pen_zstd zstd = {0};
	struct pen_buf part = {0}, sealed = {0};
	char name[PEN_PART_NAME_BYTES];
	test_state_part(state, k, n, &part);
	cr_assert_eq(pen_envelope_seal(&zstd, pen_buf_bytes(&part), 1, &sealed, NULL), 0);
	house_put(house, dir, pen_part_name(PEN_FORM_NEARCORE, k, n, name), pen_buf_bytes(&sealed),
		NULL);
	pen_zstd_fini(&zstd);
	pen_buf_fini(&part);
	pen_buf_fini(&sealed);
}

/* Put part k of n of a state into the store in lean form. */
static inline void house_lean(
	struct house *house, struct test_state *state, const char *dir, unsigned k, unsigned n)
{
	const struct pen_part_id id = {state->sum.root, k, n};
	struct pen_zstd zstd = {0};
	struct pen_buf part = {0}, sealed = {0}, lean = {0};
	char name[PEN_PART_NAME_BYTES];
	test_state_part(state, k, n, &part);
	cr_assert_eq(pen_envelope_seal(&zstd, pen_buf_bytes(&part), 1, &sealed, NULL), 0);
	test_lean(pen_buf_bytes(&sealed), &id, &lean);
	house_put(house, dir, pen_part_name(PEN_FORM_LEAN, k, n, name), pen_buf_bytes(&lean), NULL);
	pen_zstd_fini(&zstd);
	pen_buf_fini(&part);
	pen_buf_fini(&sealed);
	pen_buf_fini(&lean);
}

#endif
