#include "drivers/uring/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "drivers/uring/direct.h"
#include "drivers/uring/flights.h"

struct uring_disk {
	struct pen_disk disk; /* first: the port's view */
	struct pen_disk *names; /* opens, closes, renames and lists */
	struct pen_flights flights;
	bool direct; /* files may be */
	struct pen_disk_state state;
};

static struct uring_disk *self(struct pen_disk *disk)
{
	return (struct uring_disk *)disk;
}

static unsigned disk_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	return pen_flights_submit(&self(disk)->flights, ops, count);
}

static unsigned disk_reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	return pen_flights_reap(&self(disk)->flights, done, max, wait_ns);
}

static int disk_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *out)
{
	struct uring_disk *uring = self(disk);
	unsigned how = uring->direct ? flags : flags & ~(unsigned)PEN_DISK_DIRECT;
	int file = uring->names->ops->open(uring->names, name, how, out);
	if (file >= 0 && how & PEN_DISK_DIRECT)
		pen_direct_bound(file, disk->align);
	if (file >= 0 && flags & PEN_DISK_DIRECT)
		uring->state.buffered_files += !pen_direct_is(file);
	return file;
}

static void disk_close(struct pen_disk *disk, int file)
{
	self(disk)->names->ops->close(self(disk)->names, file);
}

static int disk_rename(struct pen_disk *disk, const char *from, const char *to)
{
	return self(disk)->names->ops->rename(self(disk)->names, from, to);
}

static int disk_unlink(struct pen_disk *disk, const char *name)
{
	return self(disk)->names->ops->unlink(self(disk)->names, name);
}

static int disk_list(struct pen_disk *disk, const char *name, pen_disk_list_fn fn, void *context)
{
	return self(disk)->names->ops->list(self(disk)->names, name, fn, context);
}

static int disk_watch(struct pen_disk *disk, const char *name)
{
	return self(disk)->names->ops->watch(self(disk)->names, name);
}

static const struct pen_disk_ops disk_ops = {
	.open = disk_open,
	.close = disk_close,
	.submit = disk_submit,
	.reap = disk_reap,
	.rename = disk_rename,
	.unlink = disk_unlink,
	.list = disk_list,
	.watch = disk_watch,
};

int pen_uring_disk_open(const char *root, bool create, const struct pen_disk_options *options,
	struct pen_disk **disk, struct pen_why *why)
{
	struct uring_disk *uring = calloc(1, sizeof *uring);
	if (!uring)
		return pen_fail(why, -ENOMEM, "no memory for the directory %s", root);
	int err = pen_disk_open_dir(root, create, &uring->names, why);
	if (err) {
		free(uring);
		return err;
	}
	err = pen_flights_open(&uring->flights, uring->names->align, &uring->state);
	if (err) {
		pen_disk_shut(uring->names);
		free(uring);
		return pen_fail(why, err, "no io_uring for %s: %s", root, strerror(-err));
	}
	uring->disk = *uring->names;
	uring->disk.ops = &disk_ops;
	uring->disk.depth_max = PEN_URING_DISK_DEPTH;
	uring->direct = !(options->without & PEN_WITHOUT_DIRECT);
	uring->state.queued = true;
	uring->state.registered_bytes = pen_fixed_register(
		&uring->flights.fixed, &uring->flights.ring, options);
	*disk = &uring->disk;
	return 0;
}

bool pen_uring_disk_is(const struct pen_disk *disk)
{
	return disk->ops == &disk_ops;
}

void pen_uring_disk_shut(struct pen_disk *disk)
{
	struct uring_disk *uring = self(disk);
	PEN_CHECK(pen_uring_disk_is(disk));
	pen_flights_close(&uring->flights);
	pen_disk_shut(uring->names);
	free(uring);
}

struct pen_disk_state pen_uring_disk_state(const struct pen_disk *disk)
{
	PEN_CHECK(pen_uring_disk_is(disk));
	return ((const struct uring_disk *)disk)->state;
}

unsigned pen_uring_disk_pieces(const struct pen_disk *disk)
{
	PEN_CHECK(pen_uring_disk_is(disk));
	return ((const struct uring_disk *)disk)->flights.fixed.count;
}
