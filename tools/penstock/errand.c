#include "errand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/table.h"
#include "part/judge.h"
#include "part/raw.h"
#include "store/file.h"

struct errand_bench {
	struct stash *stash;
	struct pen_disk *disk; /* the store, once more: a disk has one thread */
	struct pen_writer writer;
	struct pen_judge judge;
	struct pen_zstd zstd; /* of frames, when a part has failed */
	struct pen_buf joined, scratch;
	struct pen_writing writing; /* the raw object's file, as this worker has it open */
};

struct errand_bench *errand_bench_open(struct stash *stash, struct pen_why *why)
{
	struct errand_bench *bench = calloc(1, sizeof *bench);
	if (!bench) {
		pen_fail(why, -ENOMEM, "no memory for a worker");
		return NULL;
	}
	bench->stash = stash;
	bench->writing.file = -1;
	bench->judge.brief = true;
	if (pen_disk_open_dir(stash->dir, false, &bench->disk, why)) {
		errand_bench_close(bench);
		return NULL;
	}
	pen_writer_init(&bench->writer, bench->disk, stash->store.parts.dir);
	return bench;
}

void errand_bench_trim(struct errand_bench *bench)
{
	pen_judge_fini(&bench->judge);
	pen_buf_fini(&bench->joined);
	pen_buf_fini(&bench->scratch);
	pen_zstd_fini(&bench->zstd);
}

void errand_bench_close(struct errand_bench *bench)
{
	if (!bench)
		return;
	errand_bench_trim(bench);
	if (bench->writing.file >= 0)
		bench->disk->ops->close(bench->disk, bench->writing.file);
	pen_disk_shut(bench->disk);
	free(bench);
}

static void broken(struct errand *errand, int err)
{
	errand->verdict = ERRAND_BROKEN;
	errand->err = err;
}

/* One call, one line: workers speak at the same time. */
static void tell(const struct errand_bench *bench, const struct errand *errand, const char *what)
{
	if (bench->stash->told)
		fprintf(stderr, "part %u %s\n", (unsigned)errand->id.k, what);
}

static int prove(struct errand_bench *bench, struct errand *errand, struct pen_bytes *whole)
{
	const struct errand_allowance *allowance = errand->allowance;
	struct pen_judge *judge = &bench->judge;
	judge->bytes_max = allowance->content_bytes;
	judge->entries_max = allowance->entries;
	judge->zstd.window_log = allowance->window_log;
	*whole = errand->bytes;
	tell(bench, errand, "prove");
	int err = errand->parcel ? parcel_join(errand->parcel, &bench->joined, whole, &errand->why)
				 : 0;
	return err ? err : pen_judge_part(judge, &errand->id, *whole, &errand->why);
}

/* Why is it no part? */
static void refute(struct errand_bench *bench, struct errand *errand)
{
	int wrong = errand->parcel
		? parcel_wrong(errand->parcel, &bench->zstd, &bench->scratch, errand->bits)
		: 0;
	if (wrong < 0)
		broken(errand, wrong);
	else if (wrong)
		errand->verdict = ERRAND_WRONG;
	else if (errand->parcel && parcel_as_named(errand->parcel))
		errand->verdict = ERRAND_AS_NAMED;
	else
		errand->verdict = ERRAND_REFUTED;
}

static int store(struct errand_bench *bench, struct errand *errand, struct pen_bytes whole)
{
	char name[PEN_NAME_BYTES];
	const struct pen_labels labels = stash_labels(bench->stash, errand->labels);
	pen_part_path(&labels, errand->form, &errand->id, name);
	errand->stored_bytes = whole.len;
	tell(bench, errand, "put");
	int err = pen_writer_put(&bench->writer, name, whole, NULL, &errand->why);
	if (!err)
		tell(bench, errand, "done");
	return err;
}

/* Whose pieces were others the first time? */
static int compare(struct errand_bench *bench, struct errand *errand)
{
	errand->others = 0;
	if (!errand->before)
		return 0;
	int others = parcel_others(errand->before, errand->parcel, &bench->zstd, errand->bits);
	errand->others = others > 0 ? (unsigned)others : 0;
	return others < 0 ? others : 0;
}

static void part_run(struct errand_bench *bench, struct errand *errand)
{
	struct pen_bytes whole;
	int64_t start_ns = pen_clock_ns();
	int err = prove(bench, errand, &whole);
	int64_t proved_ns = pen_clock_ns();
	errand->prove_ns = proved_ns - start_ns;
	errand->err = err;
	errand->verdict = ERRAND_DONE;
	if (err == PEN_ELARGE) {
		errand->verdict = ERRAND_LARGE;
	} else if (err && pen_err_exit(err) == PEN_EXIT_PROOF) {
		refute(bench, errand);
	} else if (err || (err = store(bench, errand, whole)) || (err = compare(bench, errand))) {
		broken(errand, err);
	}
	errand->store_ns = pen_clock_ns() - proved_ns;
	if (errand->allowance->alone)
		errand_bench_trim(bench);
}

/* The file that the loop made, open here as well. */
static int object_open(struct errand_bench *bench, struct errand *errand)
{
	struct pen_disk *disk = bench->disk;
	if (bench->writing.file >= 0)
		return 0;
	int file = disk->ops->open(disk, errand->object->temp, PEN_DISK_UPDATE, NULL);
	if (file < 0)
		return pen_fail(&errand->why, file, "%s/%s: %s", disk->root, errand->object->temp,
			pen_err_text(file));
	bench->writing.file = file;
	memcpy(bench->writing.temp, errand->object->temp, sizeof bench->writing.temp);
	return 0;
}

static int block_write(struct errand_bench *bench, struct errand *errand)
{
	/* A write does not change the memory; the port says so. */
	const struct pen_disk_op op = {PEN_DISK_WRITE, bench->writing.file,
		(uint64_t)errand->unit * PEN_RAW_BLOCK_BYTES, (void *)(uintptr_t)errand->bytes.at,
		(uint32_t)errand->bytes.len, 0};
	int64_t moved = pen_file_op(bench->disk, &op);
	if (moved == (int64_t)errand->bytes.len)
		return 0;
	int err = moved < 0 ? (int)moved : -EIO;
	return pen_fail(&errand->why, err, "cannot write %s/%s: %s", bench->disk->root,
		bench->writing.temp, pen_err_text(err));
}

static void object_run(struct errand_bench *bench, struct errand *errand)
{
	char name[PEN_NAME_BYTES];
	int err = object_open(bench, errand);
	errand->verdict = ERRAND_DONE;
	if (!err && errand->kind == ERRAND_BLOCK) {
		pen_raw_leaf(errand->bytes, &errand->leaf);
		err = block_write(bench, errand);
	} else if (!err) {
		err = pen_writing_end(&bench->writer, &bench->writing,
			pen_raw_path(&errand->object->root, name), &errand->why);
	}
	if (err)
		broken(errand, err);
}

void errand_run(struct errand_bench *bench, struct errand *errand)
{
	PEN_CHECK(bench);
	PEN_CHECK(errand->kind != ERRAND_PART || errand->allowance);
	if (errand->kind == ERRAND_PART)
		part_run(bench, errand);
	else
		object_run(bench, errand);
}
