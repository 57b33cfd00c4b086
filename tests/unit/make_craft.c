/*
 * No lean file is left that is larger than nearcore's form of the part allows, whatever repeats or
 * nearly repeats in it; and what a run that wants lean form alone decides without making nearcore's
 * form is what it would decide with it.
 */
#include "make_util.h"

#include "base/check.h"
#include "make/craft.h"
#include "make/kv.h"
#include "store/file.h"

/* How the values of a state are like each other. */
enum likeness { SAME, NEARLY, DIFFERENT, KINDS };

/* Value number i. */
static void value_fill(uint8_t *value, size_t len, enum likeness kind, unsigned i)
{
	struct pen_rng rng = {kind == DIFFERENT ? 1000 + i : 1};
	for (size_t at = 0; at < len; at++)
		value[at] = (uint8_t)pen_rng_next(&rng);
	/* Sixteen bytes in the middle are its own. */
	for (size_t at = 0; kind == NEARLY && at < 16 && at < len; at++)
		value[len / 2 + at < len ? len / 2 + at : at] ^= (uint8_t)(i >> (at % 4) * 8) + 1;
}

/* A state of `count` pairs whose values have `len` bytes, as the shop's file. */
static void shop_fill(struct shop *shop, unsigned count, size_t len, enum likeness kind)
{
	uint8_t *value = malloc(len + 1);
	FILE *file = fopen(scratch_at(&shop->scratch, "state"), "wb");
	cr_assert_not_null(file);
	for (unsigned i = 0; i < count; i++) {
		char key[16];
		uint8_t head[PEN_KV_HEAD_BYTES];
		snprintf(key, sizeof key, "%08x", i * 7919u);
		struct pen_pair pair = {{(const uint8_t *)key, 8}, {value, len}};
		value_fill(value, len, kind, i);
		pen_kv_head(&pair, head);
		fwrite(head, sizeof head, 1, file);
		fwrite(key, 8, 1, file);
		cr_assert_eq(fwrite(value, 1, len, file), len);
	}
	cr_assert_eq(fclose(file), 0);
	free(value);
	shop->from = (struct pen_pairs_from){PEN_PAIRS_KV, shop->disk, "state", "x"};
}

/* Bytes of a part's file in one form, -1 if there is none. */
static int64_t file_bytes(struct shop *shop, uint64_t k, uint64_t n, enum pen_form form)
{
	const struct pen_part_id id = {.k = k, .n = n};
	struct pen_disk_stat stat;
	char name[PEN_NAME_BYTES];
	pen_part_path(&shop->labels, form, &id, name);
	int file = shop->disk->ops->open(shop->disk, name, PEN_DISK_RDONLY, &stat);
	shop->disk->ops->close(shop->disk, file);
	return file < 0 ? -1 : (int64_t)stat.bytes;
}

static void both_and_lean(unsigned count, size_t len, enum likeness kind, uint64_t n)
{
	const struct shop_way both = {.forms = 3}, lean = {.forms = 1u << PEN_FORM_LEAN};
	struct shop shop = shop_open(NULL), other = shop_open(NULL);
	struct pen_make_sum sum, again, alone;
	shop_fill(&shop, count, len, kind);
	shop_fill(&other, count, len, kind);
	cr_assert_eq(shop_make(&shop, n, &both, &sum), 0);
	cr_assert_eq(sum.forms[PEN_FORM_NEARCORE].made, n);
	cr_assert_eq(sum.forms[PEN_FORM_LEAN].made + sum.larger, n);
	cr_assert_eq(shop_make(&other, n, &lean, &alone), 0);
	cr_assert_eq(alone.larger, sum.larger);
	cr_assert_eq(alone.made, n, "every part is there in one form");
	for (uint64_t k = 0; k < n; k++) {
		int64_t nearcore = file_bytes(&shop, k, n, PEN_FORM_NEARCORE);
		int64_t small = file_bytes(&shop, k, n, PEN_FORM_LEAN);
		cr_expect_leq(small, (int64_t)pen_worth_limit((uint64_t)nearcore),
			"%u x %zu, kind %d, part %d", count, len, kind, (int)k);
		cr_expect_eq(small, file_bytes(&other, k, n, PEN_FORM_LEAN));
		cr_expect_eq(
			file_bytes(&other, k, n, PEN_FORM_NEARCORE), small < 0 ? nearcore : -1);
	}
	/* What was not worth a file the first time is not the second time. */
	cr_assert_eq(shop_make(&shop, n, &both, &again), 0);
	cr_assert_eq(again.made, 0);
	cr_assert_eq(again.kept, sum.made);
	cr_assert_eq(again.larger, sum.larger);
	shop_close(&shop);
	shop_close(&other);
}

