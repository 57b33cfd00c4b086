#include "bench/nowhere.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define FILE_NUMBER 3

static struct bench_nowhere *nowhere_of(struct pen_disk *disk)
{
	return (struct bench_nowhere *)(void *)disk;
}

static int nowhere_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *stat)
{
	struct bench_nowhere *nowhere = nowhere_of(disk);
	if (flags & PEN_DISK_CREATE)
		nowhere->bytes = 0;
	else if (strcmp(name, nowhere->last) != 0)
		return -ENOENT;
	if (stat)
		*stat = (struct pen_disk_stat){.bytes = nowhere->bytes};
	return FILE_NUMBER;
}

static void nowhere_close(struct pen_disk *disk, int file)
{
	(void)disk;
	(void)file;
}

static int64_t take(struct bench_nowhere *nowhere, const struct pen_disk_op *op)
{
	if (op->kind == PEN_DISK_READ)
		return -EIO;
	if (op->kind == PEN_DISK_SYNC)
		return 0;
	if (nowhere->sums)
		nowhere->sum += XXH3_64bits(op->at, op->bytes);
	nowhere->bytes += op->bytes;
	return op->bytes;
}

static unsigned nowhere_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	struct bench_nowhere *nowhere = nowhere_of(disk);
	unsigned taken = 0;
	for (; taken < count && nowhere->done_count < BENCH_NOWHERE_DEPTH; taken++)
		nowhere->done[nowhere->done_count++] = (struct pen_disk_done){
			ops[taken].tag, take(nowhere, &ops[taken])};
	return taken;
}

static unsigned nowhere_reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	struct bench_nowhere *nowhere = nowhere_of(disk);
	unsigned count = 0;
	(void)wait_ns;
	while (count < max && nowhere->done_count)
		done[count++] = nowhere->done[--nowhere->done_count];
	return count;
}

static int nowhere_rename(struct pen_disk *disk, const char *from, const char *to)
{
	(void)from;
	snprintf(nowhere_of(disk)->last, PEN_NAME_BYTES, "%s", to);
	return 0;
}

static int nowhere_unlink(struct pen_disk *disk, const char *name)
{
	(void)disk;
	(void)name;
	return 0;
}

static int nowhere_list(struct pen_disk *disk, const char *name, pen_disk_list_fn fn, void *context)
{
	(void)disk;
	(void)name;
	(void)fn;
	(void)context;
	return 0;
}

static int nowhere_watch(struct pen_disk *disk, const char *name)
{
	(void)disk;
	(void)name;
	return -ENOSYS;
}

static const struct pen_disk_ops ops = {nowhere_open, nowhere_close, nowhere_submit, nowhere_reap,
	nowhere_rename, nowhere_unlink, nowhere_list, nowhere_watch};

void bench_nowhere_init(struct bench_nowhere *nowhere)
{
	*nowhere = (struct bench_nowhere){.disk = {.ops = &ops,
						  .root = "nowhere",
						  .depth_max = BENCH_NOWHERE_DEPTH,
						  .align = 1}};
}
