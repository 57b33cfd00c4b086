/* A stash as a depot: what a worker does with a part, and with the blocks of a raw object. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/table.h"
#include "part/judge.h"
#include "part/raw.h"
#include "stash.h"
#include "store/file.h"
#include "store/partial.h"

struct bench {
	struct stash *stash;
	struct pen_disk *disk; /* the store, once more: a disk has one thread */
	struct pen_writer writer;
	struct pen_judge judge;
	int object; /* the raw object's file, as this worker has it open; -1: it has not */
	unsigned file; /* which one that is */
	struct pen_buf kept; /* a block of it that is proved once more */
};

static struct stash *self(struct depot *depot)
{
	return (struct stash *)depot;
}

static int look(
	struct depot *depot, uint32_t n, unsigned forms, struct pen_buf *here, struct pen_why *why)
{
	struct pen_buf found = {0};
	size_t bytes = ((size_t)n + 7) / 8;
	PEN_CHECK(n > 0);
	if (pen_buf_reserve(here, bytes))
		return pen_fail(why, -ENOMEM, "no memory for %u parts", n);
	memset(here->at, 0, bytes);
	here->len = bytes;
	int err = 0;
	for (unsigned form = 0; !err && form < PEN_FORMS; form++) {
		if (!(forms >> form & 1))
			continue;
		err = stash_look(self(depot), n, (enum pen_form)form, &found, why);
		for (size_t i = 0; !err && i < bytes; i++)
			here->at[i] |= found.at[i];
	}
	pen_buf_fini(&found);
	return err;
}

static void bench_trim(void *context)
{
	struct bench *bench = context;
	pen_judge_fini(&bench->judge);
	pen_buf_fini(&bench->kept);
}

static void bench_close(void *context)
{
	struct bench *bench = context;
	if (!bench)
		return;
	bench_trim(bench);
	if (bench->object >= 0)
		bench->disk->ops->close(bench->disk, bench->object);
	pen_disk_shut(bench->disk);
	free(bench);
}

static int bench_open(struct depot *depot, void **out, struct pen_why *why)
{
	struct stash *stash = self(depot);
	struct bench *bench = calloc(1, sizeof *bench);
	if (!bench)
		return pen_fail(why, -ENOMEM, "no memory for a worker");
	bench->stash = stash;
	bench->object = -1;
	bench->judge.brief = true;
	int err = pen_disk_open_dir(stash->dir, false, &bench->disk, why);
	if (err) {
		bench_close(bench);
		return err;
	}
	pen_writer_init(&bench->writer, bench->disk, stash->store.parts.dir);
	*out = bench;
	return 0;
}

/* One call, one line: workers speak at the same time. */
static void tell(const struct bench *bench, const struct errand *errand, const char *what)
{
	if (bench->stash->depot.told)
		fprintf(stderr, "part %u %s\n", (unsigned)errand->id.k, what);
}

static int prove(struct bench *bench, struct errand *errand, struct pen_bytes whole)
{
	const struct pen_allowance *allowance = errand->allowance;
	struct pen_judge *judge = &bench->judge;
	judge->bytes_max = allowance->content_bytes;
	judge->entries_max = allowance->entries;
	judge->zstd.window_log = allowance->window_log;
	tell(bench, errand, "prove");
	return pen_judge_part(judge, &errand->id, whole, &errand->why);
}

static int store(struct bench *bench, struct errand *errand, struct pen_bytes whole)
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

static enum errand_verdict part(void *context, struct errand *errand, struct pen_bytes whole)
{
	struct bench *bench = context;
	errand->err = prove(bench, errand, whole);
	if (errand->err)
		return errand_verdict(errand->err);
	int64_t proved_ns = pen_clock_ns();
	errand->err = store(bench, errand, whole);
	errand->store_ns = pen_clock_ns() - proved_ns;
	return errand->err ? ERRAND_BROKEN : ERRAND_DONE;
}

