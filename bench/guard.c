/*
 * guard: what can be counted of the work and does not depend on the machine, for bench/guard, which
 * compares it with the limits in bench/guard.limits.
 *
 *   bench_guard build   a state's trie out of sorted pairs; counting starts in guard_build
 *   bench_guard cut     all parts of a state out of its file, after a first round that takes the
 *                       memory; counting starts in guard_cut
 *
 * Prints "name value" lines. Instructions are counted from outside, by callgrind; calls of malloc
 * and memcpy by bench/counted.h. The linker leads the engine's random keys through here, which are
 * fixed so that every run counts the same.
 */
#include <stdio.h>
#include <string.h>

#include "bench/counted.h"
#include "bench/memfile.h"
#include "bench/messages.h"
#include "make/cut.h"

#define KEYS_BUILD 20000u
/* Parts that are large against the stretches which a file is read in. */
#define KEYS_CUT 100000u
#define PARTS 2u

void __wrap_pen_rng_secret(void *out, size_t len);

void __wrap_pen_rng_secret(void *out, size_t len)
{
	memset(out, 0x5a, len);
}

static int add_bytes(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	(void)hash;
	*(uint64_t *)context += bytes.len;
	return 0;
}

/* Named for callgrind, which counts inside of them. */
int guard_build(struct pen_build *build, const struct bench_pairs *pairs, struct pen_trie_sum *sum);
int guard_cut(struct pen_cut *cut, struct pen_buf *out, uint64_t *bytes, struct pen_why *why);

__attribute__((noinline)) int guard_build(
	struct pen_build *build, const struct bench_pairs *pairs, struct pen_trie_sum *sum)
{
	counted.on = true;
	int err = bench_trie_build(build, pairs->list, pairs->count, sum);
	counted.on = false;
	return err;
}

/* All parts, one after the other; adds their bytes to *bytes. */
static int cut_round(struct pen_cut *cut, struct pen_buf *out, uint64_t *bytes, struct pen_why *why)
{
	int err = 0;
	for (uint64_t k = 0; k < PARTS && !err; k++) {
		out->len = 0;
		err = pen_cut_part(cut, k, PARTS, why);
		if (!err)
			err = pen_cut_content(cut, out, why);
		*bytes += out->len;
	}
	return err;
}

__attribute__((noinline)) int guard_cut(
	struct pen_cut *cut, struct pen_buf *out, uint64_t *bytes, struct pen_why *why)
{
	counted.on = true;
	int err = cut_round(cut, out, bytes, why);
	counted.on = false;
	return err;
}

static void print_counts(uint64_t keys, uint64_t blocks, uint64_t copied, uint64_t bytes)
{
	printf("keys %llu\n", (unsigned long long)keys);
	printf("blocks_per_key %.4f\n", (double)blocks / (double)keys);
	printf("copied_per_byte %.4f\n", (double)copied / (double)bytes);
	printf("allocations %llu\n", (unsigned long long)counted.allocations);
}

/* Two tries out of the same pairs: the second finds all memory taken. */
static int count_build(const struct bench_pairs *pairs)
{
	struct pen_build build;
	struct pen_trie_sum sum;
	uint64_t bytes = 0, blocks = 0;
	pen_build_init(&build, add_bytes, &bytes);
	int err = bench_trie_build(&build, pairs->list, pairs->count, &sum);
	pen_build_reset(&build);
	if (!err) {
		bytes = 0;
		blocks = pen_sha256_blocks();
		err = guard_build(&build, pairs, &sum);
	}
	if (!err)
		print_counts(pairs->count, pen_sha256_blocks() - blocks, counted.copied, bytes);
	pen_build_fini(&build);
	return err;
}

/* What is cut, and out of what. */
struct cutting {
	const struct bench_pairs *pairs;
	struct bench_memfile file;
	struct pen_survey survey;
	struct pen_cut cut;
	struct pen_buf out;
	struct pen_why why;
};

/* Two rounds through all parts: the second finds all memory taken. What the file is read with is
 * its own count. */
static int count_rounds(struct cutting *cutting)
{
	uint64_t bytes = 0, blocks = 0, read = 0;
	int err = cut_round(&cutting->cut, &cutting->out, &bytes, &cutting->why);
	if (!err) {
		bytes = 0;
		blocks = pen_sha256_blocks();
		read = cutting->file.read;
		err = guard_cut(&cutting->cut, &cutting->out, &bytes, &cutting->why);
		read = cutting->file.read - read;
	}
	if (err)
		return err;
	print_counts(
		cutting->pairs->count, pen_sha256_blocks() - blocks, counted.copied - read, bytes);
	printf("read_per_byte %.4f\n", (double)read / (double)bytes);
	return 0;
}

static int count_cut(const struct bench_pairs *pairs, struct pen_why *why)
{
	static struct cutting cutting;
	struct pen_buf bytes = {0};
	struct pen_gather_spill never = {0};
	cutting.pairs = pairs;
	int err = bench_memfile_write(pairs, &bytes);
	bench_memfile_init(&cutting.file, pen_buf_bytes(&bytes));
	struct pen_pairs_from from = bench_memfile_from(&cutting.file);
	if (!err)
		err = bench_memfile_survey(&cutting.file, &cutting.survey, &cutting.why);
	if (!err)
		err = pen_cut_open(&cutting.cut, &cutting.survey, &from, &never, 0, &cutting.why);
	if (!err)
		err = count_rounds(&cutting);
	*why = cutting.why;
	pen_cut_close(&cutting.cut);
	pen_survey_fini(&cutting.survey);
	pen_buf_fini(&cutting.out);
	pen_buf_fini(&bytes);
	return err;
}

int main(int argc, char **argv)
{
	struct bench bench = {.name = "guard", .check = true};
	struct bench_pairs pairs = {0};
	struct pen_why why = {0};
	bool cut = argc == 2 && strcmp(argv[1], "cut") == 0;
	if (!cut && (argc != 2 || strcmp(argv[1], "build") != 0)) {
		fprintf(stderr, "usage: %s build|cut\n", argv[0]);
		return 2;
	}
	bench.keys = cut ? KEYS_CUT : KEYS_BUILD;
	if (bench_pairs_open(&pairs, &bench))
		return 1;
	int err = cut ? count_cut(&pairs, &why) : count_build(&pairs);
	if (err)
		bench_fail(&bench, "%s", why.text[0] ? why.text : pen_err_text(err));
	bench_pairs_close(&pairs);
	return bench_close(&bench);
}
