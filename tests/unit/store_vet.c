#include <criterion/criterion.h>

#include <errno.h>

#include "base/check.h"
#include "house.h"
#include "store/vet.h"

static int vet_part(struct pen_vet *vet, struct house *house, const struct pen_hash *hint,
	struct pen_catalog_file *file)
{
	char name[PEN_PART_NAME_BYTES], path[PEN_NAME_BYTES];
	struct pen_why why = {0};
	snprintf(path, sizeof path, HOUSE_DIR "/%s",
		pen_part_name(file->form, file->k, file->n, name));
	struct pen_vet_ask ask = {house->disk, path, hint, false};
	int err = pen_vet_file(vet, &ask, file, &why);
	cr_assert(err == 0 || why.text[0], "every refusal has a sentence: %d", err);
	return err;
}

Test(store_vet, proves_with_and_without_a_hint)
{
	struct house house = house_open();
	struct test_state state = house_state(40, 1), other = house_state(40, 2);
	struct pen_vet vet = {0};
	const struct pen_hash *hints[] = {NULL, &state.sum.root, &other.sum.root};
	house_part(&house, &state, HOUSE_DIR, 3, 5);
	for (size_t i = 0; i < 3; i++) {
		struct pen_catalog_file file = {.k = 3, .n = 5};
		cr_assert_eq(vet_part(&vet, &house, hints[i], &file), 0);
		cr_assert(pen_hash_equal(&file.root, &state.sum.root));
		cr_assert_eq(file.memory_usage, state.sum.memory_usage);
		cr_assert_gt(file.bytes, 0);
		cr_assert_gt(file.mtime_ns, 0);
	}
	struct pen_vet_ask ask = {
		house.disk, HOUSE_DIR "/state_part_000003_of_000005", &other.sum.root, true};
	struct pen_catalog_file file = {.k = 3, .n = 5};
	cr_assert_eq(pen_vet_file(&vet, &ask, &file, NULL), PEN_EMISSING);
	pen_vet_fini(&vet);
	test_state_fini(&state);
	test_state_fini(&other);
	house_close(&house);
}

static struct pen_bytes text_bytes(const char *text)
{
	return (struct pen_bytes){(const uint8_t *)text, strlen(text)};
}

Test(store_vet, refuses)
{
	struct house house = house_open();
	struct test_state state = house_state(40, 1), tiny = house_state(1, 1);
	struct pen_vet vet = {0};
	house_part(&house, &state, HOUSE_DIR, 1, 5);
	cr_assert_eq(house.disk->ops->rename(house.disk, HOUSE_DIR "/state_part_000001_of_000005",
			     HOUSE_DIR "/state_part_000002_of_000005"),
		0);
	house_part(&house, &tiny, HOUSE_DIR, 9, 999);
	house_put(&house, HOUSE_DIR, "state_part_000003_of_000005", text_bytes("junk"), NULL);
	house_put(&house, HOUSE_DIR, "state_part_000004_of_000005", text_bytes(""), NULL);
	house_put(&house, HOUSE_DIR, "state_part_000005_of_000005", text_bytes("\1"), NULL);
	house_put(&house, HOUSE_DIR, "state_part_000000_of_000000", text_bytes("\1"), NULL);
	house_put(&house, HOUSE_DIR, "state_part_000000_of_065537", text_bytes("\1"), NULL);
	static const struct {
		uint32_t k, n;
		int result;
	} rows[] = {{2, 5, PEN_EMISSING}, {9, 999, PEN_EREFUSED}, {3, 5, PEN_EENVELOPE},
		{4, 5, PEN_EENVELOPE}, {5, 5, PEN_EREFUSED}, {0, 0, PEN_EREFUSED},
		{0, 65537, PEN_EREFUSED}, {1, 5, -ENOENT}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pen_catalog_file file = {.k = rows[i].k, .n = rows[i].n};
		int err = vet_part(&vet, &house, NULL, &file);
		cr_expect_eq(err, rows[i].result, "%u of %u: %d", file.k, file.n, err);
		cr_expect_eq(pen_vet_refuses(err), err != -ENOENT);
	}
	pen_vet_fini(&vet);
	pen_vet_fini(NULL);
	test_state_fini(&state);
	test_state_fini(&tiny);
	house_close(&house);
}

