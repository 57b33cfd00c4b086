#include <criterion/criterion.h>

#include "base/clock.h"
#include "house.h"
#include "store/index.h"
#include "store/scan.h"

struct asked {
	unsigned proofs; /* still allowed */
	unsigned refused;
	unsigned reads; /* raw objects that were said to be read */
	uint64_t read_bytes;
	char path[PEN_CATALOG_PATH_BYTES];
};

static bool more(void *context)
{
	struct asked *asked = context;
	return asked->proofs && asked->proofs--;
}

static void refused(void *context, const char *path, int err, const struct pen_why *why)
{
	struct asked *asked = context;
	cr_assert_lt(err, 0);
	cr_assert(why->text[0]);
	strcpy(asked->path, path);
	asked->refused++;
}

static void reads(void *context, const char *path, uint64_t bytes)
{
	struct asked *asked = context;
	cr_assert(!strncmp(path, "raw/", 4), "%s", path);
	asked->reads++;
	asked->read_bytes += bytes;
}

/* Scan with at most `proofs` proofs; `catalog` becomes what is there. */
static struct pen_scan_sum scan_once(
	struct pen_scan *scan, struct pen_catalog *catalog, struct asked *asked, unsigned proofs)
{
	struct pen_catalog fresh = {0};
	struct pen_why why = {0};
	asked->proofs = proofs;
	scan->hooks = (struct pen_scan_hooks){more, refused, reads, asked};
	cr_assert_eq(pen_scan_run(scan, catalog, &fresh, &why), 0, "%s", why.text);
	pen_catalog_fini(catalog);
	*catalog = fresh;
	return scan->sum;
}

static uint32_t have(const struct pen_catalog *catalog, struct test_state *state, uint32_t n)
{
	const struct pen_catalog_set *set = pen_catalog_set(
		catalog, &state->sum.root, n, PEN_FORM_NEARCORE);
	return set ? set->have : 0;
}

Test(store_scan, follows_what_comes_and_goes)
{
	struct house house = house_open();
	struct test_state state = house_state(60, 1), other = house_state(60, 2);
	struct pen_scan scan = {.store = &house.store};
	struct pen_catalog catalog = {0};
	struct asked asked = {0};
	for (unsigned k = 0; k < 5; k++) {
		house_part(&house, &state, HOUSE_DIR, k, 5);
		house_part(&house, &state, HOUSE_DIR_2, k, 5);
	}
	house_part(&house, &other, "", 2, 3);
	struct pen_scan_sum sum = scan_once(&scan, &catalog, &asked, 0);
	cr_assert_eq(sum.files, 11);
	cr_assert_eq(sum.left, 11);
	sum = scan_once(&scan, &catalog, &asked, 4);
	cr_assert_eq(sum.proved, 4);
	sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.proved, 7, "what is known is not proved again");
	cr_assert_eq(have(&catalog, &state, 5), 5);
	cr_assert_eq(
		pen_catalog_set(&catalog, &state.sum.root, 5, PEN_FORM_NEARCORE)->file_count, 10);
	cr_assert_eq(have(&catalog, &other, 3), 1);

	cr_assert_eq(
		house.disk->ops->unlink(house.disk, HOUSE_DIR "/state_part_000001_of_000005"), 0);
	cr_assert_eq(house.disk->ops->unlink(house.disk, "state_part_000002_of_000003"), 0);
	house_part(&house, &other, HOUSE_DIR, 3, 5);
	sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.gone, 3);
	cr_assert_eq(sum.proved, 1, "a file with another time is another file");
	cr_assert_eq(have(&catalog, &state, 5), 5, "the other epoch still has it");
	cr_assert_eq(have(&catalog, &other, 3), 0);
	cr_assert_eq(have(&catalog, &other, 5), 1);
	cr_assert_eq(asked.refused, 0);
	pen_catalog_fini(&catalog);
	pen_scan_fini(&scan);
	pen_scan_fini(NULL);
	test_state_fini(&state);
	test_state_fini(&other);
	house_close(&house);
}

