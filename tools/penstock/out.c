#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One write: system calls cost nothing beside it. */
#define OUT_BYTES ((size_t)1 << 20)

static int fail(const struct out *out, const char *what, struct pen_why *why)
{
	int err = -errno;
	return pen_fail(why, err, "cannot %s %s: %s", what, out->name, strerror(-err));
}

/* A file there that is no regular one is written to, never replaced. */
static bool is_special(const char *name)
{
	struct stat stat_of;
	return !stat(name, &stat_of) && !S_ISREG(stat_of.st_mode) && !S_ISDIR(stat_of.st_mode);
}

static int open_temp(struct out *out, struct pen_why *why)
{
	struct stat stat_of;
	if (!realpath(out->name, out->place)) {
		if (errno != ENOENT || strlen(out->name) >= sizeof out->place)
			return fail(out, "write", why);
		memcpy(out->place, out->name, strlen(out->name) + 1);
	}
	if (!stat(out->place, &stat_of) && S_ISDIR(stat_of.st_mode)) {
		errno = EISDIR;
		return fail(out, "write", why);
	}
	snprintf(out->temp, sizeof out->temp, "%s.tmp.%ld", out->place, (long)getpid());
	out->fd = open(out->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	out->renamed_later = true;
	return out->fd < 0 ? fail(out, "write", why) : 0;
}

int out_open(struct out *out, const char *name, struct pen_why *why)
{
	*out = (struct out){.name = strcmp(name, "-") ? name : "standard output"};
	int err = pen_buf_reserve(&out->buf, OUT_BYTES);
	if (err)
		return err;
	if (!strcmp(name, "-"))
		out->fd = STDOUT_FILENO;
	else if (is_special(name))
		out->fd = open(name, O_WRONLY | O_CLOEXEC);
	else
		err = open_temp(out, why);
	if (!err && out->fd < 0)
		err = fail(out, "open", why);
	out->open = !err;
	if (err)
		pen_buf_fini(&out->buf);
	return err;
}

static int write_all(struct out *out, struct pen_bytes bytes, struct pen_why *why)
{
	while (bytes.len) {
		ssize_t done = write(out->fd, bytes.at, bytes.len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(out, "write", why);
		bytes.at += done;
		bytes.len -= (size_t)done;
	}
	return 0;
}

static int flush_buf(struct out *out, struct pen_why *why)
{
	struct pen_bytes bytes = pen_buf_bytes(&out->buf);
	out->buf.len = 0;
	return write_all(out, bytes, why);
}

int out_write(struct out *out, struct pen_bytes bytes, struct pen_why *why)
{
	if (out->buf.len + bytes.len > OUT_BYTES) {
		int err = flush_buf(out, why);
		if (err || bytes.len > OUT_BYTES)
			return err ? err : write_all(out, bytes, why);
	}
	return pen_buf_append(&out->buf, bytes.at, bytes.len);
}

/* The name is durable when its directory is. */
static int sync_directory(const struct out *out, struct pen_why *why)
{
	char copy[PATH_MAX];
	memcpy(copy, out->place, sizeof copy);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(out, "sync the directory of", why);
	int err = fsync(fd) ? fail(out, "sync the directory of", why) : 0;
	close(fd);
	return err;
}

static int place(struct out *out, struct pen_why *why)
{
	if (fsync(out->fd))
		return fail(out, "sync", why);
	if (rename(out->temp, out->place))
		return fail(out, "rename to", why);
	out->renamed_later = false;
	return sync_directory(out, why);
}

int out_close(struct out *out, bool keep, struct pen_why *why)
{
	if (!out->open)
		return 0;
	int err = keep ? flush_buf(out, why) : 0;
	if (!err && keep && out->renamed_later)
		err = place(out, why);
	if (close(out->fd) && keep && !err)
		err = fail(out, "close", why);
	if (out->renamed_later)
		unlink(out->temp);
	pen_buf_fini(&out->buf);
	out->open = false;
	return err;
}
