#include <criterion/criterion.h>

#include <errno.h>

#include "base/check.h"
#include "drivers/table.h"
#include "base/text.h"
#include "make/kv.h"
#include "make/pairs.h"
#include "scratch.h"

/* One file that a stream is opened on. */
struct bench {
	struct scratch scratch;
	struct pen_disk *disk;
	struct pen_pairs pairs;
	struct pen_why why;
};

static struct bench bench_open(void)
{
	struct bench bench = {.scratch = scratch_open()};
	cr_assert_eq(pen_disk_open_dir(bench.scratch.path, true, &bench.disk, NULL), 0);
	return bench;
}

static void bench_close(struct bench *bench)
{
	pen_disk_shut(bench->disk);
	scratch_close(&bench->scratch);
}

static void bench_write(struct bench *bench, const void *bytes, size_t len)
{
	FILE *file = fopen(scratch_at(&bench->scratch, "state"), "wb");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(bytes, 1, len, file), len);
	cr_assert_eq(fclose(file), 0);
}

/* Read the file to its end; pairs read or the error, which leaves its sentence in bench->why. */
static int bench_read(struct bench *bench, enum pen_pairs_format format)
{
	struct pen_pairs_from from = {format, bench->disk, "state", "kv:/tmp/state"};
	struct pen_pair pair;
	int got, count = 0;
	bench->why = (struct pen_why){0};
	got = pen_pairs_open(&bench->pairs, &from, &bench->why);
	if (got)
		return got;
	while ((got = pen_pairs_next(&bench->pairs, &pair, &bench->why)) > 0)
		count++;
	pen_pairs_close(&bench->pairs);
	return got ? got : count;
}

static void expect_why(const struct bench *bench, const char *why)
{
	cr_assert(strstr(bench->why.text, why), "'%s' lacks '%s'", bench->why.text, why);
}

Test(make_pairs, hex_files)
{
	static const struct {
		const char *text;
		int result;
		const char *why;
	} rows[] = {
		{"", 0, ""},
		{"00 01\n", 1, ""},
		{"- 01\n00 -\n0000 01", 3, ""},
		{"00 01\n00 02\n", PEN_EINPUT, "record 2 (line 2): key 00 is there twice"},
		{"01 01\n02 01\n00 02\n", PEN_EINPUT, "record 3 (line 3): key 00 is smaller"},
		{"00 01\n\n", PEN_EINPUT, "record 2 (line 2): it is empty"},
		{"\n", PEN_EINPUT, "record 1 (line 1): it is empty"},
		{"00 01\n01 2", PEN_EINPUT, "record 2 (line 2): the value has an odd number"},
		{"00\n", PEN_EINPUT, "record 1 (line 1): the value is missing"},
		{"zz 01\n", PEN_EINPUT, "record 1 (line 1): 'z' in column 1"},
		{"\x1f\x8b\x08", PEN_EINPUT, "is compressed with gzip; unpack it first: gzip -dc"},
	};
	struct bench bench = bench_open();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		bench_write(&bench, rows[i].text, strlen(rows[i].text));
		int result = bench_read(&bench, PEN_PAIRS_HEX);
		cr_assert_eq(result, rows[i].result, "row %zu: %d %s", i, result, bench.why.text);
		expect_why(&bench, rows[i].why);
	}
	bench_close(&bench);
}

