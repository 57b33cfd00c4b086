/* The ring of a build without liburing: there is none, and the port receives by recvmsg. */
#include "drivers/uring/ring.h"

#include <errno.h>

int pen_udp_ring_open(struct pen_udp_ring *ring, const struct pen_udp_ring_ask *ask)
{
	(void)ask;
	*ring = (struct pen_udp_ring){.fd = -1};
	return -ENOSYS;
}

void pen_udp_ring_close(struct pen_udp_ring *ring)
{
	(void)ring;
}

int pen_udp_ring_begin(struct pen_udp_ring *ring)
{
	(void)ring;
	return -ENOSYS;
}

bool pen_udp_ring_next(struct pen_udp_ring *ring, bool can, struct pen_udp_came *came)
{
	(void)ring, (void)can, (void)came;
	return false;
}

bool pen_udp_ring_idle(const struct pen_udp_ring *ring)
{
	(void)ring;
	return false;
}

bool pen_udp_ring_sleep(struct pen_udp_ring *ring)
{
	(void)ring;
	return false;
}

void pen_udp_ring_put(struct pen_udp_ring *ring, uint32_t buffer, uint32_t nth)
{
	(void)ring, (void)buffer, (void)nth;
}

void pen_udp_ring_show(struct pen_udp_ring *ring, uint32_t count)
{
	(void)ring, (void)count;
}
