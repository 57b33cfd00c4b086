#include "store/object.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "store/file.h"
#include "store/index.h"

void pen_object_fini(struct pen_object *object)
{
	if (!object)
		return;
	pen_buf_fini(&object->block);
	pen_buf_fini(&object->leaves);
	pen_buf_fini(&object->page);
}

/* Where the bytes go while they are read; all NULL: nowhere. */
struct copy {
	struct pen_writer *writer;
	struct pen_writing *writing;
};

static int open_file(
	struct pen_object *object, struct pen_disk *disk, const char *name, struct pen_why *why)
{
	struct pen_disk_stat stat;
	int file = disk->ops->open(disk, name, PEN_DISK_RDONLY, &stat);
	if (file < 0)
		return pen_fail(why, file, "cannot be read: %s", pen_err_text(file));
	object->bytes = stat.bytes;
	object->mtime_ns = stat.mtime_ns;
	if (!stat.directory && stat.bytes <= PEN_RAW_BYTES_MAX)
		return file;
	disk->ops->close(disk, file);
	return stat.directory
		? pen_fail(why, PEN_EINPUT, "it is a directory")
		: pen_fail(why, PEN_EINPUT,
			  "it has %" PRIu64 " bytes, and a raw object at most %" PRIu64, stat.bytes,
			  PEN_RAW_BYTES_MAX);
}

static int read_block(struct pen_object *object, struct pen_disk *disk, int file, uint32_t index,
	struct pen_why *why)
{
	uint32_t bytes = pen_raw_block_bytes(object->bytes, index);
	struct pen_disk_op op = {PEN_DISK_READ, file, (uint64_t)index * PEN_RAW_BLOCK_BYTES,
		object->block.at, bytes, index};
	int64_t moved = pen_file_op(disk, &op);
	object->block.len = bytes;
	if (moved < 0)
		return pen_fail(why, (int)moved, "cannot be read: %s", pen_err_text((int)moved));
	return moved == bytes ? 0 : pen_fail(why, PEN_EINPUT, "it became shorter meanwhile");
}

static int read_blocks(struct pen_object *object, struct pen_disk *disk, int file,
	const struct copy *copy, struct pen_why *why)
{
	int err = pen_buf_reserve(&object->block, PEN_RAW_BLOCK_BYTES);
	struct pen_hash leaf;
	object->leaves.len = 0;
	object->blocks = pen_raw_blocks(object->bytes);
	for (uint32_t i = 0; !err && i < object->blocks; i++) {
		err = read_block(object, disk, file, i, why);
		if (err)
			return err;
		pen_raw_leaf(pen_buf_bytes(&object->block), &leaf);
		err = pen_buf_append(&object->leaves, &leaf, sizeof leaf);
		if (!err && copy->writer)
			err = pen_writing_add(
				copy->writer, copy->writing, pen_buf_bytes(&object->block), why);
		if (!err && object->watch)
			err = object->watch(object->context,
				(uint64_t)i * PEN_RAW_BLOCK_BYTES + object->block.len);
	}
	if (!err)
		pen_raw_leaves_root((const struct pen_hash *)(const void *)object->leaves.at,
			object->blocks, &object->root);
	return err;
}

/* Is the file still the one whose blocks were read? */
static int check_same(const struct pen_object *object, struct pen_disk *disk, const char *name,
	struct pen_why *why)
{
	struct pen_disk_stat stat;
	int file = disk->ops->open(disk, name, PEN_DISK_RDONLY, &stat);
	disk->ops->close(disk, file);
	if (file >= 0 && stat.bytes == object->bytes && stat.mtime_ns == object->mtime_ns)
		return 0;
	return pen_fail(why, PEN_EINPUT, "it changed while it was read");
}

static int read_all(struct pen_object *object, struct pen_disk *disk, const char *name,
	const struct copy *copy, struct pen_why *why)
{
	int file = open_file(object, disk, name, why);
	if (file < 0)
		return file;
	int err = read_blocks(object, disk, file, copy, why);
	disk->ops->close(disk, file);
	return err ? err : check_same(object, disk, name, why);
}

