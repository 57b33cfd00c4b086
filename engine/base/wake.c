#include "base/wake.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"

int pen_wake_open(struct pen_wake *wake)
{
	wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wake->fd < 0 ? -errno : 0;
}

void pen_wake_close(struct pen_wake *wake)
{
	if (wake->fd >= 0)
		close(wake->fd);
	*wake = PEN_WAKE_NONE;
}

void pen_wake_signal(const struct pen_wake *wake)
{
	int kept = errno;
	uint64_t one = 1;
	/* A full counter (EAGAIN) is a wake already. */
	ssize_t wrote = write(wake->fd, &one, sizeof one);
	(void)wrote;
	errno = kept;
}

void pen_wake_clear(const struct pen_wake *wake)
{
	uint64_t count;
	ssize_t got = read(wake->fd, &count, sizeof count);
	(void)got;
}

void pen_wake_wait(const struct pen_wake *wake, int64_t ns)
{
	PEN_CHECK(wake->fd >= 0);
	struct pollfd poll = {.fd = wake->fd, .events = POLLIN};
	struct timespec time = {.tv_sec = ns / PEN_NS_PER_S, .tv_nsec = ns % PEN_NS_PER_S};
	ppoll(&poll, 1, ns < 0 ? NULL : &time, NULL);
	pen_wake_clear(wake);
}
