#include "fakes/disk.h"

#include <errno.h>
#include <limits.h>

#include "base/check.h"

static int fake_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *stat)
{
	struct fake_disk *fake = (struct fake_disk *)disk;
	PEN_CHECK(!(flags & PEN_DISK_CREATE));
	for (int i = 0; i < (int)FAKE_DISK_FILES; i++) {
		struct fake_disk_file *file = &fake->files[i];
		if (!file->name || strcmp(file->name, name))
			continue;
		if (stat)
			*stat = (struct pen_disk_stat){file->bytes, file->mtime_ns, false};
		file->opens++;
		file->direct = flags & PEN_DISK_DIRECT;
		fake->opened++;
		return i;
	}
	return -ENOENT;
}

static void fake_close(struct pen_disk *disk, int file)
{
	struct fake_disk *fake = (struct fake_disk *)disk;
	if (file < 0)
		return;
	PEN_CHECK(fake->files[file].opens > 0);
	fake->files[file].opens--;
	for (unsigned i = 0; i < fake->op_count; i++)
		PEN_CHECK(fake->ops[i].file != file || fake->files[file].opens > 0);
}

static unsigned fake_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	struct fake_disk *fake = (struct fake_disk *)disk;
	unsigned taken = 0;
	for (; taken < count && fake->op_count < disk->depth_max; taken++) {
		PEN_CHECK(ops[taken].kind == PEN_DISK_READ);
		unsigned align = fake->files[ops[taken].file].direct ? disk->align : 1;
		PEN_CHECK(ops[taken].offset % align == 0);
		PEN_CHECK((uintptr_t)ops[taken].at % align == 0);
		fake->ops[fake->op_count++] = ops[taken];
		fake->reads++;
	}
	return taken;
}

static int64_t fake_read(const struct fake_disk *fake, const struct pen_disk_op *op)
{
	const struct fake_disk_file *file = &fake->files[op->file];
	PEN_CHECK(file->opens > 0);
	if (fake->err)
		return fake->err;
	if (op->offset >= file->readable)
		return 0;
	uint64_t rest = file->readable - op->offset;
	uint32_t bytes = rest < op->bytes ? (uint32_t)rest : op->bytes;
	memcpy(op->at, file->at + op->offset, bytes);
	return bytes;
}

static unsigned fake_reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	struct fake_disk *fake = (struct fake_disk *)disk;
	unsigned count = 0;
	while (count < max && fake->op_count && (fake->allowed || wait_ns)) {
		unsigned at = fake->newest_first ? fake->op_count - 1 : 0;
		done[count].tag = fake->ops[at].tag;
		done[count++].result = fake_read(fake, &fake->ops[at]);
		fake->op_count--;
		memmove(fake->ops + at, fake->ops + at + 1,
			(fake->op_count - at) * sizeof fake->ops[0]);
		if (fake->allowed && fake->allowed != UINT_MAX)
			fake->allowed--;
	}
	return count;
}

static const struct pen_disk_ops fake_ops = {
	.open = fake_open, .close = fake_close, .submit = fake_submit, .reap = fake_reap};

void fake_disk_init(struct fake_disk *disk, unsigned depth, unsigned align)
{
	PEN_CHECK(depth <= FAKE_DISK_DEPTH);
	*disk = (struct fake_disk){
		.disk = {.ops = &fake_ops, .root = "fake", .depth_max = depth, .align = align},
		.allowed = UINT_MAX};
}

struct fake_disk_file *fake_disk_add(
	struct fake_disk *disk, const char *name, struct pen_bytes bytes, int64_t mtime_ns)
{
	for (unsigned i = 0; i < FAKE_DISK_FILES; i++) {
		if (disk->files[i].name)
			continue;
		disk->files[i] = (struct fake_disk_file){.name = name,
			.at = bytes.at,
			.bytes = bytes.len,
			.readable = bytes.len,
			.mtime_ns = mtime_ns};
		return &disk->files[i];
	}
	PEN_CHECK(!"room for one more file");
	return NULL;
}
