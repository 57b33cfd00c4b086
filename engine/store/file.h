/*
 * file: whole files through a disk, for what is small enough to be in memory at once. Waits until
 * the disk is done; nothing else may be in flight on the disk meanwhile. For the thread that owns
 * the disk.
 */
#ifndef PEN_STORE_FILE_H
#define PEN_STORE_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "port/disk.h"

/* Do one operation and wait for it: bytes moved, or -errno. */
int64_t pen_file_op(struct pen_disk *disk, const struct pen_disk_op *op);

/*
 * Read file `name` into `into` (its old content is replaced); *stat may be NULL. 0, -ENOENT,
 * PEN_EINPUT if it has more than bytes_max bytes, is a directory or shrank meanwhile, -ENOMEM,
 * -errno.
 */
int pen_file_read(struct pen_disk *disk, const char *name, size_t bytes_max, struct pen_buf *into,
	struct pen_disk_stat *stat);

/* Write `bytes` as the new file `name` and make them durable; the name itself is not yet. 0,
 * -errno; a half-written file stays for the caller to unlink. */
int pen_file_write(struct pen_disk *disk, const char *name, struct pen_bytes bytes);

#endif
