/* The index of a store: whatever is read is a settled catalogue, and is written the same again. */
#include "fuzz.h"
#include "base/text.h"
#include "store/index.h"

static void check_again(const struct pen_catalog *catalog)
{
	struct pen_catalog again = {0};
	struct pen_buf first = {0}, second = {0};
	PEN_CHECK(pen_index_encode(catalog, &first) == 0);
	PEN_CHECK(pen_index_decode(pen_buf_bytes(&first), &again, NULL) == 0);
	PEN_CHECK(pen_catalog_file_count(&again) == pen_catalog_file_count(catalog));
	PEN_CHECK(pen_index_encode(&again, &second) == 0);
	PEN_CHECK(first.len == second.len);
	pen_buf_fini(&first);
	pen_buf_fini(&second);
	pen_catalog_fini(&again);
}

/* The bytes themselves, and the bytes with the right sum behind them: no fuzzer finds that. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_catalog catalog = {0};
	struct pen_buf text = {0};
	struct pen_hash sum;
	char hex[PEN_HASH_HEX_BYTES];
	struct pen_bytes bytes = {data, len};
	if (pen_index_decode(bytes, &catalog, NULL) == 0)
		check_again(&catalog);
	pen_sha256(bytes, &sum);
	pen_hex((struct pen_bytes){sum.bytes, sizeof sum.bytes}, hex);
	PEN_CHECK(pen_buf_append(&text, data, len) == 0);
	PEN_CHECK(pen_buf_append(&text, "end ", 4) == 0);
	PEN_CHECK(pen_buf_append(&text, hex, 64) == 0);
	PEN_CHECK(pen_buf_append(&text, "\n", 1) == 0);
	if (pen_index_decode(pen_buf_bytes(&text), &catalog, NULL) == 0)
		check_again(&catalog);
	pen_buf_fini(&text);
	pen_catalog_fini(&catalog);
	return 0;
}
