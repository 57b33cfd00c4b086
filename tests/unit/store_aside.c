#include <criterion/criterion.h>

#include "base/check.h"
#include "house.h"
#include "store/aside.h"
#include "store/file.h"

/* The root node of a state lies beside it, from a part in either form. */
Test(store_aside, root_nodes)
{
	struct house house = house_open();
	struct test_state state = house_state(60, 1);
	struct pen_vet vet = {0};
	struct pen_buf there = {0};
	struct pen_hash hash;
	char name[PEN_ASIDE_NAME_BYTES];
	house_part(&house, &state, HOUSE_DIR, 2, 4);
	struct pen_catalog_file file = {.n = 4, .k = 2};
	struct pen_vet_ask ask = {
		.disk = house.disk, .name = HOUSE_DIR "/state_part_000002_of_000004"};
	cr_assert_eq(pen_vet_file(&vet, &ask, &file, NULL), 0);
	cr_expect(!pen_aside_there(&house.store, &file));
	cr_assert_eq(pen_aside_write(&house.store, &vet, &file), 0);
	cr_expect(pen_aside_there(&house.store, &file));
	pen_node_name(".penstock/", &state.sum.root, name);
	cr_assert_eq(pen_file_read(house.disk, name, 4096, &there, NULL), 0);
	pen_sha256(pen_buf_bytes(&there), &hash);
	cr_expect(pen_hash_equal(&hash, &state.sum.root));
	/* The same out of a lean part. */
	house_lean(&house, &state, HOUSE_DIR, 1, 4);
	cr_assert_eq(house.disk->ops->unlink(house.disk, name), 0);
	struct pen_catalog_file lean = {.form = PEN_FORM_LEAN, .n = 4, .k = 1};
	ask.name = HOUSE_DIR "/lean_part_000001_of_000004";
	cr_assert_eq(pen_vet_file(&vet, &ask, &lean, NULL), 0);
	cr_assert_eq(pen_aside_write(&house.store, &vet, &lean), 0);
	struct pen_bytes node = pen_vet_root_node(&vet, &lean);
	cr_expect_eq(pen_bytes_compare(node, pen_buf_bytes(&there)), 0);
	cr_expect(pen_aside_there(&house.store, &lean));
	/* The empty state has none, and an object of no bytes no pages. */
	struct pen_catalog_file empty = {.form = PEN_FORM_NEARCORE};
	cr_expect(pen_aside_there(&house.store, &empty));
	cr_expect_eq(pen_vet_root_node(&vet, &empty).len, 0);
	empty.form = PEN_FORM_RAW;
	cr_expect(pen_aside_there(&house.store, &empty));
	pen_buf_fini(&there);
	pen_vet_fini(&vet);
	test_state_fini(&state);
	house_close(&house);
}
