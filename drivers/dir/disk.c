/*
 * The disk of plain POSIX files. It is synchronous inside: submit does the whole operation and
 * reap only hands the results out, so a caller that keeps many in flight gains nothing here and
 * loses nothing; a driver with real queues takes its place without the caller noticing.
 */
#include "drivers/table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "drivers/dir/beneath.h"
#include "drivers/dir/disk.h"

/* Results held between submit and reap; as deep as a caller of a real queue would like to go. */
#define DISK_DEPTH_MAX 64u
/* Covers the logical block of every disk in use (512 or 4,096 bytes). */
#define DISK_ALIGN 4096u

struct dir_disk {
	struct pen_disk disk; /* first: the port's view */
	int root; /* descriptor of the directory */
	char *label; /* what disk.root shows */
	struct pen_disk_done done[DISK_DEPTH_MAX]; /* finished, not yet reaped; oldest first */
	unsigned done_count;
};

static struct dir_disk *self(struct pen_disk *disk)
{
	return (struct dir_disk *)disk;
}

static void stat_take(struct pen_disk_stat *out, const struct stat *stat)
{
	if (!out)
		return;
	*out = (struct pen_disk_stat){
		.bytes = (uint64_t)stat->st_size,
		.mtime_ns = (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec,
		.directory = S_ISDIR(stat->st_mode),
	};
}

static int open_flags(unsigned flags)
{
	int out = flags & PEN_DISK_CREATE ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY;
	if (flags & PEN_DISK_UPDATE)
		out = O_RDWR;
	if (flags & PEN_DISK_EXCL)
		out |= O_EXCL;
	if (flags & PEN_DISK_DIRECT)
		out |= O_DIRECT;
	return out;
}

static int create_file(int root, const char *name, int flags, struct stat *stat)
{
	char base[PEN_BENEATH_BASE_BYTES];
	int parent = pen_beneath_parent(root, name, true, base);
	if (parent < 0)
		return parent;
	int fd = pen_beneath_open(parent, base, flags, stat);
	close(parent);
	return fd;
}

static int disk_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *out)
{
	int how = open_flags(flags), root = self(disk)->root;
	struct stat stat;
	int (*open_file)(int, const char *, int, struct stat *) = how & O_CREAT ? create_file
										: pen_beneath_open;
	int fd = open_file(root, name, how, &stat);
	/* Not every file system knows O_DIRECT, and it may notice after it made the file. */
	if (fd == -EINVAL && how & O_DIRECT)
		fd = open_file(root, name, how & ~(O_DIRECT | O_EXCL), &stat);
	if (fd >= 0)
		stat_take(out, &stat);
	return fd;
}

static void disk_close(struct pen_disk *disk, int file)
{
	(void)disk;
	if (file >= 0)
		close(file);
}

static int64_t read_whole(const struct pen_disk_op *op)
{
	uint32_t moved = 0;
	while (moved < op->bytes) {
		ssize_t got = pread(op->file, (uint8_t *)op->at + moved, op->bytes - moved,
			(off_t)(op->offset + moved));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		moved += (uint32_t)got;
	}
	return moved;
}

static int64_t write_whole(const struct pen_disk_op *op)
{
	uint32_t moved = 0;
	while (moved < op->bytes) {
		ssize_t put = pwrite(op->file, (const uint8_t *)op->at + moved, op->bytes - moved,
			(off_t)(op->offset + moved));
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		if (put == 0)
			return -EIO;
		moved += (uint32_t)put;
	}
	return moved;
}

static int64_t perform(const struct pen_disk_op *op)
{
	if (op->offset > INT64_MAX - UINT32_MAX)
		return -EINVAL;
	switch (op->kind) {
	case PEN_DISK_READ: return read_whole(op);
	case PEN_DISK_WRITE: return write_whole(op);
	case PEN_DISK_SYNC: return fsync(op->file) < 0 ? -errno : 0;
	}
	return -EINVAL;
}

static unsigned disk_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	struct dir_disk *dir = self(disk);
	unsigned taken = 0;
	for (; taken < count && dir->done_count < DISK_DEPTH_MAX; taken++)
		dir->done[dir->done_count++] = (struct pen_disk_done){
			ops[taken].tag, perform(&ops[taken])};
	return taken;
}

static unsigned disk_reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	struct dir_disk *dir = self(disk);
	unsigned given = dir->done_count < max ? dir->done_count : max;
	(void)wait_ns;
	memcpy(done, dir->done, given * sizeof *done);
	dir->done_count -= given;
	memmove(dir->done, dir->done + given, dir->done_count * sizeof *done);
	return given;
}

