/*
 * The index of a store, as it is and with the closing line that makes it whole (which mutation
 * would never find). What is read can be written, and says the same when it is read again.
 */
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "store/index.h"

static struct pen_catalog catalog;

static void check_again(void)
{
	static struct pen_catalog again;
	struct pen_buf first = {0}, second = {0};
	PEN_CHECK(pen_index_encode(&catalog, &first) == 0);
	PEN_CHECK(pen_index_decode(pen_buf_bytes(&first), &again, NULL) == 0);
	PEN_CHECK(pen_catalog_file_count(&again) == pen_catalog_file_count(&catalog));
	PEN_CHECK(pen_index_encode(&again, &second) == 0);
	PEN_CHECK(fuzz_same(pen_buf_bytes(&first), pen_buf_bytes(&second)));
	pen_buf_fini(&first);
	pen_buf_fini(&second);
}

static void check_files(void)
{
	for (uint32_t i = 0; i < pen_catalog_file_count(&catalog); i++) {
		const struct pen_catalog_file *file = pen_catalog_file_at(&catalog, i);
		const struct pen_catalog_set *set = pen_catalog_set(
			&catalog, &file->root, file->n, file->form);
		char path[PEN_CATALOG_PATH_BYTES];
		PEN_CHECK(file->k < file->n);
		PEN_CHECK(set);
		PEN_CHECK(pen_catalog_bits(&catalog, set)[file->k >> 3] >> (file->k & 7) & 1);
		PEN_CHECK(pen_catalog_part(&catalog, set, file->k));
		PEN_CHECK(pen_catalog_at(&catalog, file));
		PEN_CHECK(!strstr(pen_catalog_path(&catalog, file, path), "/../"));
	}
}

static void check(struct pen_bytes bytes)
{
	if (pen_index_decode(bytes, &catalog, NULL)) {
		PEN_CHECK(pen_catalog_file_count(&catalog) == 0);
		return;
	}
	check_files();
	check_again();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_buf whole = {0};
	struct pen_hash hash;
	char hex[PEN_HASH_HEX_BYTES];
	check((struct pen_bytes){data, len});
	pen_sha256((struct pen_bytes){data, len}, &hash);
	pen_hex((struct pen_bytes){hash.bytes, PEN_HASH_BYTES}, hex);
	PEN_CHECK(pen_buf_append(&whole, data, len) == 0);
	PEN_CHECK(pen_buf_append(&whole, "end ", 4) == 0);
	PEN_CHECK(pen_buf_append(&whole, hex, strlen(hex)) == 0);
	PEN_CHECK(pen_buf_append(&whole, "\n", 1) == 0);
	check(pen_buf_bytes(&whole));
	pen_buf_fini(&whole);
	return 0;
}