Test(store_scan, bad_files_are_named_once)
{
	struct house house = house_open();
	struct test_state state = house_state(60, 1);
	struct pen_scan scan = {.store = &house.store};
	struct pen_catalog catalog = {0};
	struct asked asked = {0};
	struct pen_bytes junk = {(const uint8_t *)"junk", 4};
	house_put(&house, HOUSE_DIR, "state_part_000000_of_000002", junk, NULL);
	house_part(&house, &state, HOUSE_DIR, 1, 2);
	struct pen_scan_sum sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.refused, 1);
	cr_assert_eq(sum.proved, 1);
	cr_assert_str_eq(asked.path, HOUSE_DIR "/state_part_000000_of_000002");
	sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.refused, 0);
	house_part(&house, &state, HOUSE_DIR, 0, 2);
	sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.proved, 1, "mended");
	cr_assert_eq(have(&catalog, &state, 2), 2);
	cr_assert_eq(asked.refused, 1);
	pen_catalog_fini(&catalog);
	pen_scan_fini(&scan);
	test_state_fini(&state);
	house_close(&house);
}

/* What a maker of parts does: say what it wrote, and find it again without a proof. */
Test(store_scan, written_parts_need_no_proof)
{
	struct house house = house_open();
	struct test_state state = house_state(60, 1);
	struct pen_scan scan = {.store = &house.store};
	struct pen_catalog catalog = {0}, fresh = {0};
	struct pen_buf part = {0};
	struct pen_disk_stat stat;
	struct pen_catalog_file file = {.root = state.sum.root, .n = 2, .k = 1};
	test_state_part(&state, 1, 2, &part);
	house_put(&house, HOUSE_DIR, "state_part_000001_of_000002", pen_buf_bytes(&part), &stat);
	file.bytes = stat.bytes;
	file.mtime_ns = stat.mtime_ns;
	pen_blob_id(pen_buf_bytes(&part), file.blob);
	cr_assert_eq(pen_catalog_note(&catalog, HOUSE_DIR, &file), 0);
	cr_assert_eq(pen_catalog_settle(&catalog), 0);
	cr_assert_eq(pen_index_save(&house.store, &catalog, NULL), 0);
	pen_catalog_reset(&catalog);
	cr_assert_eq(pen_index_load(&house.store, &catalog, NULL), 0);
	cr_assert_eq(pen_scan_run(&scan, &catalog, &fresh, NULL), 0);
	cr_assert_eq(have(&fresh, &state, 2), 1);
	cr_assert_eq(scan.sum.left, 0);
	pen_buf_fini(&part);
	pen_catalog_fini(&catalog);
	pen_catalog_fini(&fresh);
	pen_scan_fini(&scan);
	test_state_fini(&state);
	house_close(&house);
}

/* What another index says is believed of this very file, in place of what was known of an older
 * one. */
Test(store_scan, learns_what_others_know)
{
	struct house house = house_open();
	struct test_state state = house_state(60, 1);
	struct pen_scan scan = {.store = &house.store};
	struct pen_catalog catalog = {0}, other = {0}, none = {0};
	struct asked asked = {0};
	house_part(&house, &state, HOUSE_DIR_2, 0, 2);
	house_part(&house, &state, HOUSE_DIR, 0, 2);
	cr_assert_eq(scan_once(&scan, &other, &asked, 100).proved, 2);
	scan.also = &none;
	cr_expect_eq(scan_once(&scan, &catalog, &asked, 0).left, 2);
	scan.also = &other;
	struct pen_scan_sum sum = scan_once(&scan, &catalog, &asked, 0);
	cr_expect_eq(sum.learned, 2);
	cr_expect_eq(sum.left, 0);
	cr_expect_eq(have(&catalog, &state, 2), 1);
	cr_expect_eq(scan_once(&scan, &catalog, &asked, 0).learned, 0);
	pen_clock_sleep_ns(20 * PEN_NS_PER_MS);
	house_part(&house, &state, HOUSE_DIR, 0, 2);
	sum = scan_once(&scan, &catalog, &asked, 0);
	cr_expect_eq(sum.left, 1, "neither knows the file that is there now");
	scan.also = NULL;
	cr_assert_eq(scan_once(&scan, &other, &asked, 100).proved, 1);
	scan.also = &other;
	cr_expect_eq(scan_once(&scan, &catalog, &asked, 0).learned, 1);
	pen_catalog_fini(&catalog);
	pen_catalog_fini(&other);
	pen_scan_fini(&scan);
	test_state_fini(&state);
	house_close(&house);
}

