#include "make/runs.h"

#include <errno.h>
#include <stdio.h>

#include "base/check.h"
#include "store/file.h"

#define HEAD_BYTES 4
/* A prefix and a number. */
#define NAME_BYTES 128

static const char *run_name(const struct pen_gather_spill *spill, unsigned run, char *name)
{
	snprintf(name, NAME_BYTES, "%s.%u", spill->prefix, run);
	return name;
}

int pen_run_create(
	struct pen_run_writer *writer, const struct pen_gather_spill *spill, unsigned run)
{
	char name[NAME_BYTES];
	*writer = (struct pen_run_writer){.disk = spill->disk};
	int err = pen_buf_reserve(&writer->buf, PEN_RUN_BYTES);
	if (err)
		return err;
	writer->file = spill->disk->ops->open(
		spill->disk, run_name(spill, run, name), PEN_DISK_CREATE, NULL);
	if (writer->file < 0) {
		pen_buf_fini(&writer->buf);
		return writer->file;
	}
	writer->open = true;
	return 0;
}

static int flush(struct pen_run_writer *writer)
{
	if (!writer->buf.len)
		return 0;
	struct pen_disk_op op = {.kind = PEN_DISK_WRITE,
		.file = writer->file,
		.offset = writer->offset,
		.at = writer->buf.at,
		.bytes = (uint32_t)writer->buf.len};
	int64_t result = pen_file_op(writer->disk, &op);
	if (result < 0)
		return (int)result;
	writer->offset += writer->buf.len;
	writer->buf.len = 0;
	return 0;
}

int pen_run_put(struct pen_run_writer *writer, struct pen_bytes entry)
{
	if (writer->buf.len + entry.len > PEN_RUN_BYTES) {
		int err = flush(writer);
		if (err)
			return err;
	}
	return pen_buf_append(&writer->buf, entry.at, entry.len);
}

int pen_run_close(struct pen_run_writer *writer)
{
	if (!writer->open)
		return 0;
	int err = flush(writer);
	writer->disk->ops->close(writer->disk, writer->file);
	pen_buf_fini(&writer->buf);
	writer->open = false;
	return err;
}

void pen_run_remove(const struct pen_gather_spill *spill, unsigned run)
{
	char name[NAME_BYTES];
	spill->disk->ops->unlink(spill->disk, run_name(spill, run, name));
}

/* A run being read. */
struct reader {
	struct pen_disk *disk;
	int file;
	uint64_t offset; /* of what follows the bytes in memory */
	struct pen_buf buf;
	size_t at; /* of the current entry in buf */
	struct pen_bytes entry; /* with its length; len 0: the run has ended */
};

/* Have at least `need` bytes from reader->at on, unless the file ends. */
static int reader_fill(struct reader *reader, size_t need)
{
	size_t rest = reader->buf.len - reader->at;
	if (rest >= need)
		return 0;
	if (rest)
		memmove(reader->buf.at, reader->buf.at + reader->at, rest);
	reader->buf.len = rest;
	reader->at = 0;
	int err = pen_buf_reserve(&reader->buf, need > PEN_RUN_BYTES ? need : PEN_RUN_BYTES);
	if (err)
		return err;
	struct pen_disk_op op = {.kind = PEN_DISK_READ,
		.file = reader->file,
		.offset = reader->offset,
		.at = reader->buf.at + rest,
		.bytes = (uint32_t)(reader->buf.cap - rest)};
	int64_t result = pen_file_op(reader->disk, &op);
	if (result < 0)
		return (int)result;
	reader->offset += (uint64_t)result;
	reader->buf.len += (size_t)result;
	return 0;
}

/* Go to the next entry. 0, or an error; -EIO if the run ends inside one. */
static int reader_next(struct reader *reader)
{
	reader->at += reader->entry.len;
	reader->entry.len = 0;
	int err = reader_fill(reader, HEAD_BYTES);
	if (err || reader->buf.len == reader->at)
		return err;
	if (reader->buf.len - reader->at < HEAD_BYTES)
		return -EIO;
	size_t len = HEAD_BYTES + (size_t)pen_le32(reader->buf.at + reader->at);
	err = reader_fill(reader, len);
	if (err)
		return err;
	if (reader->buf.len - reader->at < len)
		return -EIO;
	reader->entry = (struct pen_bytes){reader->buf.at + reader->at, len};
	return 0;
}

static struct pen_bytes payload(const struct reader *reader)
{
	return (struct pen_bytes){reader->entry.at + HEAD_BYTES, reader->entry.len - HEAD_BYTES};
}

/* The reader with the smallest entry, NULL when all have ended. */
static struct reader *smallest(struct reader *readers, unsigned count)
{
	struct reader *best = NULL;
	for (unsigned i = 0; i < count; i++) {
		if (readers[i].entry.len &&
			(!best || pen_bytes_compare(payload(&readers[i]), payload(best)) < 0))
			best = &readers[i];
	}
	return best;
}

/* Every run moves behind what was given, so that equal entries are given once. */
static int merge(struct reader *readers, unsigned count, pen_gather_fn fn, void *context)
{
	struct reader *best;
	while ((best = smallest(readers, count))) {
		int err = fn(context, best->entry);
		for (unsigned i = 0; i < count && !err; i++) {
			if (&readers[i] != best && readers[i].entry.len &&
				pen_bytes_compare(payload(&readers[i]), payload(best)) == 0)
				err = reader_next(&readers[i]);
		}
		if (!err)
			err = reader_next(best);
		if (err)
			return err;
	}
	return 0;
}

int pen_runs_merge(
	const struct pen_gather_spill *spill, unsigned runs, pen_gather_fn fn, void *context)
{
	struct reader readers[PEN_GATHER_RUNS_MAX] = {0};
	char name[NAME_BYTES];
	int err = 0;
	unsigned open = 0;
	PEN_CHECK(runs <= PEN_GATHER_RUNS_MAX);
	for (; open < runs && !err; open++) {
		readers[open].disk = spill->disk;
		readers[open].file = spill->disk->ops->open(
			spill->disk, run_name(spill, open, name), PEN_DISK_RDONLY, NULL);
		err = readers[open].file < 0 ? readers[open].file : reader_next(&readers[open]);
	}
	if (!err)
		err = merge(readers, runs, fn, context);
	for (unsigned i = 0; i < open; i++) {
		spill->disk->ops->close(spill->disk, readers[i].file);
		pen_buf_fini(&readers[i].buf);
	}
	return err;
}
