#include "make_util.h"

#include <errno.h>
#include <sys/stat.h>

#include "make/found.h"

/* What is wrong with our own file, whatever it is, is said and the file is left alone. */
static int look(struct shop *shop, uint64_t parts, struct pen_why *why)
{
	struct pen_found found = {.disk = shop->disk,
		.labels = &shop->labels,
		.root = shop->state.sum.root,
		.parts = parts,
		.forms = 1u << PEN_FORM_NEARCORE};
	int count = 0, got = pen_found_look(&found, why);
	for (uint64_t k = 0; k < parts && got >= 0; k++) {
		got = pen_found_prove(&found, k, PEN_FORM_NEARCORE, why);
		count += got > 0;
	}
	pen_found_fini(&found);
	return got < 0 ? got : count;
}

static void put_golden(struct shop *shop, uint64_t k)
{
	char name[64];
	snprintf(name, sizeof name, "golden/genesis/state_part_%06d_of_000005", (int)k);
	struct pen_buf part = test_data(name);
	shop_put(shop, k, 5, part.at, part.len);
	pen_buf_fini(&part);
}

Test(make_found, parts_that_nearcore_made_are_kept)
{
	struct shop shop = shop_open("mainnet-genesis.hex");
	struct pen_why why = {0};
	cr_assert_eq(look(&shop, 5, &why), 0);
	put_golden(&shop, 3);
	cr_assert_eq(look(&shop, 5, &why), 1, "%s", why.text);
	put_golden(&shop, 0);
	cr_assert_eq(look(&shop, 5, &why), 2);
	cr_assert_eq(look(&shop, 6, &why), 0, "the same state may be cut in two ways");
	shop_close(&shop);
}

Test(make_found, anything_else_is_refused)
{
	static const struct {
		uint64_t k, n, parts;
		const char *bytes;
		const char *why;
	} rows[] = {
		{1, 5, 5, "", "state_part_000001_of_000005 is there and is not part 1 of 5"},
		{1, 5, 5, "\1\4\0\0\0abcd", "is not part 1 of 5 of root 8EhZ"},
		{0, 9, 5, "\1\4\0\0\0abcd", "is not part 0 of 9"},
		{7, 5, 5, "\1\4\0\0\0abcd", "is not part 7 of 5"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct shop shop = shop_open("mainnet-genesis.hex");
		struct pen_why why = {0};
		size_t len = strlen(rows[i].bytes) ? 9 : 0;
		shop_put(&shop, rows[i].k, rows[i].n, rows[i].bytes, len);
		cr_assert_eq(look(&shop, rows[i].parts, &why), PEN_EREFUSED);
		cr_assert(strstr(why.text, rows[i].why), "%s", why.text);
		shop_close(&shop);
	}
}

Test(make_found, another_states_parts_are_refused)
{
	struct shop shop = shop_open("golden/small.kv.zst");
	struct pen_why why = {0};
	put_golden(&shop, 0);
	cr_assert_eq(look(&shop, 5, &why), PEN_EREFUSED);
	cr_assert_eq(look(&shop, 7, &why), PEN_EREFUSED);
	cr_assert(strstr(why.text, "is not part 0 of 5 of root GRqs"), "%s", why.text);
	for (unsigned n = 1; n <= PEN_FOUND_OTHERS_MAX; n++)
		shop_put(&shop, 0, 100 + n, "", 0);
	cr_assert_eq(look(&shop, 7, &why), PEN_EREFUSED);
	cr_assert(strstr(why.text, "more than 64 different totals"), "%s", why.text);
	shop_close(&shop);
}