/* One directory, two forms: each is offered for itself, and a lie in one does not touch the other.
 */
Test(store_scan, parts_in_two_forms)
{
	struct house house = house_open();
	struct test_state state = house_state(60, 1);
	struct pen_scan scan = {.store = &house.store};
	struct pen_catalog catalog = {0};
	struct asked asked = {0};
	for (unsigned k = 0; k < 5; k++)
		house_part(&house, &state, HOUSE_DIR, k, 5);
	for (unsigned k = 0; k < 3; k++)
		house_lean(&house, &state, HOUSE_DIR, k, 5);
	cr_assert_eq(house.disk->ops->rename(house.disk, HOUSE_DIR "/lean_part_000002_of_000005",
			     HOUSE_DIR "/lean_part_000004_of_000005"),
		0);
	struct pen_scan_sum sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.files, 8);
	cr_assert_eq(sum.proved, 7);
	cr_assert_eq(asked.refused, 1);
	cr_assert_str_eq(asked.path, HOUSE_DIR "/lean_part_000004_of_000005");
	cr_assert_eq(have(&catalog, &state, 5), 5);
	const struct pen_catalog_set *lean = pen_catalog_set(
		&catalog, &state.sum.root, 5, PEN_FORM_LEAN);
	cr_assert_eq(lean->have, 2);
	sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.proved + sum.refused + sum.left, 0, "all is known");
	pen_catalog_fini(&catalog);
	pen_scan_fini(&scan);
	test_state_fini(&state);
	house_close(&house);
}

/* Objects are proved by their names, kept in the index, and get their pages. */
Test(store_scan, raw_objects)
{
	struct house house = house_open();
	struct pen_scan scan = {.store = &house.store};
	struct pen_catalog catalog = {0};
	struct asked asked = {0};
	struct pen_hash roots[2];
	char path[PEN_NAME_BYTES], pages[PEN_ASIDE_NAME_BYTES];
	for (uint8_t i = 0; i < 2; i++) {
		struct pen_bytes bytes = {(const uint8_t *)"penstock", 8u - i};
		pen_raw_leaf(bytes, &roots[i]);
		house_put(&house, "", pen_raw_path(&roots[i], path), bytes, NULL);
	}
	roots[1].bytes[0] ^= 1;
	house_put(&house, "", pen_raw_path(&roots[1], path),
		(struct pen_bytes){(const uint8_t *)"other", 5}, NULL);
	struct pen_scan_sum sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.proved, 2);
	cr_assert_eq(sum.aside, 2);
	cr_assert_eq(sum.refused, 1);
	cr_expect_eq(asked.reads, 3);
	cr_expect_eq(asked.read_bytes, 8 + 7 + 5);
	cr_expect_str_eq(asked.path, path);
	const struct pen_catalog_set *set = pen_catalog_set(&catalog, &roots[0], 1, PEN_FORM_RAW);
	cr_assert_not_null(set);
	cr_expect_eq(set->memory_usage, 8);
	cr_expect_eq(memcmp(pen_catalog_part(&catalog, set, 0)->blob, roots[0].bytes, 16), 0);
	cr_expect_null(pen_catalog_set(&catalog, &roots[1], 1, PEN_FORM_RAW));
	/* Through the index and back. */
	struct pen_buf text = {0};
	struct pen_why why = {0};
	cr_assert_eq(pen_index_encode(&catalog, &text), 0);
	cr_assert_eq(pen_index_decode(pen_buf_bytes(&text), &catalog, &why), 0, "%s", why.text);
	sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.proved, 0);
	/* The one that was refused: the index does not keep it. */
	cr_expect_eq(asked.reads, 4);
	/* Pages that are gone are made again. */
	pen_pages_name(".penstock/", &roots[0], pages);
	cr_assert_eq(house.disk->ops->unlink(house.disk, pages), 0);
	sum = scan_once(&scan, &catalog, &asked, 0);
	cr_assert_eq(sum.left, 1);
	sum = scan_once(&scan, &catalog, &asked, 100);
	cr_assert_eq(sum.aside, 1);
	cr_expect_eq(asked.reads, 5);
	pen_buf_fini(&text);
	pen_catalog_fini(&catalog);
	pen_scan_fini(&scan);
	house_close(&house);
}
