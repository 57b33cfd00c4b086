/* udp_util: two ports over the kernel's UDP that talk to each other, and what went between them. */
#ifndef PEN_TESTS_UDP_UTIL_H
#define PEN_TESTS_UDP_UTIL_H

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/uring/udp.h"

/* How long something that must come may take on a busy machine, and what must not come. */
#define UDP_SOON_MS 5000
#define UDP_NEVER_MS 50

/* An address by its text: "" is any of both families. */
static inline struct pen_udp_options udp_at(const char *text)
{
	struct pen_udp_options options = {0};
	char mapped[64];
	snprintf(mapped, sizeof mapped, "::ffff:%s", text);
	if (*text && inet_pton(AF_INET6, strchr(text, ':') ? text : mapped, options.address) != 1)
		abort();
	return options;
}

static inline struct pen_net *udp_open(const struct pen_udp_options *options)
{
	struct pen_net *net = NULL;
	struct pen_why why = {0};
	cr_assert_eq(pen_net_open_udp(options, &net, &why), 0, "%s", why.text);
	cr_assert_eq(net->ops->start(net, NULL, 0, &why), 0);
	return net;
}

static inline struct pen_net_path udp_path(const char *to, uint16_t port)
{
	struct pen_net_path path = {.remote_port = port};
	struct pen_udp_options at = udp_at(to);
	memcpy(path.remote, at.address, 16);
	return path;
}

/* Receive `want` slices, or what comes until nothing does for `wait_ms`. */
static inline unsigned udp_receive(
	struct pen_net *net, struct pen_slice *out, unsigned want, int wait_ms)
{
	unsigned count = 0;
	int64_t until_ns = pen_clock_ns() + wait_ms * PEN_NS_PER_MS;
	while (count < want && pen_clock_ns() < until_ns) {
		count += net->ops->rx_burst(net, 0, pen_clock_ns(), out + count, want - count);
		struct pollfd fd = {.events = POLLIN};
		if (count < want && net->ops->arm(net, 0, &fd.fd) == PEN_NET_ARM_FD)
			poll(&fd, 1, wait_ms < 100 ? wait_ms : 100);
	}
	return count;
}

/* Send frames, and have their tags back. */
static inline void udp_send(struct pen_net *net, const struct pen_frame *frames, unsigned count)
{
	unsigned taken = 0, reaped = 0;
	uint64_t tags[PEN_NET_BURST_MAX];
	while (taken < count)
		taken += net->ops->tx_burst(net, 0, pen_clock_ns(), frames + taken, count - taken);
	while (reaped < count) {
		unsigned some = net->ops->tx_reap(net, 0, tags + reaped, count - reaped);
		cr_assert_gt(some, 0);
		reaped += some;
	}
	for (unsigned i = 0; i < count; i++)
		cr_assert_eq(tags[i], frames[i].tag);
}

/* A frame with `header` bytes of the number i, and payload of as many as fit. */
static inline struct pen_frame udp_frame(
	const struct pen_net_path *path, unsigned i, const void *payload, uint16_t bytes)
{
	struct pen_frame frame = {.path = path,
		.payload = payload,
		.payload_bytes = bytes,
		.header_bytes = 32,
		.tag = 1000 + i};
	memset(frame.header, (int)i, 32);
	return frame;
}

#endif
