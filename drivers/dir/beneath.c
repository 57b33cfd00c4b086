#include "drivers/dir/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel answers EAGAIN when a rename raced with a ".." inside a link; by then it is either
 * over or somebody does it on purpose. */
#define BENEATH_TRIES_MAX 16

static int component_check(const char *at, size_t len)
{
	if (len == 0 || (len == 1 && at[0] == '.'))
		return -EACCES;
	if (len == 2 && at[0] == '.' && at[1] == '.')
		return -EXDEV;
	return len < PEN_BENEATH_BASE_BYTES ? 0 : -ENAMETOOLONG;
}

int pen_beneath_check(const char *name)
{
	if (name[0] == '/')
		return -EXDEV;
	if (strlen(name) >= PEN_BENEATH_NAME_BYTES)
		return -ENAMETOOLONG;
	for (const char *at = name;; at++) {
		size_t len = strcspn(at, "/");
		int err = component_check(at, len);
		if (err)
			return err;
		at += len;
		if (!*at)
			return 0;
	}
}

static int open_once(int root, const char *name, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags,
		.mode = flags & O_CREAT ? 0666 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root, name, &how, sizeof how);
	return fd < 0 ? -errno : (int)fd;
}

/* For kernels and sandboxes without openat2: no link is followed at all. */
static int open_by_component(int root, const char *name, int flags)
{
	int dir = root;
	for (;;) {
		char base[PEN_BENEATH_BASE_BYTES];
		size_t len = strcspn(name, "/");
		memcpy(base, name, len);
		base[len] = 0;
		bool last = !name[len];
		int more = last ? flags : O_RDONLY | O_DIRECTORY | O_CLOEXEC;
		int fd = openat(dir, base, more | O_NOFOLLOW, 0666);
		int err = fd < 0 ? -errno : 0;
		if (dir != root)
			close(dir);
		if (err)
			return err == -ELOOP ? -EXDEV : err;
		if (last)
			return fd;
		dir = fd;
		name += len + 1;
	}
}

static int open_beneath(int root, const char *name, int flags)
{
	int fd = -EAGAIN;
	for (unsigned i = 0; fd == -EAGAIN && i < BENEATH_TRIES_MAX; i++)
		fd = open_once(root, name, flags);
	if (fd == -ENOSYS || fd == -EPERM)
		fd = strcmp(name, ".") ? open_by_component(root, name, flags)
				       : openat(root, ".", flags);
	return fd;
}

static int kind_check(int fd, struct stat *stat)
{
	if (fstat(fd, stat) < 0)
		return -errno;
	return S_ISREG(stat->st_mode) || S_ISDIR(stat->st_mode) ? 0 : -EACCES;
}

int pen_beneath_open(int root, const char *name, int flags, struct stat *stat)
{
	struct stat own;
	int err = name[0] ? pen_beneath_check(name) : 0;
	if (err)
		return err;
	int fd = open_beneath(
		root, name[0] ? name : ".", flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	err = kind_check(fd, stat ? stat : &own);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Make directory `base` in `parent` and see that it survives a loss of power. */
static int make_directory(int parent, const char *base)
{
	if (mkdirat(parent, base, 0777) < 0)
		return errno == EEXIST ? 0 : -errno;
	/* Some file systems cannot sync a directory and say EINVAL; their changes are ordered. */
	return fsync(parent) < 0 && errno != EINVAL ? -errno : 0;
}

static int open_directory(int parent, const char *base, bool make)
{
	int flags = O_RDONLY | O_DIRECTORY;
	int fd = pen_beneath_open(parent, base, flags, NULL);
	if (fd != -ENOENT || !make)
		return fd;
	int err = make_directory(parent, base);
	return err ? err : pen_beneath_open(parent, base, flags, NULL);
}

/* Walk down `name` to its last slash and make what is missing on the way. */
static int make_path(int root, char *name)
{
	int dir = pen_beneath_open(root, "", O_RDONLY | O_DIRECTORY, NULL);
	for (char *at = name; dir >= 0 && *at;) {
		size_t len = strcspn(at, "/");
		char end = at[len];
		at[len] = 0;
		int fd = open_directory(dir, at, true);
		/* A link is not followed from its own directory upwards: ask from the root. */
		if (fd == -EXDEV)
			fd = pen_beneath_open(root, name, O_RDONLY | O_DIRECTORY, NULL);
		close(dir);
		dir = fd;
		at[len] = end;
		at += end ? len + 1 : len;
	}
	return dir;
}

int pen_beneath_parent(int root, const char *name, bool make, char base[PEN_BENEATH_BASE_BYTES])
{
	char dir[PEN_BENEATH_NAME_BYTES];
	int err = pen_beneath_check(name);
	if (err)
		return err;
	strcpy(dir, name);
	char *slash = strrchr(dir, '/');
	strcpy(base, slash ? slash + 1 : dir);
	*(slash ? slash : dir) = 0;
	int fd = pen_beneath_open(root, dir, O_RDONLY | O_DIRECTORY, NULL);
	return fd == -ENOENT && make ? make_path(root, dir) : fd;
}
