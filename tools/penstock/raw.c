#include "raw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/table.h"
#include "stop.h"
#include "store/layout.h"

int raw_file_open(struct raw_file *file, const char *path, struct pen_why *why)
{
	struct stat stat_of;
	*file = (struct raw_file){.disk = NULL};
	if (stat(path, &stat_of) || !realpath(path, file->path)) {
		int err = -errno;
		return pen_fail(why, err, "%s: cannot open it: %s", path, strerror(-err));
	}
	if (S_ISDIR(stat_of.st_mode))
		return pen_fail(why, -EISDIR, "%s: it is a directory", path);
	if (!S_ISREG(stat_of.st_mode))
		return pen_fail(why, PEN_EUSAGE,
			"%s is a pipe or device; save it as a file first: cat > FILE", path);
	char *slash = strrchr(file->path, '/');
	*slash = 0;
	file->name = slash + 1;
	return pen_disk_open_dir(*file->path ? file->path : "/", false, &file->disk, why);
}

void raw_file_close(struct raw_file *file)
{
	pen_disk_shut(file->disk);
	file->disk = NULL;
}

bool raw_named(const char *path, struct pen_hash *root)
{
	static const char dir[] = PEN_RAW_DIR;
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (len < sizeof dir - 1 || memcmp(slash - (sizeof dir - 1), dir, sizeof dir - 1) ||
		(len > sizeof dir - 1 && path[len - sizeof dir] != '/'))
		return false;
	return pen_base58_decode(slash + 1, strlen(slash + 1), root) == 0;
}

static int on_block(void *context, uint64_t bytes)
{
	(void)context, (void)bytes;
	return stop_asked() ? PEN_EINTERRUPTED : 0;
}

/* Read a file and say what it is. */
static int read_object(const char *path, struct pen_object *object, struct pen_why *why)
{
	struct raw_file file;
	*object = (struct pen_object){.watch = on_block};
	stop_install();
	int err = raw_file_open(&file, path, why);
	if (err)
		return err;
	err = pen_object_read(object, file.disk, file.name, why);
	if (err)
		pen_fail_prefix(why, err, "%s", path);
	raw_file_close(&file);
	return err;
}

static void print(const struct pen_object *object, const char *verdict, bool json)
{
	char text[PEN_HASH_TEXT_BYTES];
	const char *root = pen_base58(&object->root, text);
	unsigned long long bytes = object->bytes;
	uint32_t pages = pen_raw_pages(object->blocks);
	if (json)
		printf("{%s%s%s\"form\": \"raw\", \"root\": \"%s\", \"bytes\": %llu, "
		       "\"blocks\": %u, \"pages\": %u}\n",
			verdict ? "\"verdict\": \"" : "", verdict ? verdict : "",
			verdict ? "\", " : "", root, bytes, object->blocks, pages);
	else if (verdict)
		printf("raw object %s: %s, %llu bytes, %u blocks\n", root, verdict, bytes,
			object->blocks);
	else
		printf("form           raw\nroot           %s\nbytes          %llu\n"
		       "blocks         %u of 1 MiB\ndigest pages   %u\n",
			root, bytes, object->blocks, pages);
}

int raw_verify(const char *path, const struct pen_hash *root, bool json, struct pen_why *why)
{
	struct pen_object object;
	struct pen_hash named = {{0}};
	char is[PEN_HASH_TEXT_BYTES], meant[PEN_HASH_TEXT_BYTES];
	if (!root && !raw_named(path, &named))
		return pen_fail(
			why, PEN_EUSAGE, "%s is not called raw/ROOT: --root is needed", path);
	root = root ? root : &named;
	int err = read_object(path, &object, why);
	if (!err && !pen_hash_equal(&object.root, root))
		err = pen_fail(why, PEN_EVERIFY, "%s is raw object %s, not %s", path,
			pen_base58(&object.root, is), pen_base58(root, meant));
	if (!err)
		print(&object, "ok", json);
	pen_object_fini(&object);
	return err;
}

int raw_inspect(const char *path, bool json, struct pen_why *why)
{
	struct pen_object object;
	int err = read_object(path, &object, why);
	if (!err)
		print(&object, NULL, json);
	pen_object_fini(&object);
	return err;
}

static int bring(const struct raw_make *make, struct raw_file *file, struct pen_object *object,
	struct pen_why *why)
{
	struct pen_disk *disk = NULL;
	struct pen_store store = {.disk = NULL};
	int err = pen_disk_open_dir(make->store, true, &disk, why);
	struct pen_store_config config = {.disk = disk, .write = true};
	if (!err)
		err = pen_store_open(&store, &config, why);
	if (!err)
		err = pen_object_bring(object, file->disk, file->name, &store, why);
	pen_store_close(&store);
	pen_disk_shut(disk);
	return err;
}

int raw_make(const struct raw_make *make, struct pen_why *why)
{
	struct raw_file file;
	struct pen_object object = {.watch = on_block};
	char text[PEN_HASH_TEXT_BYTES];
	int err = raw_file_open(&file, make->path, why);
	if (!err)
		err = bring(make, &file, &object, why);
	if (!err)
		printf(make->json ? "{\"form\":\"raw\",\"root\":\"%s\",\"bytes\":%llu,"
				    "\"blocks\":%u}\n"
				  : "raw object %s: %llu bytes, %u blocks\n",
			pen_base58(&object.root, text), (unsigned long long)object.bytes,
			object.blocks);
	raw_file_close(&file);
	pen_object_fini(&object);
	return err;
}
