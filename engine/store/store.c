#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/file.h"

/* A lock that is still held after a second belongs to a writer at work. */
#define LOCK_TRIES_MAX 20u
#define LOCK_WAIT_NS (50 * PEN_NS_PER_MS)
/* A version is a short decimal; more than this is something else. */
#define VERSION_BYTES_MAX 20

bool pen_store_has_side(const struct pen_store *store, const char *name)
{
	struct pen_disk *disk = store->side;
	int file = disk->ops->open(disk, name, PEN_DISK_RDONLY, NULL);
	disk->ops->close(disk, file);
	return file >= 0;
}

const char *pen_store_side(
	const struct pen_store *store, const char *base, char name[PEN_SIDE_NAME_BYTES])
{
	int len = snprintf(name, PEN_SIDE_NAME_BYTES, "%s%s", store->prefix, base);
	PEN_CHECK(len < PEN_SIDE_NAME_BYTES);
	return name;
}

static int version_judge(
	const struct pen_store *store, const struct pen_buf *text, struct pen_why *why)
{
	char digits[VERSION_BYTES_MAX + 1] = {0};
	uint64_t version;
	if (text->len)
		memcpy(digits, text->at, text->len);
	digits[strcspn(digits, "\r\n")] = 0;
	if (pen_number_parse(digits, UINT32_MAX, &version))
		return pen_fail(why, PEN_EINPUT,
			"%s/%sversion holds no version; remove it if nobody else uses this store",
			store->side->root, store->prefix);
	if (version > PEN_STORE_VERSION)
		return pen_fail(why, PEN_EREFUSED,
			"store %s was written by a newer Penstock (version %llu, this one knows "
			"%d): "
			"use that one",
			store->disk->root, (unsigned long long)version, PEN_STORE_VERSION);
	return 0;
}

/* Refuse what we do not understand. A store without a version is fine: it is somebody's dump. */
static int version_check(const struct pen_store *store, struct pen_why *why)
{
	struct pen_buf text = {0};
	char name[PEN_SIDE_NAME_BYTES];
	pen_store_side(store, "version", name);
	int err = pen_file_read(store->side, name, VERSION_BYTES_MAX, &text, NULL);
	if (err == 0 || err == PEN_EINPUT)
		err = version_judge(store, &text, why);
	else if (err == -ENOENT || err == -ENOTDIR)
		err = 0;
	else
		err = pen_fail(why, err, "cannot read %s/%s: %s", store->side->root, name,
			pen_err_text(err));
	pen_buf_fini(&text);
	return err;
}

static int version_write(struct pen_store *store, struct pen_why *why)
{
	char text[VERSION_BYTES_MAX], name[PEN_SIDE_NAME_BYTES];
	int len = snprintf(text, sizeof text, "%d\n", PEN_STORE_VERSION);
	struct pen_bytes bytes = {(const uint8_t *)text, (size_t)len};
	return pen_writer_put(
		&store->sides, pen_store_side(store, "version", name), bytes, NULL, why);
}

/* The lock is a file of the machine, not of the disk: flock is about this machine's processes. */
static int lock_take(struct pen_store *store, struct pen_why *why)
{
	char name[PEN_SIDE_NAME_BYTES];
	pen_store_side(store, "lock", name);
	size_t bytes = strlen(store->side->root) + 1 + strlen(name) + 1;
	char *path = malloc(bytes);
	if (!path)
		return pen_fail(why, -ENOMEM, "no memory to lock store %s", store->disk->root);
	snprintf(path, bytes, "%s/%s", store->side->root, name);
	int err = pen_lock_take(&store->lock, path, why);
	free(path);
	return err;
}

int pen_store_lock(struct pen_store *store, struct pen_why *why)
{
	if (store->lock.held)
		return 0;
	if (store->side->read_only)
		return pen_fail(why, -EROFS,
			"%s cannot be written to: it is read-only, or this user may not write "
			"there",
			store->side->root);
	int err = pen_writer_probe(&store->sides, why);
	if (!err)
		err = lock_take(store, why);
	if (err)
		return err;
	err = version_check(store, why);
	if (!err)
		err = version_write(store, why);
	if (!err)
		err = pen_writer_clear(&store->sides, why);
	if (err)
		pen_lock_drop(&store->lock);
	return err;
}

void pen_store_unlock(struct pen_store *store)
{
	if (!store->write)
		pen_lock_drop(&store->lock);
}

/* Whoever keeps the index of a store that it serves holds the lock for a moment only. */
static int lock_soon(struct pen_store *store, struct pen_why *why)
{
	int err = pen_store_lock(store, why);
	for (unsigned i = 1; err == PEN_ELOCKED && i < LOCK_TRIES_MAX; i++) {
		pen_clock_sleep_ns(LOCK_WAIT_NS);
		err = pen_store_lock(store, why);
	}
	return err;
}

int pen_store_open(
	struct pen_store *store, const struct pen_store_config *config, struct pen_why *why)
{
	*store = (struct pen_store){
		.disk = config->disk,
		.side = config->index ? config->index : config->disk,
		.prefix = config->index ? "" : PEN_STORE_SIDE "/",
		.write = config->write,
	};
	pen_writer_init(&store->parts, store->disk, PEN_STORE_SIDE "/tmp");
	pen_writer_init(&store->sides, store->side, config->index ? "tmp" : PEN_STORE_SIDE "/tmp");
	if (config->write && config->index)
		return pen_fail(
			why, PEN_EUSAGE, "a store with an index directory elsewhere is only read");
	int err = version_check(store, why);
	if (!err && config->write)
		err = lock_soon(store, why);
	return err;
}

void pen_store_close(struct pen_store *store)
{
	if (!store)
		return;
	pen_lock_drop(&store->lock);
	*store = (struct pen_store){0};
}
