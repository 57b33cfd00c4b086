#include "store/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/catalog.h"
#include "store/layout.h"

static const char *const levels[] = {"chain_id=", "epoch_height=", "epoch_id=", "shard_id="};
#define LEVELS (sizeof levels / sizeof levels[0])

/* One directory being listed for those of the next level. */
struct listing {
	const char *parent;
	const char *prefix; /* that names of this level begin with */
	struct pen_buf *found; /* names with their ends */
	uint32_t count;
};

static bool name_plain(const char *name)
{
	return !name[strspn(
		name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._=-")];
}

static int directory_found(void *context, const char *name, const struct pen_disk_stat *stat)
{
	struct listing *listing = context;
	size_t parent = strlen(listing->parent), len = strlen(name);
	if (!stat->directory || strncmp(name, listing->prefix, strlen(listing->prefix)) != 0 ||
		!name_plain(name) || parent + 1 + len >= PEN_CATALOG_DIR_BYTES)
		return 0;
	if (++listing->count > PEN_CATALOG_DIRS_MAX)
		return PEN_EREFUSED;
	int err = 0;
	if (parent)
		err = pen_buf_append(listing->found, listing->parent, parent);
	if (!err && parent)
		err = pen_buf_append(listing->found, "/", 1);
	return err ? err : pen_buf_append(listing->found, name, len + 1);
}

/* What one level of directories leads to. */
struct level {
	struct pen_buf above; /* names with their ends */
	struct pen_buf found; /* the next level */
	struct pen_buf closed; /* of all levels: those that may not be listed */
};

/* List every directory above for the names of one level. */
static int level_walk(struct pen_disk *disk, const char *prefix, struct level *level)
{
	const struct pen_buf *above = &level->above;
	struct listing listing = {.prefix = prefix, .found = &level->found};
	level->found.len = 0;
	for (size_t at = 0; at < above->len; at += strlen(listing.parent) + 1) {
		listing.parent = (const char *)above->at + at;
		int err = disk->ops->list(disk, listing.parent, directory_found, &listing);
		/* It may hold parts: whoever lists it for them hears of it. The root is there. */
		if (err == -EACCES)
			err = listing.parent[0] ? pen_buf_append(&level->closed, listing.parent,
							  strlen(listing.parent) + 1)
						: 0;
		/* What vanished meanwhile holds no parts. */
		if (err && err != -ENOENT && err != -ENOTDIR && err != -EXDEV)
			return err;
	}
	return 0;
}

static int name_order(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Append the names of `from` to `to`, sorted. */
static int names_sort(const struct pen_buf *from, struct pen_buf *to)
{
	struct pen_buf list = {0};
	int err = 0;
	for (size_t at = 0; !err && at < from->len;) {
		const char *name = (const char *)from->at + at;
		err = pen_buf_append(&list, &name, sizeof name);
		at += strlen(name) + 1;
	}
	size_t count = list.len / sizeof(char *);
	if (!err && count)
		qsort(list.at, count, sizeof(char *), name_order);
	for (size_t i = 0; !err && i < count; i++) {
		const char *name = ((const char **)(void *)list.at)[i];
		err = pen_buf_append(to, name, strlen(name) + 1);
	}
	pen_buf_fini(&list);
	return err;
}

static int any_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	(void)context, (void)name, (void)stat;
	return 1;
}

/* Raw objects lie in a directory of their own. */
static int raw_find(struct pen_disk *disk, struct pen_buf *names)
{
	int found = disk->ops->list(disk, PEN_RAW_DIR, any_name, NULL);
	return found > 0 || found == -EACCES
		? pen_buf_append(names, PEN_RAW_DIR, sizeof PEN_RAW_DIR)
		: 0;
}

int pen_tree_dirs(struct pen_disk *disk, struct pen_buf *names)
{
	struct level level = {0};
	int err = pen_buf_append(&level.above, "", 1);
	for (size_t i = 0; !err && i < LEVELS; i++) {
		err = level_walk(disk, levels[i], &level);
		struct pen_buf swap = level.above;
		level.above = level.found;
		level.found = swap;
	}
	names->len = 0;
	if (!err)
		err = pen_buf_append(names, "", 1);
	if (!err)
		err = pen_buf_append(&level.above, level.closed.at, level.closed.len);
	if (!err)
		err = raw_find(disk, &level.above);
	if (!err)
		err = names_sort(&level.above, names);
	pen_buf_fini(&level.above);
	pen_buf_fini(&level.found);
	pen_buf_fini(&level.closed);
	return err;
}

/* What a file of parts, or of raw objects, is called. */
static int name_parse(bool raw, const char *name, struct pen_tree_file *file)
{
	if (!raw)
		return pen_part_name_parse(name, &file->form, &file->k, &file->n);
	file->form = PEN_FORM_RAW;
	file->n = 1;
	return pen_base58_decode(name, strlen(name), &file->root);
}

/* A directory being listed for its files. */
struct filing {
	struct pen_buf *files;
	bool raw;
};

static int file_found(void *context, const char *name, const struct pen_disk_stat *stat)
{
	struct filing *filing = context;
	struct pen_tree_file file = {.bytes = stat->bytes, .mtime_ns = stat->mtime_ns};
	if (stat->directory || name_parse(filing->raw, name, &file))
		return 0;
	if (filing->files->len / sizeof file == PEN_CATALOG_FILES_MAX)
		return PEN_EREFUSED;
	return pen_buf_append(filing->files, &file, sizeof file);
}

static int file_order(const void *left, const void *right)
{
	const struct pen_tree_file *a = left, *b = right;
	int by = (a->n > b->n) - (a->n < b->n);
	by = by ? by : (a->k > b->k) - (a->k < b->k);
	by = by ? by : (a->form > b->form) - (a->form < b->form);
	return by ? by : memcmp(a->root.bytes, b->root.bytes, PEN_HASH_BYTES);
}

int pen_tree_files(struct pen_disk *disk, const char *dir, struct pen_buf *files)
{
	struct filing filing = {files, strcmp(dir, PEN_RAW_DIR) == 0};
	files->len = 0;
	int err = disk->ops->list(disk, dir, file_found, &filing);
	if (err == -ENOENT || err == -ENOTDIR)
		err = 0;
	size_t count = files->len / sizeof(struct pen_tree_file);
	if (count)
		qsort(files->at, count, sizeof(struct pen_tree_file), file_order);
	return err;
}