static int sync_directory(int fd)
{
	/* Some file systems cannot sync a directory and say EINVAL; their renames are ordered. */
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int disk_rename(struct pen_disk *disk, const char *from, const char *to)
{
	char from_base[PEN_BENEATH_BASE_BYTES], to_base[PEN_BENEATH_BASE_BYTES];
	int err = 0, root = self(disk)->root;
	int from_dir = pen_beneath_parent(root, from, false, from_base);
	if (from_dir < 0)
		return from_dir;
	int to_dir = pen_beneath_parent(root, to, true, to_base);
	if (to_dir < 0)
		err = to_dir;
	else if (renameat(from_dir, from_base, to_dir, to_base) < 0)
		err = -errno;
	if (!err)
		err = sync_directory(to_dir);
	if (!err)
		err = sync_directory(from_dir);
	if (to_dir >= 0)
		close(to_dir);
	close(from_dir);
	return err;
}

static int disk_unlink(struct pen_disk *disk, const char *name)
{
	char base[PEN_BENEATH_BASE_BYTES];
	int parent = pen_beneath_parent(self(disk)->root, name, false, base);
	if (parent < 0)
		return parent;
	int err = unlinkat(parent, base, 0) < 0 ? -errno : 0;
	if (err == -EISDIR || err == -EPERM)
		err = unlinkat(parent, base, AT_REMOVEDIR) < 0 ? -errno : 0;
	close(parent);
	return err;
}

/* Stat what `name` in `dir` is, through links that stay below the root. */
static int list_stat(const struct dir_disk *disk, int dir, const char *path, struct stat *stat)
{
	const char *slash = strrchr(path, '/');
	if (fstatat(dir, slash ? slash + 1 : path, stat, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(stat->st_mode))
		return 0;
	int fd = pen_beneath_open(disk->root, path, O_RDONLY, stat);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

struct listing {
	const struct dir_disk *disk;
	const char *name; /* the directory */
	pen_disk_list_fn fn;
	void *context;
};

static int list_entry(const struct listing *listing, int dir, const char *base)
{
	char path[PEN_BENEATH_NAME_BYTES];
	struct pen_disk_stat out;
	struct stat stat;
	if (!strcmp(base, ".") || !strcmp(base, ".."))
		return 0;
	int len = snprintf(
		path, sizeof path, "%s%s%s", listing->name, listing->name[0] ? "/" : "", base);
	if (len >= (int)sizeof path)
		return 0;
	/* What vanished meanwhile or leads out of the root is not there for anybody. */
	if (list_stat(listing->disk, dir, path, &stat))
		return 0;
	stat_take(&out, &stat);
	return listing->fn(listing->context, base, &out);
}

static int disk_list(struct pen_disk *disk, const char *name, pen_disk_list_fn fn, void *context)
{
	struct listing listing = {self(disk), name, fn, context};
	int fd = pen_beneath_open(listing.disk->root, name, O_RDONLY | O_DIRECTORY, NULL);
	if (fd < 0)
		return fd;
	DIR *stream = fdopendir(fd);
	if (!stream) {
		int err = -errno;
		close(fd);
		return err;
	}
	int result = 0;
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(stream);
		if (!entry && !result)
			result = -errno;
		if (!entry)
			break;
		result = list_entry(&listing, dirfd(stream), entry->d_name);
		if (result)
			break;
	}
	closedir(stream);
	return result;
}

static int disk_watch(struct pen_disk *disk, const char *name)
{
	int dir = pen_beneath_open(self(disk)->root, name, O_RDONLY | O_DIRECTORY, NULL);
	if (dir < 0)
		return dir;
	/* inotify takes only paths; this one names the directory that is open already. */
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), err = 0;
	if (fd < 0)
		err = -errno;
	else if (inotify_add_watch(fd, path,
			 IN_CREATE | IN_CLOSE_WRITE | IN_MOVE | IN_DELETE | IN_ONLYDIR |
				 IN_DELETE_SELF | IN_MOVE_SELF) < 0)
		err = -errno;
	close(dir);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
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

/* mkdir -p; what is there already is fine. */
static int make_root(const char *root)
{
	char path[PATH_MAX];
	if (strlen(root) >= sizeof path)
		return -ENAMETOOLONG;
	strcpy(path, root);
	for (char *at = path + 1; path[0] && *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(path, 0777) < 0 && errno != EEXIST ? -errno : 0;
}

int pen_disk_open_dir(const char *root, bool create, struct pen_disk **disk, struct pen_why *why)
{
	int err = create ? make_root(root) : 0;
	if (err)
		return pen_fail(why, err, "cannot make the directory %s: %s", root, strerror(-err));
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		return pen_fail(why, err, "cannot open the directory %s: %s%s", root,
			strerror(-err),
			err == -EACCES ? "; who runs this must be let in (ls -ld, chmod a+rx)"
				       : "");
	}
	struct dir_disk *dir = calloc(1, sizeof *dir);
	char *label = strdup(root);
	if (!dir || !label) {
		free(dir);
		free(label);
		close(fd);
		return pen_fail(why, -ENOMEM, "no memory for the directory %s", root);
	}
	dir->root = fd;
	dir->label = label;
	dir->disk = (struct pen_disk){
		.ops = &disk_ops,
		.root = label,
		.depth_max = DISK_DEPTH_MAX,
		.align = DISK_ALIGN,
		.read_only = faccessat(fd, ".", W_OK, 0) < 0,
	};
	*disk = &dir->disk;
	return 0;
}

void pen_dir_disk_shut(struct pen_disk *disk)
{
	struct dir_disk *dir = self(disk);
	PEN_CHECK(dir->done_count == 0);
	close(dir->root);
	free(dir->label);
	free(dir);
}