/* A file that cannot be proved within the memory allowed is not read; without a limit it is. */
Test(store_vet, keeps_to_a_limit)
{
	struct house house = house_open();
	static const enum pen_form forms[] = {PEN_FORM_NEARCORE, PEN_FORM_LEAN};
	for (size_t i = 0; i < PEN_COUNT(forms); i++) {
		struct pen_catalog_file file = {.form = forms[i], .k = 3, .n = 5};
		char name[PEN_PART_NAME_BYTES], path[PEN_NAME_BYTES];
		uint8_t byte = 1;
		struct pen_vet vet = {0};
		struct pen_disk_done done;
		snprintf(path, sizeof path, HOUSE_DIR "/%s", pen_part_name(forms[i], 3, 5, name));
		int out = house.disk->ops->open(house.disk, path, PEN_DISK_CREATE, NULL);
		const struct pen_disk_op op = {PEN_DISK_WRITE, out, 40 << 20, &byte, 1, 0};
		cr_assert_eq(house.disk->ops->submit(house.disk, &op, 1), 1);
		cr_assert_eq(house.disk->ops->reap(house.disk, &done, 1, 0), 1);
		house.disk->ops->close(house.disk, out);
		pen_vet_limit(&vet, PEN_VET_CONTENT_MIN);
		int err = vet_part(&vet, &house, NULL, &file);
		cr_expect_eq(err, PEN_ELARGE);
		cr_expect(pen_vet_refuses(err));
		cr_expect_eq(vet.stored.cap, 0);
		vet.judge.bytes_max = 0;
		err = vet_part(&vet, &house, NULL, &file);
		cr_expect_neq(err, PEN_ELARGE);
		cr_expect_eq(vet.stored.len, (40 << 20) + 1);
		pen_vet_fini(&vet);
	}
	cr_expect_gt(pen_vet_bytes(PEN_VET_CONTENT_MIN), 3 * PEN_VET_CONTENT_MIN);
	house_close(&house);
}

/* A lean part names its root; what it names is proved, and the file's name counts. */
Test(store_vet, lean_parts)
{
	struct house house = house_open();
	struct test_state state = house_state(40, 1), other = house_state(40, 2);
	struct pen_vet vet = {0};
	const struct pen_hash *hints[] = {NULL, &state.sum.root, &other.sum.root};
	uint8_t blob[PEN_BLOB_BYTES] = {0};
	house_lean(&house, &state, HOUSE_DIR, 3, 5);
	for (size_t i = 0; i < PEN_COUNT(hints); i++) {
		struct pen_catalog_file file = {.form = PEN_FORM_LEAN, .k = 3, .n = 5};
		cr_assert_eq(vet_part(&vet, &house, hints[i], &file), 0);
		cr_assert(pen_hash_equal(&file.root, &state.sum.root));
		cr_assert_eq(file.memory_usage, state.sum.memory_usage);
		cr_assert_neq(memcmp(file.blob, blob, sizeof blob), 0);
	}
	struct pen_vet_ask ask = {
		house.disk, HOUSE_DIR "/lean_part_000003_of_000005", &other.sum.root, true};
	struct pen_catalog_file file = {.form = PEN_FORM_LEAN, .k = 3, .n = 5};
	cr_assert_eq(pen_vet_file(&vet, &ask, &file, NULL), PEN_EHEAD);
	static const struct {
		enum pen_form form;
		uint32_t k, n;
		int result;
	} rows[] = {{PEN_FORM_LEAN, 2, 5, PEN_EHEAD}, {PEN_FORM_LEAN, 3, 6, PEN_EHEAD},
		{PEN_FORM_NEARCORE, 3, 5, PEN_EENVELOPE}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		char name[PEN_PART_NAME_BYTES], path[PEN_NAME_BYTES];
		file = (struct pen_catalog_file){
			.form = rows[i].form, .k = rows[i].k, .n = rows[i].n};
		snprintf(path, sizeof path, HOUSE_DIR "/%s",
			pen_part_name(file.form, file.k, file.n, name));
		cr_assert_eq(house.disk->ops->rename(house.disk, ask.name, path), 0);
		cr_expect_eq(vet_part(&vet, &house, NULL, &file), rows[i].result, "row %zu", i);
		cr_assert_eq(house.disk->ops->rename(house.disk, path, ask.name), 0);
	}
	pen_vet_fini(&vet);
	test_state_fini(&state);
	test_state_fini(&other);
	house_close(&house);
}
