#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/check.h"

/* Digits of a process id, with room. */
#define PID_TEXT_BYTES 24

static long holder_read(int fd)
{
	char text[PID_TEXT_BYTES];
	ssize_t len = pread(fd, text, sizeof text - 1, 0);
	if (len <= 0)
		return 0;
	text[len] = 0;
	return strtol(text, NULL, 10);
}

static int lock_failed(int fd, int err, const char *path, struct pen_why *why)
{
	if (err != -EWOULDBLOCK)
		return pen_fail(why, err, "cannot lock %s: %s", path, strerror(-err));
	long pid = holder_read(fd);
	if (pid > 0)
		return pen_fail(why, PEN_ELOCKED,
			"%s is locked by process %ld; wait for it or stop it", path, pid);
	return pen_fail(
		why, PEN_ELOCKED, "%s is locked by another process that has just started", path);
}

/* Say who holds it. The lock holds without it, so a full disk is no reason to stop here. */
static void holder_write(int fd)
{
	char text[PID_TEXT_BYTES];
	int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) < 0)
		return;
}

int pen_lock_take(struct pen_lock *lock, const char *path, struct pen_why *why)
{
	PEN_CHECK(!lock->held);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
	if (fd < 0) {
		int err = -errno;
		return pen_fail(why, err, "cannot open %s: %s", path, strerror(-err));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int err = lock_failed(fd, -errno, path, why);
		close(fd);
		return err;
	}
	holder_write(fd);
	*lock = (struct pen_lock){fd, true};
	return 0;
}

void pen_lock_drop(struct pen_lock *lock)
{
	if (!lock || !lock->held)
		return;
	close(lock->fd);
	*lock = (struct pen_lock){0};
}
