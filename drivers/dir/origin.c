/*
 * The origin behind dir:PATH: files below a directory. Reads block, so reap reads a bounded run of
 * each get in turn: the caller's loop keeps turning and sees every get move on.
 */
#include "drivers/dir/origin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "drivers/dir/beneath.h"

/* Gets in flight; more of them make one disk no faster. */
#define DIR_DEPTH_MAX 64u
/* Bytes that one get reads in one call of reap: some milliseconds of a slow disk. */
#define DIR_CHUNK_BYTES ((size_t)1 << 20)
/* A file that grows while it is read is read no further than this beyond its size at open. */
#define DIR_SLACK_BYTES 1u

struct dir_get {
	struct pen_origin_get get; /* as submitted */
	char name[PEN_BENEATH_NAME_BYTES]; /* its own copy for messages after the fact */
	int fd;
	uint64_t offset; /* next byte of the file */
	uint64_t size; /* of the file when it was opened */
	int err; /* found at submit, told at reap */
	struct pen_why why;
	bool cancelled;
};

struct dir_origin {
	struct pen_origin origin; /* first: the port's view */
	int root;
	char *label;
	struct dir_get *gets[DIR_DEPTH_MAX]; /* in flight, oldest first */
	unsigned count;
};

static struct dir_origin *self(struct pen_origin *origin)
{
	return (struct dir_origin *)origin;
}

static int open_fail(struct dir_get *get, const char *label, int err)
{
	const char *name = get->name;
	if (err == -ENOENT || err == -ENOTDIR)
		return pen_fail(&get->why, PEN_ENOTFOUND, "%s/%s: no such file", label, name);
	if (err == PEN_EINPUT)
		return pen_fail(&get->why, err,
			"%s/%s: larger than the %llu bytes that such an "
			"object can have",
			label, name, (unsigned long long)get->get.bytes_max);
	if (err == -EISDIR)
		return pen_fail(&get->why, -EACCES, "%s/%s: not a regular file", label, name);
	return pen_fail(&get->why, err, "%s/%s: %s", label, name, pen_err_text(err));
}

static int get_open(struct dir_origin *dir, struct dir_get *get)
{
	struct stat stat;
	get->fd = pen_beneath_open(dir->root, get->name, O_RDONLY, &stat);
	if (get->fd < 0)
		return get->fd;
	if (!S_ISREG(stat.st_mode))
		return -EISDIR;
	uint64_t size = (uint64_t)stat.st_size;
	uint64_t left = size > get->get.offset ? size - get->get.offset : 0;
	get->size = size;
	if (get->get.piece && left > get->get.bytes_max)
		left = get->get.bytes_max;
	if (left > get->get.bytes_max)
		return PEN_EINPUT;
	size_t need = (size_t)left + DIR_SLACK_BYTES;
	return pen_buf_grow_within(get->get.into, need, get->get.into->len + need);
}

static unsigned dir_submit(
	struct pen_origin *origin, const struct pen_origin_get *gets, unsigned count)
{
	struct dir_origin *dir = self(origin);
	for (unsigned i = 0; i < count; i++) {
		struct dir_get *get = dir->count < DIR_DEPTH_MAX ? malloc(sizeof *get) : NULL;
		if (!get)
			return i;
		get->get = gets[i];
		get->offset = gets[i].offset;
		get->cancelled = false;
		get->fd = -1;
		snprintf(get->name, sizeof get->name, "%s", gets[i].name);
		int err = get_open(dir, get);
		get->err = err ? open_fail(get, dir->label, err) : 0;
		dir->gets[dir->count++] = get;
	}
	return count;
}

/* Read one chunk. 1: the file's end; 0: there is more; or -errno, PEN_EINPUT. */
static int get_read(struct dir_get *get)
{
	struct pen_buf *into = get->get.into;
	int err = pen_buf_grow_within(into, DIR_SLACK_BYTES, into->len + DIR_CHUNK_BYTES);
	if (err)
		return err;
	size_t room = into->cap - into->len;
	size_t want = room < DIR_CHUNK_BYTES ? room : DIR_CHUNK_BYTES;
	uint64_t rest = get->get.offset + get->get.bytes_max - get->offset;
	if (get->get.piece && want > rest)
		want = (size_t)rest;
	ssize_t got = pread(get->fd, into->at + into->len, want, (off_t)get->offset);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	get->offset += (uint64_t)got;
	into->len += (size_t)got;
	if (get->offset - get->get.offset > get->get.bytes_max)
		return PEN_EINPUT;
	return got == 0;
}

static void get_close(struct dir_get *get)
{
	if (get->fd >= 0)
		close(get->fd);
	free(get);
}

