#include "bench/memfile.h"

#include <errno.h>

#include "base/check.h"
#include "make/kv.h"

#define FILE_NUMBER 3

static struct bench_memfile *memfile_of(struct pen_disk *disk)
{
	return (struct bench_memfile *)(void *)disk;
}

static int mem_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *stat)
{
	(void)name;
	if (flags & (PEN_DISK_CREATE | PEN_DISK_EXCL))
		return -EROFS;
	if (stat)
		*stat = (struct pen_disk_stat){.bytes = memfile_of(disk)->bytes.len};
	return FILE_NUMBER;
}

static void mem_close(struct pen_disk *disk, int file)
{
	(void)disk;
	(void)file;
}

static int64_t mem_read(struct bench_memfile *file, const struct pen_disk_op *op)
{
	if (op->kind != PEN_DISK_READ)
		return -EROFS;
	if (op->offset >= file->bytes.len)
		return 0;
	size_t left = file->bytes.len - op->offset;
	size_t bytes = op->bytes < left ? op->bytes : left;
	memcpy(op->at, file->bytes.at + op->offset, bytes);
	file->read += bytes;
	return (int64_t)bytes;
}

static unsigned mem_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	struct bench_memfile *file = memfile_of(disk);
	unsigned taken = 0;
	for (; taken < count && file->done_count < BENCH_MEMFILE_DEPTH; taken++)
		file->done[file->done_count++] = (struct pen_disk_done){
			ops[taken].tag, mem_read(file, &ops[taken])};
	return taken;
}

static unsigned mem_reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	struct bench_memfile *file = memfile_of(disk);
	unsigned count = file->done_count < max ? file->done_count : max;
	(void)wait_ns;
	memcpy(done, file->done, count * sizeof *done);
	file->done_count -= count;
	memmove(file->done, file->done + count, file->done_count * sizeof *done);
	return count;
}

static int mem_rename(struct pen_disk *disk, const char *from, const char *to)
{
	(void)disk;
	(void)from;
	(void)to;
	return -EROFS;
}

static int mem_unlink(struct pen_disk *disk, const char *name)
{
	(void)disk;
	(void)name;
	return -EROFS;
}

static int mem_list(struct pen_disk *disk, const char *name, pen_disk_list_fn fn, void *context)
{
	struct pen_disk_stat stat = {.bytes = memfile_of(disk)->bytes.len};
	(void)name;
	return fn(context, "state.kv", &stat);
}

static int mem_watch(struct pen_disk *disk, const char *name)
{
	(void)disk;
	(void)name;
	return -ENOSYS;
}

static const struct pen_disk_ops ops = {
	mem_open, mem_close, mem_submit, mem_reap, mem_rename, mem_unlink, mem_list, mem_watch};

void bench_memfile_init(struct bench_memfile *file, struct pen_bytes bytes)
{
	*file = (struct bench_memfile){.bytes = bytes,
		.disk = {.ops = &ops,
			.root = "memory",
			.depth_max = BENCH_MEMFILE_DEPTH,
			.align = 1,
			.read_only = true}};
}

struct pen_pairs_from bench_memfile_from(struct bench_memfile *file)
{
	return (struct pen_pairs_from){PEN_PAIRS_KV, &file->disk, "state.kv", "kv:memory"};
}

int bench_memfile_write(const struct bench_pairs *pairs, struct pen_buf *out)
{
	int err = 0;
	for (size_t i = 0; i < pairs->count && !err; i++) {
		const struct pen_pair *pair = &pairs->list[i];
		uint8_t head[PEN_KV_HEAD_BYTES];
		pen_kv_head(pair, head);
		err = pen_buf_append(out, head, sizeof head);
		if (!err)
			err = pen_buf_append(out, pair->key.at, pair->key.len);
		if (!err)
			err = pen_buf_append(out, pair->value.at, pair->value.len);
	}
	return err;
}

static int survey_stretches(struct pen_feed *feed, struct pen_survey *survey, struct pen_why *why)
{
	struct pen_stretch stretch = {0};
	struct pen_limbs limbs = {0};
	struct pen_make_time time = {0};
	int err;
	while ((err = pen_feed_next(feed, &stretch, why)) > 0) {
		err = pen_stretch_decode(feed, &stretch, why);
		if (!err)
			err = pen_survey_build(&stretch, &limbs, &time);
		if (!err)
			err = pen_survey_add(survey, &limbs);
		if (err)
			break;
	}
	pen_limbs_fini(&limbs);
	pen_stretch_fini(&stretch);
	return err;
}

int bench_memfile_survey(struct bench_memfile *file, struct pen_survey *survey, struct pen_why *why)
{
	struct pen_pairs_from from = bench_memfile_from(file);
	struct pen_feed feed;
	pen_survey_init(survey);
	int err = pen_feed_open(&feed, &from, why);
	if (err)
		return err;
	feed.stretch_bytes = pen_survey_stretch(feed.stat.bytes);
	err = survey_stretches(&feed, survey, why);
	pen_feed_close(&feed);
	return err ? err : pen_survey_finish(survey);
}
