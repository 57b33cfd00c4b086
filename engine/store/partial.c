#include "store/partial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "store/file.h"

#define DIR_NAME PEN_STORE_SIDE "/" PEN_PARTIAL_DIR

const char *pen_partial_name(const struct pen_hash *root, char name[PEN_ASIDE_NAME_BYTES])
{
	char text[PEN_HASH_TEXT_BYTES];
	int len = snprintf(name, PEN_ASIDE_NAME_BYTES, DIR_NAME "/%s", pen_base58(root, text));
	PEN_CHECK(len < PEN_ASIDE_NAME_BYTES);
	return name;
}

int pen_partial_begin(
	struct pen_disk *disk, const struct pen_hash *root, uint64_t *bytes, struct pen_why *why)
{
	char name[PEN_ASIDE_NAME_BYTES];
	struct pen_disk_stat stat = {.bytes = 0};
	pen_partial_name(root, name);
	int file = disk->ops->open(disk, name, PEN_DISK_UPDATE, &stat);
	if (file == -ENOENT)
		file = disk->ops->open(disk, name, PEN_DISK_CREATE, &stat);
	disk->ops->close(disk, file);
	*bytes = stat.bytes;
	return file < 0 ? pen_fail(why, file, "cannot write %s/%s: %s", disk->root, name,
				  pen_err_text(file))
			: 0;
}

/* Bytes of the file, when all that was written to it is durable; or -errno. */
static int64_t settle(struct pen_disk *disk, const char *name)
{
	struct pen_disk_stat stat;
	int file = disk->ops->open(disk, name, PEN_DISK_UPDATE, &stat);
	if (file < 0)
		return file;
	const struct pen_disk_op sync = {.kind = PEN_DISK_SYNC, .file = file};
	int64_t err = pen_file_op(disk, &sync);
	disk->ops->close(disk, file);
	return err ? err : (int64_t)stat.bytes;
}

int pen_partial_end(
	struct pen_disk *disk, const struct pen_hash *root, uint64_t bytes, struct pen_why *why)
{
	char name[PEN_ASIDE_NAME_BYTES], whole[PEN_NAME_BYTES];
	pen_partial_name(root, name);
	int64_t has = settle(disk, name);
	if (has >= 0 && (uint64_t)has != bytes) {
		disk->ops->unlink(disk, name);
		return pen_fail(why, PEN_EINPUT,
			"%s/%s has %" PRId64 " bytes instead of %" PRIu64
			": something else wrote to it; it is removed, fetch it again",
			disk->root, name, has, bytes);
	}
	int err = has < 0 ? (int)has : disk->ops->rename(disk, name, pen_raw_path(root, whole));
	return err ? pen_fail(why, err, "cannot make %s/%s an object: %s", disk->root, name,
			     pen_err_text(err))
		   : 0;
}

void pen_partial_drop(struct pen_disk *disk, const struct pen_hash *root)
{
	char name[PEN_ASIDE_NAME_BYTES];
	disk->ops->unlink(disk, pen_partial_name(root, name));
}

/* The oldest file of other roots, and how many there are. */
struct search {
	const struct pen_hash *root;
	unsigned count;
	struct pen_hash oldest;
	int64_t oldest_ns;
};

static int search_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	struct search *search = context;
	struct pen_hash root;
	if (pen_base58_decode(name, strlen(name), &root) || pen_hash_equal(&root, search->root))
		return 0;
	if (!search->count++ || stat->mtime_ns < search->oldest_ns) {
		search->oldest = root;
		search->oldest_ns = stat->mtime_ns;
	}
	return 0;
}

int pen_partial_sweep(struct pen_disk *disk, const struct pen_hash *root, struct pen_why *why)
{
	for (;;) {
		struct search search = {.root = root};
		char name[PEN_ASIDE_NAME_BYTES];
		int err = disk->ops->list(disk, DIR_NAME, search_name, &search);
		if (err == -ENOENT || (!err && search.count <= PEN_PARTIAL_OTHERS_MAX))
			return 0;
		if (!err)
			err = disk->ops->unlink(disk, pen_partial_name(&search.oldest, name));
		if (err)
			return pen_fail(why, err, "cannot remove old files in %s/" DIR_NAME ": %s",
				disk->root, pen_err_text(err));
	}
}