/* The file that the loop made, open here as well. */
static int object_open(struct bench *bench, struct errand *errand)
{
	char name[PEN_ASIDE_NAME_BYTES];
	struct pen_disk *disk = bench->disk;
	if (bench->object >= 0 && bench->file == errand->object->file)
		return 0;
	disk->ops->close(disk, bench->object);
	bench->file = errand->object->file;
	pen_partial_name(&errand->object->root, name);
	bench->object = disk->ops->open(disk, name, PEN_DISK_UPDATE, NULL);
	return bench->object >= 0 ? 0
				  : pen_fail(&errand->why, bench->object, "%s/%s: %s", disk->root,
					    name, pen_err_text(bench->object));
}

/* Read or write all of a block. Bytes moved; or a code, with a sentence. */
static int64_t block_op(
	struct bench *bench, struct errand *errand, enum pen_disk_kind kind, struct pen_bytes block)
{
	/* A write does not change the memory; the port says so. */
	const struct pen_disk_op op = {kind, bench->object,
		(uint64_t)errand->unit * PEN_RAW_BLOCK_BYTES, (void *)(uintptr_t)block.at,
		(uint32_t)block.len, 0};
	int64_t moved = pen_file_op(bench->disk, &op);
	if (kind == PEN_DISK_WRITE && moved >= 0 && moved != (int64_t)block.len)
		moved = -EIO;
	return moved >= 0
		? moved
		: pen_fail(&errand->why, (int)moved, "cannot %s block %u of the object in %s: %s",
			  kind == PEN_DISK_READ ? "read" : "write", errand->unit, bench->disk->root,
			  pen_err_text((int)moved));
}

/* Is it the block that is meant, as far as that is known? */
static bool is_right(struct errand *errand, struct pen_bytes block)
{
	struct pen_hash leaf;
	pen_raw_leaf(block, &leaf);
	if (!errand->unproved)
		return pen_hash_equal(&leaf, &errand->leaf);
	errand->leaf = leaf;
	return true;
}

/* Has it a page of nothing but zeros? Of a block that nobody can prove alone it is a sign that it
 * was not written whole; if not, it comes once more for nothing. */
static bool has_hole(struct pen_bytes block)
{
	static const uint8_t zeros[4096];
	for (size_t at = 0; at < block.len; at += sizeof zeros) {
		size_t left = block.len - at;
		if (!memcmp(block.at + at, zeros, left < sizeof zeros ? left : sizeof zeros))
			return true;
	}
	return false;
}

/* What can be proved is written only if it is right. */
static int block_run(struct bench *bench, struct errand *errand)
{
	if (!is_right(errand, errand->bytes)) {
		errand->verdict = ERRAND_WRONG;
		return 0;
	}
	int64_t moved = block_op(bench, errand, PEN_DISK_WRITE, errand->bytes);
	return moved < 0 ? (int)moved : 0;
}

static int kept_run(struct bench *bench, struct errand *errand)
{
	if (pen_buf_reserve(&bench->kept, PEN_RAW_BLOCK_BYTES))
		return -ENOMEM;
	const struct pen_bytes block = {bench->kept.at, errand->kept_bytes};
	int64_t moved = block_op(bench, errand, PEN_DISK_READ, block);
	if (moved >= 0 &&
		(moved != errand->kept_bytes || (errand->unproved && has_hole(block)) ||
			!is_right(errand, block)))
		errand->verdict = ERRAND_WRONG;
	return moved < 0 ? (int)moved : 0;
}

static void object(void *context, struct errand *errand)
{
	struct bench *bench = context;
	const struct errand_object *of = errand->object;
	int err = object_open(bench, errand);
	errand->verdict = ERRAND_DONE;
	if (!err && errand->kind == ERRAND_BLOCK)
		err = block_run(bench, errand);
	else if (!err && errand->kind == ERRAND_KEPT)
		err = kept_run(bench, errand);
	else if (!err)
		err = pen_partial_end(bench->disk, &of->root, of->bytes, &errand->why);
	if (!err)
		return;
	errand->verdict = ERRAND_BROKEN;
	errand->err = err;
}

const struct depot_ops stash_depot = {.look = look,
	.bench_open = bench_open,
	.bench_close = bench_close,
	.bench_trim = bench_trim,
	.part = part,
	.object = object};