int pen_object_read(
	struct pen_object *object, struct pen_disk *disk, const char *name, struct pen_why *why)
{
	struct copy nowhere = {NULL, NULL};
	return read_all(object, disk, name, &nowhere, why);
}

int pen_object_page(struct pen_object *object, struct pen_store *store, struct pen_why *why)
{
	char name[PEN_ASIDE_NAME_BYTES];
	static const uint8_t zeros[4096];
	struct pen_writing writing;
	const struct pen_hash *leaves = (const void *)object->leaves.at;
	if (object->blocks == 0)
		return 0;
	int err = pen_writing_begin(&store->sides, &writing, why);
	for (uint32_t i = 0; !err && i < pen_raw_pages(object->blocks); i++) {
		/* Between two pages lie zeros, up to the next MiB. */
		while (!err && writing.bytes < (uint64_t)i * PEN_RAW_BLOCK_BYTES) {
			uint64_t gap = (uint64_t)i * PEN_RAW_BLOCK_BYTES - writing.bytes;
			struct pen_bytes some = {
				zeros, gap < sizeof zeros ? (size_t)gap : sizeof zeros};
			err = pen_writing_add(&store->sides, &writing, some, why);
		}
		object->page.len = 0;
		if (!err)
			err = pen_raw_page_encode(leaves, object->blocks, i, &object->page);
		if (!err)
			err = pen_writing_add(
				&store->sides, &writing, pen_buf_bytes(&object->page), why);
	}
	if (err) {
		pen_writing_drop(&store->sides, &writing);
		return err;
	}
	pen_pages_name(store->prefix, &object->root, name);
	return pen_writing_end(&store->sides, &writing, name, why);
}

bool pen_object_paged(const struct pen_store *store, const struct pen_hash *root)
{
	char name[PEN_ASIDE_NAME_BYTES];
	return pen_store_has_side(store, pen_pages_name(store->prefix, root, name));
}

/* Look at the file that is the object now. */
static int stat_here(struct pen_object *object, struct pen_store *store, struct pen_why *why)
{
	struct pen_disk *disk = store->disk;
	struct pen_disk_stat stat;
	char path[PEN_NAME_BYTES];
	int file = disk->ops->open(disk, pen_raw_path(&object->root, path), PEN_DISK_RDONLY, &stat);
	disk->ops->close(disk, file);
	if (file < 0)
		return pen_fail(why, file, "%s/%s cannot be opened: %s", disk->root, path,
			pen_err_text(file));
	object->mtime_ns = stat.mtime_ns;
	return stat.bytes == object->bytes
		? 0
		: pen_fail(why, PEN_EINPUT, "%s/%s was changed by somebody else", disk->root, path);
}

int pen_object_keep(struct pen_object *object, struct pen_store *store, struct pen_why *why)
{
	PEN_CHECK(object->blocks == pen_raw_blocks(object->bytes));
	PEN_CHECK(object->leaves.len == object->blocks * sizeof(struct pen_hash));
	int err = stat_here(object, store, why);
	if (!err)
		err = pen_object_page(object, store, why);
	if (err)
		return err;
	struct pen_catalog_file file = {.root = object->root,
		.memory_usage = object->bytes,
		.form = PEN_FORM_RAW,
		.n = 1,
		.bytes = object->bytes,
		.mtime_ns = object->mtime_ns};
	memcpy(file.blob, object->root.bytes, PEN_BLOB_BYTES);
	return pen_index_note(store, PEN_RAW_DIR, &file, why);
}

int pen_object_bring(struct pen_object *object, struct pen_disk *disk, const char *name,
	struct pen_store *store, struct pen_why *why)
{
	char path[PEN_NAME_BYTES];
	struct pen_writing writing;
	PEN_CHECK(store->write);
	int err = pen_writing_begin(&store->parts, &writing, why);
	if (err)
		return err;
	struct copy copy = {&store->parts, &writing};
	err = read_all(object, disk, name, &copy, why);
	if (err) {
		pen_writing_drop(&store->parts, &writing);
		return err;
	}
	pen_raw_path(&object->root, path);
	err = pen_writing_end(&store->parts, &writing, path, why);
	return err ? err : pen_object_keep(object, store, why);
}