/* Move a get on; true if it has ended and *done says how. */
static bool get_step(struct dir_origin *dir, struct dir_get *get, struct pen_origin_done *done)
{
	int step = get->err;
	if (get->cancelled)
		step = pen_fail(&get->why, -ECANCELED, "%s/%s: given up", dir->label, get->name);
	else if (!step && (step = get_read(get)) < 0)
		step = open_fail(get, dir->label, step);
	if (step == 0)
		return false;
	*done = (struct pen_origin_done){.tag = get->get.tag,
		.result = step < 0 ? step : 0,
		.bytes_wire = get->offset - get->get.offset};
	if (step < 0)
		done->why = get->why;
	else if (get->get.piece)
		done->object_bytes = get->size;
	return true;
}

static unsigned dir_reap(
	struct pen_origin *origin, struct pen_origin_done *done, unsigned max, int64_t wait_ns)
{
	struct dir_origin *dir = self(origin);
	unsigned ended = 0, kept = 0;
	(void)wait_ns; /* a disk needs no waiting for: every call reads */
	for (unsigned i = 0; i < dir->count; i++) {
		struct dir_get *get = dir->gets[i];
		if (ended < max && get_step(dir, get, &done[ended])) {
			get_close(get);
			ended++;
		} else {
			dir->gets[kept++] = get;
		}
	}
	dir->count = kept;
	return ended;
}

static void dir_cancel(struct pen_origin *origin, uint64_t tag)
{
	struct dir_origin *dir = self(origin);
	for (unsigned i = 0; i < dir->count; i++)
		dir->gets[i]->cancelled |= dir->gets[i]->get.tag == tag;
}

/* The name of an entry with its directory, and '/' behind that of a directory. */
static bool entry_name(const char *directory, const struct dirent *entry, int fd, char *name)
{
	struct stat stat;
	if (entry->d_name[0] == '.' || fstatat(fd, entry->d_name, &stat, 0) < 0)
		return false;
	if (!S_ISDIR(stat.st_mode) && !S_ISREG(stat.st_mode))
		return false;
	int len = snprintf(name, PEN_BENEATH_NAME_BYTES, "%s%s%s", directory, entry->d_name,
		S_ISDIR(stat.st_mode) ? "/" : "");
	return len < PEN_BENEATH_NAME_BYTES;
}

static int list_entries(DIR *stream, const char *prefix, const char *directory,
	pen_origin_list_fn fn, void *context)
{
	char name[PEN_BENEATH_NAME_BYTES];
	int err = 0;
	for (struct dirent *entry; !err && (entry = readdir(stream));) {
		if (entry_name(directory, entry, dirfd(stream), name) &&
			!strncmp(name, prefix, strlen(prefix)))
			err = fn(context, name);
	}
	return err;
}

static int dir_list(struct pen_origin *origin, const char *prefix, pen_origin_list_fn fn,
	void *context, struct pen_why *why)
{
	struct dir_origin *dir = self(origin);
	char directory[PEN_BENEATH_NAME_BYTES];
	snprintf(directory, sizeof directory, "%s", prefix);
	char *slash = strrchr(directory, '/');
	*(slash ? slash : directory) = 0;
	int fd = pen_beneath_open(dir->root, directory, O_RDONLY | O_DIRECTORY, NULL);
	if (fd == -ENOENT)
		return 0;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		int err = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return pen_fail(why, err, "%s/%s: %s", dir->label, directory, pen_err_text(err));
	}
	if (slash)
		strcpy(slash, "/");
	int err = list_entries(stream, prefix, directory, fn, context);
	closedir(stream);
	return err;
}

static int dir_put(
	struct pen_origin *origin, const char *name, struct pen_bytes object, struct pen_why *why)
{
	(void)object;
	return pen_fail(why, -ENOSYS, "%s/%s: sources are read only", origin->label, name);
}

static void dir_close(struct pen_origin *origin)
{
	struct dir_origin *dir = self(origin);
	if (!dir)
		return;
	for (unsigned i = 0; i < dir->count; i++)
		get_close(dir->gets[i]);
	if (dir->root >= 0)
		close(dir->root);
	free(dir->label);
	free(dir);
}

static const struct pen_origin_ops dir_ops = {
	.submit = dir_submit,
	.reap = dir_reap,
	.cancel = dir_cancel,
	.list = dir_list,
	.put = dir_put,
	.close = dir_close,
};

int pen_origin_open_dir(const char *source, const struct pen_origin_options *options,
	struct pen_origin **origin, struct pen_why *why)
{
	(void)options;
	const char *path = source + strlen("dir:");
	struct dir_origin *dir = calloc(1, sizeof *dir);
	char *label = strdup(source);
	if (!dir || !label) {
		free(label);
		free(dir);
		return pen_fail(why, -ENOMEM, "%s: no memory", source);
	}
	dir->label = label;
	dir->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->root < 0) {
		int err = -errno;
		pen_fail(why, err, "%s: %s", source, pen_err_text(err));
		dir_close(&dir->origin);
		return err;
	}
	dir->origin = (struct pen_origin){
		.ops = &dir_ops, .label = label, .depth_max = DIR_DEPTH_MAX, .wake = -1};
	*origin = &dir->origin;
	return 0;
}