Test(make_pairs, kv_files)
{
	static const struct {
		const char *bytes;
		size_t len;
		int result;
		const char *why;
	} rows[] = {
		{"", 0, 0, ""},
		{"\0\0\0\0\0\0\0\0", 8, 1, ""},
		{"\1\0\0\0\1\0\0\0av\2\0\0\0\0\0\0\0ab", 20, 2, ""},
		{"\1\0\0\0\1\0\0\0av\1\0\0\0\0\0\0\0a", 19, PEN_EINPUT,
			"record 2 (byte offset 10): key 61 is there twice"},
		{"\1\0\0\0\1\0\0\0bv\1\0\0\0\0\0\0\0a", 19, PEN_EINPUT,
			"record 2 (byte offset 10): key 61 is smaller than the one before it, 62"},
		{"\1\0\0\0\1\0\0\0a", 9, PEN_EINPUT,
			"record 1 (byte offset 0): it is cut short: 9 bytes are left"},
		{"\1\0\0\0\1\0\0\0av\1\0\0", 13, PEN_EINPUT,
			"record 2 (byte offset 10): it is cut short: 3 bytes are left in the file, "
			"8"},
		{"\1\10\0\0\0\0\0\0a", 9, PEN_EINPUT, "a key of 2049 bytes"},
		{"\1\0\0\0\1\0\100\0a", 9, PEN_EINPUT, "a value of 4194305 bytes"},
		{"\x28\xb5\x2f\xfd\4\0\0\0", 8, PEN_EINPUT,
			"compressed with zstd; unpack it first: zstd -d -o UNPACKED /tmp/state"},
		{"\x1f\x8b\x08\0\4\0\0\0", 8, PEN_EINPUT, "compressed with gzip"},
	};
	struct bench bench = bench_open();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		bench_write(&bench, rows[i].bytes, rows[i].len);
		int result = bench_read(&bench, PEN_PAIRS_KV);
		cr_assert_eq(result, rows[i].result, "row %zu: %d %s", i, result, bench.why.text);
		expect_why(&bench, rows[i].why);
	}
	bench_close(&bench);
}

/* Records of every size across the window's edges, up to the largest there is. */
Test(make_pairs, large_records_grow_the_window)
{
	static const uint32_t values[] = {3 << 20, PEN_VALUE_BYTES_MAX, 5, 1 << 20,
		PEN_VALUE_BYTES_MAX, PEN_VALUE_BYTES_MAX - 1};
	struct pen_buf kv = {0}, hex = {0};
	struct bench bench = bench_open();
	uint8_t *value = calloc(1, PEN_VALUE_BYTES_MAX);
	char *text = malloc(2 * (size_t)PEN_VALUE_BYTES_MAX + 1);
	for (size_t i = 0; i < PEN_COUNT(values); i++) {
		struct pen_pair pair = {{(const uint8_t *)"abcdef" + i, 1}, {value, values[i]}};
		uint8_t head[PEN_KV_HEAD_BYTES];
		pen_kv_head(&pair, head);
		cr_assert_eq(pen_buf_append(&kv, head, sizeof head), 0);
		cr_assert_eq(pen_buf_append(&kv, pair.key.at, 1), 0);
		cr_assert_eq(pen_buf_append(&kv, value, values[i]), 0);
		char key[4];
		snprintf(key, sizeof key, "%02x ", *pair.key.at);
		cr_assert_eq(pen_buf_append(&hex, key, 3), 0);
		pen_hex(pair.value, text);
		text[2 * values[i]] = '\n';
		cr_assert_eq(pen_buf_append(&hex, text, 2 * (size_t)values[i] + 1), 0);
	}
	bench_write(&bench, kv.at, kv.len);
	cr_assert_eq(bench_read(&bench, PEN_PAIRS_KV), PEN_COUNT(values), "%s", bench.why.text);
	bench_write(&bench, hex.at, hex.len);
	cr_assert_eq(bench_read(&bench, PEN_PAIRS_HEX), PEN_COUNT(values), "%s", bench.why.text);
	memset(hex.at, '0', hex.len);
	bench_write(&bench, hex.at, hex.len);
	cr_assert_eq(bench_read(&bench, PEN_PAIRS_HEX), PEN_EINPUT);
	expect_why(&bench, "record 1 (line 1): the line is longer than any record");
	free(value), free(text);
	pen_buf_fini(&kv), pen_buf_fini(&hex);
	bench_close(&bench);
}

Test(make_pairs, a_file_that_is_not_there)
{
	struct bench bench = bench_open();
	cr_assert_eq(bench_read(&bench, PEN_PAIRS_KV), -ENOENT);
	expect_why(&bench, "kv:/tmp/state: cannot open it: No such file or directory");
	bench_close(&bench);
}
