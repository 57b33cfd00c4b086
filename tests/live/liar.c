/*
 * liar: penstock serve that does not keep its word: the program itself, but for the calls that
 * meson.build has the linker wrap. PEN_LIE is what it does:
 *
 *     bytes   what it proved when it started it sends, and attests, with bytes changed
 *     busy    whoever calls is told to come back later, for ever
 *     size    what it offers has PEN_LIE_BYTES bytes, as it says
 *
 * Usage: PEN_LIE=WORD live_liar FLAG..., flags as of penstock serve.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "drivers/table.h"
#include "serve/serve.h"
#include "serve/tell.h"
#include "tools/penstock/cli.h"

/* One byte in so many of a file is another than it was: some in each piece. */
#define LIE_EVERY 50000u
#define FILES_MAX 65536

/* A read that is under way. */
struct reading {
	bool busy;
	uint64_t tag, offset;
	uint8_t *at;
};

/* A disk that reads what is not there. */
struct disk {
	struct pen_disk disk; /* first */
	struct pen_disk *honest;
	bool lies[FILES_MAX]; /* by file */
	struct reading *reading; /* depth_max of them */
};

int __real_pen_disk_open_queued(const char *root, bool create,
	const struct pen_disk_options *options, struct pen_disk **disk, struct pen_why *why);
int __wrap_pen_disk_open_queued(const char *root, bool create,
	const struct pen_disk_options *options, struct pen_disk **disk, struct pen_why *why);
void __real_pen_disk_shut(struct pen_disk *disk);
void __wrap_pen_disk_shut(struct pen_disk *disk);
int __real_pen_serve_open(
	struct pen_serve *serve, const struct pen_serve_config *config, int64_t now_ns);
int __wrap_pen_serve_open(
	struct pen_serve *serve, const struct pen_serve_config *config, int64_t now_ns);
size_t __real_pen_tell_catalog(
	const struct pen_catalog *catalog, const struct pen_wire_catalog *ask, uint8_t *body);
size_t __wrap_pen_tell_catalog(
	const struct pen_catalog *catalog, const struct pen_wire_catalog *ask, uint8_t *body);

static bool does(const char *lie)
{
	const char *word = getenv("PEN_LIE");
	return word && !strcmp(word, lie);
}

static struct disk *self(struct pen_disk *disk)
{
	return (struct disk *)disk;
}

/* Parts and objects are lied about; what proves the blocks of an object is not. */
static int file_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *stat)
{
	struct pen_disk *honest = self(disk)->honest;
	int file = honest->ops->open(honest, name, flags, stat);
	PEN_CHECK(file < FILES_MAX);
	if (file >= 0)
		self(disk)->lies[file] = !strncmp(name, "chain_id=", 9) ||
			!strncmp(name, "raw/", 4);
	return file;
}

static void file_close(struct pen_disk *disk, int file)
{
	self(disk)->honest->ops->close(self(disk)->honest, file);
}

static void note(struct disk *disk, const struct pen_disk_op *op)
{
	struct reading *reading = disk->reading;
	if (op->kind != PEN_DISK_READ || !disk->lies[op->file])
		return;
	while (reading->busy)
		reading++;
	PEN_CHECK(reading < disk->reading + disk->disk.depth_max);
	*reading = (struct reading){true, op->tag, op->offset, op->at};
}

static unsigned submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	struct pen_disk *honest = self(disk)->honest;
	unsigned taken = honest->ops->submit(honest, ops, count);
	for (unsigned i = 0; i < taken; i++)
		note(self(disk), &ops[i]);
	return taken;
}

static void change(struct disk *disk, const struct pen_disk_done *done)
{
	for (unsigned i = 0; i < disk->disk.depth_max; i++) {
		struct reading *reading = &disk->reading[i];
		if (!reading->busy || reading->tag != done->tag)
			continue;
		for (int64_t k = 0; k < done->result; k++)
			reading->at[k] ^= (reading->offset + (uint64_t)k) % LIE_EVERY == 1000;
		reading->busy = false;
		return;
	}
}

static unsigned reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	struct pen_disk *honest = self(disk)->honest;
	unsigned count = honest->ops->reap(honest, done, max, wait_ns);
	for (unsigned i = 0; i < count; i++)
		change(self(disk), &done[i]);
	return count;
}

int __wrap_pen_disk_open_queued(const char *root, bool create,
	const struct pen_disk_options *options, struct pen_disk **out, struct pen_why *why)
{
	/* A server reads its store, and no more. */
	static const struct pen_disk_ops ops = {
		.open = file_open, .close = file_close, .submit = submit, .reap = reap};
	struct pen_disk *honest;
	int err = __real_pen_disk_open_queued(root, create, options, &honest, why);
	if (err || !does("bytes")) {
		*out = honest;
		return err;
	}
	struct disk *disk = calloc(1, sizeof *disk);
	PEN_CHECK(disk);
	disk->disk = *honest;
	disk->disk.ops = &ops;
	disk->honest = honest;
	disk->reading = calloc(honest->depth_max + 1, sizeof *disk->reading);
	PEN_CHECK(disk->reading);
	*out = &disk->disk;
	return 0;
}

void __wrap_pen_disk_shut(struct pen_disk *disk)
{
	if (!disk || disk->ops->submit != submit) {
		__real_pen_disk_shut(disk);
		return;
	}
	__real_pen_disk_shut(self(disk)->honest);
	free(self(disk)->reading);
	free(disk);
}

int __wrap_pen_serve_open(
	struct pen_serve *serve, const struct pen_serve_config *config, int64_t now_ns)
{
	int err = __real_pen_serve_open(serve, config, now_ns);
	if (!err && does("busy"))
		pen_serve_leave(serve);
	return err;
}

size_t __wrap_pen_tell_catalog(
	const struct pen_catalog *catalog, const struct pen_wire_catalog *ask, uint8_t *body)
{
	size_t bytes = __real_pen_tell_catalog(catalog, ask, body);
	struct pen_wire_entry *entries = (void *)(body + sizeof *ask);
	const char *size = getenv("PEN_LIE_BYTES");
	for (uint32_t i = 0; does("size") && size && i < ask->count; i++) {
		entries[i].bytes = strtoull(size, NULL, 10);
		entries[i].pieces = (uint32_t)((entries[i].bytes + PEN_WIRE_PIECE_BYTES_MAX - 1) /
			PEN_WIRE_PIECE_BYTES_MAX);
	}
	return bytes;
}

int main(int argc, char **argv)
{
	return cmd_serve(argc, argv);
}
