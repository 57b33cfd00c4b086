#include "store/file.h"

#include <errno.h>

#include "base/check.h"
#include "base/clock.h"

/* One operation of a whole file: large enough for any disk to run at its rate. */
#define FILE_OP_BYTES (8u << 20)
/* How long one reap may wait; only a bound for the loop, which goes on. */
#define FILE_WAIT_NS PEN_NS_PER_S

int64_t pen_file_op(struct pen_disk *disk, const struct pen_disk_op *op)
{
	struct pen_disk_done done;
	while (disk->ops->submit(disk, op, 1) == 0)
		PEN_CHECK(disk->ops->reap(disk, &done, 1, 0) == 0);
	while (disk->ops->reap(disk, &done, 1, FILE_WAIT_NS) == 0)
		continue;
	PEN_CHECK(done.tag == op->tag);
	return done.result;
}

/* Move `bytes` at `at` from or to the start of the file, piece by piece. */
static int transfer(
	struct pen_disk *disk, enum pen_disk_kind kind, int file, void *at, size_t bytes)
{
	for (size_t moved = 0; moved < bytes;) {
		size_t left = bytes - moved;
		struct pen_disk_op op = {kind, file, moved, (uint8_t *)at + moved,
			left < FILE_OP_BYTES ? (uint32_t)left : FILE_OP_BYTES, moved};
		int64_t result = pen_file_op(disk, &op);
		if (result < 0)
			return (int)result;
		if (result != op.bytes)
			return kind == PEN_DISK_READ ? PEN_EINPUT : -EIO;
		moved += (size_t)result;
	}
	return 0;
}

int pen_file_read(struct pen_disk *disk, const char *name, size_t bytes_max, struct pen_buf *into,
	struct pen_disk_stat *stat)
{
	struct pen_disk_stat own;
	stat = stat ? stat : &own;
	into->len = 0;
	int file = disk->ops->open(disk, name, PEN_DISK_RDONLY, stat);
	if (file < 0)
		return file;
	int err = stat->directory || stat->bytes > bytes_max ? PEN_EINPUT : 0;
	if (!err)
		err = pen_buf_reserve(into, (size_t)stat->bytes);
	if (!err)
		err = transfer(disk, PEN_DISK_READ, file, into->at, (size_t)stat->bytes);
	if (!err)
		into->len = (size_t)stat->bytes;
	disk->ops->close(disk, file);
	return err;
}

int pen_file_write(struct pen_disk *disk, const char *name, struct pen_bytes bytes)
{
	int file = disk->ops->open(disk, name, PEN_DISK_CREATE | PEN_DISK_EXCL, NULL);
	if (file < 0)
		return file;
	/* A write does not change the memory; the port says so. */
	void *at = (void *)(uintptr_t)bytes.at;
	int err = transfer(disk, PEN_DISK_WRITE, file, at, bytes.len);
	if (!err)
		err = (int)pen_file_op(disk, &(struct pen_disk_op){PEN_DISK_SYNC, file});
	disk->ops->close(disk, file);
	return err;
}
