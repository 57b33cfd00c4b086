#include <criterion/criterion.h>
#include <errno.h>

#include "base/check.h"
#include "drivers/table.h"
#include "make/feed.h"
#include "scratch.h"

struct bench {
	struct scratch scratch;
	struct pen_disk *disk;
	struct pen_feed feed;
	struct pen_stretch stretch;
	struct pen_why why;
};

static int bench_open(
	struct bench *bench, enum pen_pairs_format format, const void *bytes, size_t len)
{
	*bench = (struct bench){.scratch = scratch_open()};
	FILE *file = fopen(scratch_at(&bench->scratch, "state"), "wb");
	cr_assert(!len || fwrite(bytes, 1, len, file) == len);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(pen_disk_open_dir(bench->scratch.path, false, &bench->disk, NULL), 0);
	struct pen_pairs_from from = {format, bench->disk, "state", "x:state"};
	int err = pen_feed_open(&bench->feed, &from, &bench->why);
	bench->feed.stretch_bytes = 1;
	return err;
}

static void bench_close(struct bench *bench)
{
	pen_stretch_fini(&bench->stretch);
	pen_feed_close(&bench->feed);
	pen_disk_shut(bench->disk);
	scratch_close(&bench->scratch);
}

/* Read it all, a record a stretch; the keys one after another. */
static int read_all(struct bench *bench, char *keys)
{
	int got;
	*keys = 0;
	while ((got = pen_feed_next(&bench->feed, &bench->stretch, &bench->why)) > 0) {
		int err = pen_stretch_decode(&bench->feed, &bench->stretch, &bench->why);
		if (err)
			return err;
		const struct pen_pair *pair = pen_stretch_pairs(&bench->stretch);
		cr_assert_eq(bench->stretch.count, 1);
		cr_assert_eq(bench->stretch.follows, *keys != 0);
		strncat(keys, (const char *)pair->key.at, pair->key.len);
		strcat(keys, ",");
	}
	return got;
}

#define KV(k, v) k "\0\0\0" v "\0\0\0"

Test(make_feed, stretches_of_both_formats)
{
	static const struct {
		enum pen_pairs_format format;
		const char *bytes;
		size_t len;
	} rows[] = {
		{PEN_PAIRS_HEX, "61 00\n6162 -\n62 0102", 20},
		{PEN_PAIRS_HEX, "61 00\n6162 -\n62 0102\n", 21},
		{PEN_PAIRS_KV, KV("\1", "\1") "ax" KV("\2", "\0") "ab" KV("\1", "\2") "bxy",
			8 * 3 + 7},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct bench bench;
		char keys[64];
		cr_assert_eq(bench_open(&bench, rows[i].format, rows[i].bytes, rows[i].len), 0);
		cr_assert_eq(read_all(&bench, keys), 0, "%s", bench.why.text);
		cr_expect_str_eq(keys, "a,ab,b,", "row %zu", i);
		cr_expect_eq(pen_feed_unchanged(&bench.feed, &bench.why), 0);
		pen_feed_seek(&bench.feed, 0, 0);
		cr_assert_eq(read_all(&bench, keys), 0);
		cr_expect_str_eq(keys, "a,ab,b,");
		bench_close(&bench);
	}
}

Test(make_feed, what_is_wrong_is_named)
{
	static const struct {
		enum pen_pairs_format format;
		const char *bytes;
		size_t len;
		const char *why;
	} rows[] = {
		{PEN_PAIRS_HEX, "61 00\n61 00\n", 12, "record 2 (line 2): key 61 is there twice"},
		{PEN_PAIRS_HEX, "62 00\n61 00\n", 12, "record 2 (line 2)"},
		{PEN_PAIRS_HEX, "61 00\n62 0\n", 11, "record 2 (line 2)"},
		{PEN_PAIRS_HEX, "61\n", 3, "record 1 (line 1)"},
		{PEN_PAIRS_HEX, "61 0g\n", 6, "record 1 (line 1)"},
		{PEN_PAIRS_KV, KV("\1", "\1") "ax" KV("\1", "\1") "ax", 20,
			"record 2 (byte offset 10): key 61 is there twice"},
		{PEN_PAIRS_KV, KV("\1", "\1") "ax" KV("\1", "\2") "bx", 20,
			"record 2 (byte offset 10): it is cut short"},
		{PEN_PAIRS_KV,
			KV("\1", "\1") "ax"
				       "\1\0",
			12, "record 2 (byte offset 10)"},
		{PEN_PAIRS_KV, "\1\20\0\0\0\0\0\0", 8, "record 1 (byte offset 0): it announces"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct bench bench;
		char keys[64];
		cr_assert_eq(bench_open(&bench, rows[i].format, rows[i].bytes, rows[i].len), 0);
		cr_expect_eq(read_all(&bench, keys), PEN_EINPUT, "row %zu", i);
		cr_expect_not_null(
			strstr(bench.why.text, rows[i].why), "row %zu: %s", i, bench.why.text);
		bench_close(&bench);
	}
}

Test(make_feed, empty_compressed_and_changed_files)
{
	struct bench bench;
	char keys[64];
	cr_assert_eq(bench_open(&bench, PEN_PAIRS_KV, "", 0), 0);
	cr_expect_eq(read_all(&bench, keys), 0);
	FILE *file = fopen(scratch_at(&bench.scratch, "state"), "ab");
	fputc('x', file);
	fclose(file);
	cr_expect_eq(pen_feed_unchanged(&bench.feed, &bench.why), PEN_EINPUT);
	cr_expect_not_null(strstr(bench.why.text, "changed"));
	cr_assert_eq(remove(scratch_at(&bench.scratch, "state")), 0);
	cr_expect_eq(pen_feed_unchanged(&bench.feed, &bench.why), -ENOENT);
	bench_close(&bench);
	cr_expect_eq(bench_open(&bench, PEN_PAIRS_KV, "\x28\xb5\x2f\xfd....", 8), PEN_EINPUT);
	bench_close(&bench);
}
