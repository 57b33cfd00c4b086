#include "store/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/rng.h"
#include "store/file.h"

/* Longest name that list can hand us, after the directory. */
#define LISTED_NAME_BYTES (PEN_WRITER_DIR_BYTES + 256)

void pen_writer_init(struct pen_writer *writer, struct pen_disk *disk, const char *dir)
{
	PEN_CHECK(strlen(dir) < PEN_WRITER_DIR_BYTES);
	*writer = (struct pen_writer){.disk = disk};
	strcpy(writer->dir, dir);
	pen_rng_secret(&writer->nonce, sizeof writer->nonce);
}

static void temp_name(struct pen_writer *writer, char name[PEN_WRITER_TEMP_BYTES])
{
	snprintf(name, PEN_WRITER_TEMP_BYTES, "%s/%016" PRIx64 "-%" PRIu64, writer->dir,
		writer->nonce, writer->count++);
}

static int stat_read(struct pen_disk *disk, const char *name, struct pen_disk_stat *stat)
{
	int file = disk->ops->open(disk, name, PEN_DISK_RDONLY, stat);
	disk->ops->close(disk, file);
	return file < 0 ? file : 0;
}

int pen_writer_put(struct pen_writer *writer, const char *name, struct pen_bytes bytes,
	struct pen_disk_stat *stat, struct pen_why *why)
{
	struct pen_disk *disk = writer->disk;
	char temp[PEN_WRITER_TEMP_BYTES];
	temp_name(writer, temp);
	int err = pen_file_write(disk, temp, bytes);
	if (!err)
		err = disk->ops->rename(disk, temp, name);
	if (err) {
		disk->ops->unlink(disk, temp);
		return pen_fail(
			why, err, "cannot write %s/%s: %s", disk->root, name, pen_err_text(err));
	}
	if (!stat)
		return 0;
	err = stat_read(disk, name, stat);
	return err ? pen_fail(why, err, "%s/%s was just written and cannot be opened: %s",
			     disk->root, name, pen_err_text(err))
		   : 0;
}

static int writing_fail(
	const struct pen_writer *writer, const char *name, int err, struct pen_why *why)
{
	return pen_fail(
		why, err, "cannot write %s/%s: %s", writer->disk->root, name, pen_err_text(err));
}

int pen_writing_begin(struct pen_writer *writer, struct pen_writing *writing, struct pen_why *why)
{
	struct pen_disk *disk = writer->disk;
	*writing = (struct pen_writing){.bytes = 0};
	temp_name(writer, writing->temp);
	writing->file = disk->ops->open(disk, writing->temp, PEN_DISK_CREATE | PEN_DISK_EXCL, NULL);
	return writing->file < 0 ? writing_fail(writer, writing->temp, writing->file, why) : 0;
}

int pen_writing_add(struct pen_writer *writer, struct pen_writing *writing, struct pen_bytes bytes,
	struct pen_why *why)
{
	PEN_CHECK(bytes.len <= UINT32_MAX);
	/* A write does not change the memory; the port says so. */
	struct pen_disk_op op = {PEN_DISK_WRITE, writing->file, writing->bytes,
		(void *)(uintptr_t)bytes.at, (uint32_t)bytes.len, 0};
	int64_t moved = bytes.len ? pen_file_op(writer->disk, &op) : 0;
	if (moved != (int64_t)bytes.len)
		return writing_fail(writer, writing->temp, moved < 0 ? (int)moved : -EIO, why);
	writing->bytes += bytes.len;
	return 0;
}

void pen_writing_drop(struct pen_writer *writer, struct pen_writing *writing)
{
	struct pen_disk *disk = writer->disk;
	if (writing->file < 0)
		return;
	disk->ops->close(disk, writing->file);
	disk->ops->unlink(disk, writing->temp);
	writing->file = -1;
}

int pen_writing_end(struct pen_writer *writer, struct pen_writing *writing, const char *name,
	struct pen_why *why)
{
	struct pen_disk *disk = writer->disk;
	struct pen_disk_op sync = {.kind = PEN_DISK_SYNC, .file = writing->file};
	int err = (int)pen_file_op(disk, &sync);
	if (!err)
		err = disk->ops->rename(disk, writing->temp, name);
	if (err) {
		pen_writing_drop(writer, writing);
		return writing_fail(writer, name, err, why);
	}
	disk->ops->close(disk, writing->file);
	writing->file = -1;
	return 0;
}

static int clear_one(void *context, const char *base, const struct pen_disk_stat *stat)
{
	struct pen_writer *writer = context;
	char name[LISTED_NAME_BYTES];
	(void)stat;
	snprintf(name, sizeof name, "%s/%s", writer->dir, base);
	int err = writer->disk->ops->unlink(writer->disk, name);
	/* A directory with something in it is not ours, and harms nobody. */
	return err == -ENOENT || err == -ENOTEMPTY ? 0 : err;
}

int pen_writer_clear(struct pen_writer *writer, struct pen_why *why)
{
	struct pen_disk *disk = writer->disk;
	int err = disk->ops->list(disk, writer->dir, clear_one, writer);
	if (err == 0 || err == -ENOENT)
		return 0;
	return pen_fail(why, err, "cannot remove old temporary files in %s/%s: %s", disk->root,
		writer->dir, pen_err_text(err));
}

int pen_writer_probe(struct pen_writer *writer, struct pen_why *why)
{
	struct pen_disk *disk = writer->disk;
	char temp[PEN_WRITER_TEMP_BYTES];
	temp_name(writer, temp);
	int file = disk->ops->open(disk, temp, PEN_DISK_CREATE | PEN_DISK_EXCL, NULL);
	disk->ops->close(disk, file);
	if (file < 0)
		return pen_fail(why, file, "cannot write to %s/%s: %s", disk->root, writer->dir,
			pen_err_text(file));
	disk->ops->unlink(disk, temp);
	return 0;
}