Test(make_craft, no_lean_file_is_above_the_limit, .timeout = 120)
{
	static const struct {
		unsigned count;
		size_t len;
		uint64_t n;
	} rows[] = {{300, 0, 2}, {400, 63, 3}, {400, 64, 2}, {300, 3000, 2}, {30, 60000, 2},
		{8, 196607, 1}, {8, 196608, 1}, {6, 1 << 20, 2}, {3, 4 << 20, 1}};
	for (size_t i = 0; i < PEN_COUNT(rows) * KINDS; i++)
		both_and_lean(rows[i / KINDS].count, rows[i / KINDS].len,
			(enum likeness)(i % KINDS), rows[i / KINDS].n);
}

/* Contracts that differ in sixteen bytes lie side by side in nearcore's form: lean form loses. */
Test(make_craft, near_repetitions_fall_back)
{
	const struct shop_way lean = {.forms = 1u << PEN_FORM_LEAN};
	struct shop shop = shop_open(NULL);
	struct pen_make_sum sum;
	shop_fill(&shop, 60, 150000, NEARLY);
	cr_assert_eq(shop_make(&shop, 1, &lean, &sum), 0);
	cr_assert_eq(sum.larger, 1);
	cr_assert_eq(sum.forms[PEN_FORM_LEAN].made, 0);
	cr_assert_eq(sum.forms[PEN_FORM_NEARCORE].made, 1);
	shop_close(&shop);
}

/* Whatever workers there are, and whoever sealed its frames, a file has the same bytes. */
static void same_for_workers(unsigned jobs, uint64_t n)
{
	const struct shop_way one = {.forms = 3}, many = {.forms = 3, .jobs = jobs};
	struct shop shop = shop_open(NULL), other = shop_open(NULL);
	struct pen_make_sum sum;
	struct pen_buf ours = {0}, theirs = {0};
	char name[PEN_NAME_BYTES];
	shop_fill(&shop, 300, 9000, DIFFERENT);
	shop_fill(&other, 300, 9000, DIFFERENT);
	cr_assert_eq(shop_make(&shop, n, &one, &sum), 0);
	cr_assert_eq(sum.forms[PEN_FORM_LEAN].made, n);
	cr_assert_eq(shop_make(&other, n, &many, &sum), 0);
	for (uint64_t k = 0; k < n; k++) {
		const struct pen_part_id id = {.k = k, .n = n};
		pen_part_path(&shop.labels, PEN_FORM_LEAN, &id, name);
		ours.len = theirs.len = 0;
		cr_assert_eq(pen_file_read(shop.disk, name, 1 << 28, &ours, NULL), 0);
		cr_assert_eq(pen_file_read(other.disk, name, 1 << 28, &theirs, NULL), 0);
		cr_expect_eq(pen_bytes_compare(pen_buf_bytes(&ours), pen_buf_bytes(&theirs)), 0,
			"%u workers, part %u of %u", jobs, (unsigned)k, (unsigned)n);
	}
	pen_buf_fini(&ours);
	pen_buf_fini(&theirs);
	shop_close(&shop);
	shop_close(&other);
}

Test(make_craft, bytes_do_not_depend_on_the_workers, .timeout = 60)
{
	static const unsigned jobs[] = {2, 5};
	static const uint64_t parts[] = {1, 7};
	for (size_t i = 0; i < PEN_COUNT(jobs) * PEN_COUNT(parts); i++)
		same_for_workers(jobs[i / PEN_COUNT(parts)], parts[i % PEN_COUNT(parts)]);
}
