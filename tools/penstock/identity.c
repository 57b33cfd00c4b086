#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"

/* What the file holds. */
struct kept {
	uint8_t own[PEN_KEYS_BYTES];
	uint8_t reset_key[IDENTITY_RESET_BYTES];
};

/* 0, -ENOENT, or as identity_load. */
static int look(const char *path, struct kept *kept, struct pen_why *why)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return pen_fail(why, -errno, "cannot read %s: %s", path, strerror(errno));
	int err = 0;
	if (fstat(fd, &stat) < 0)
		err = pen_fail(why, -errno, "cannot read %s: %s", path, strerror(errno));
	else if (stat.st_mode & 077)
		err = pen_fail(why, -EACCES, "%s is a secret, and others may read it: chmod 600 %s",
			path, path);
	else if (stat.st_size != sizeof *kept || read(fd, kept, sizeof *kept) != sizeof *kept)
		err = pen_fail(why, PEN_EINPUT,
			"%s is no identity: it must hold %zu bytes; remove it to become another "
			"peer",
			path, sizeof *kept);
	close(fd);
	return err;
}

static int write_new(const char *path, const struct kept *kept)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int err = 0;
	if (write(fd, kept, sizeof *kept) != sizeof *kept)
		err = errno ? -errno : -EIO;
	if (!err && fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Make one under a name of this process, and give it its own unless somebody was faster. */
static int make(const char *path, struct pen_why *why)
{
	char temp[PATH_MAX];
	struct kept kept;
	if (snprintf(temp, sizeof temp, "%s.%ld", path, (long)getpid()) >= (int)sizeof temp)
		return pen_fail(why, -ENAMETOOLONG, "%s: the name is too long", path);
	pen_rng_secret(&kept, sizeof kept);
	int err = write_new(temp, &kept);
	if (!err && link(temp, path) < 0 && errno != EEXIST)
		err = -errno;
	unlink(temp);
	return err ? pen_fail(why, err, "cannot keep an identity in %s: %s", path, strerror(-err))
		   : 0;
}

static void identity_set(struct identity *identity, const struct kept *kept)
{
	pen_identity_init(&identity->peer, kept->own);
	memcpy(identity->reset_key, kept->reset_key, sizeof identity->reset_key);
}

void identity_draw(struct identity *identity)
{
	struct kept kept;
	pen_rng_secret(&kept, sizeof kept);
	identity_set(identity, &kept);
}

int identity_load(
	const char *store, const char *index, struct identity *identity, struct pen_why *why)
{
	char path[PATH_MAX];
	struct kept kept;
	if (snprintf(path, sizeof path, "%s%s", index ? index : store, index ? "" : "/.penstock") >=
		PATH_MAX - 16)
		return pen_fail(why, -ENAMETOOLONG, "%s: the name is too long", path);
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return pen_fail(why, -errno,
			"cannot keep an identity in %s: %s (--index DIR helps)", path,
			strerror(errno));
	strcat(path, "/identity");
	int err = look(path, &kept, why);
	if (err == -ENOENT) {
		err = make(path, why);
		if (!err)
			err = look(path, &kept, why);
	}
	if (!err)
		identity_set(identity, &kept);
	return err;
}
