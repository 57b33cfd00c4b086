#include "nap.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"

int nap_open(struct nap *nap, struct pen_why *why)
{
	*nap = (struct nap){.wake = {epoll_create1(EPOLL_CLOEXEC)}, .timer = -1};
	nap->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int err = nap->wake.fd < 0 || nap->timer < 0 ? -errno : nap_watch(nap, nap->timer);
	return err ? pen_fail(why, err, "no descriptor to sleep at: %s", pen_err_text(err)) : 0;
}

void nap_close(struct nap *nap)
{
	pen_wake_close(&nap->wake);
	if (nap->timer >= 0)
		close(nap->timer);
	nap->timer = -1;
}

int nap_watch(struct nap *nap, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	if (!epoll_ctl(nap->wake.fd, EPOLL_CTL_ADD, fd, &event) || errno == EEXIST)
		return 0;
	return -errno;
}

void nap_set(struct nap *nap, int64_t ns)
{
	PEN_CHECK(ns > 0);
	const struct itimerspec when = {.it_value = {ns / PEN_NS_PER_S, ns % PEN_NS_PER_S}};
	timerfd_settime(nap->timer, 0, &when, NULL);
}

void nap_take(struct nap *nap)
{
	struct epoll_event event;
	epoll_wait(nap->wake.fd, &event, 1, -1);
}
