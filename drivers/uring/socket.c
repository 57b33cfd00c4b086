#include "drivers/uring/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/uring/address.h"

/* How long, and how often, a busy port is asked for. */
#define BUSY_NS (2 * PEN_NS_PER_S)
#define AGAIN_NS (5 * PEN_NS_PER_MS)
/* 10 Gb/s for 6 ms: longer than a core that does something else stays away. */
#define SOCKET_BYTES (8 << 20)

static bool set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static uint64_t get(int fd, int name)
{
	int value = 0;
	socklen_t bytes = sizeof value;
	return getsockopt(fd, SOL_SOCKET, name, &value, &bytes) < 0 ? 0 : (uint64_t)value;
}

/* What the port cannot do without. NULL, or what failed. */
static const char *set_needed(int fd, bool v6)
{
	if (!set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE))
		return "IP_MTU_DISCOVER";
	if (!v6)
		return set(fd, IPPROTO_IP, IP_PKTINFO, 1) ? NULL : "IP_PKTINFO";
	if (!set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE))
		return "IPV6_MTU_DISCOVER";
	return set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) ? NULL : "IPV6_RECVPKTINFO";
}

static void set_buffers(struct pen_udp_socket *out, struct pen_notes *notes)
{
	static const struct {
		int name, force;
		const char *what, *limit;
	} rows[] = {{SO_RCVBUF, SO_RCVBUFFORCE, "receiving", "net.core.rmem_max"},
		{SO_SNDBUF, SO_SNDBUFFORCE, "sending", "net.core.wmem_max"}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		if (!set(out->fd, SOL_SOCKET, rows[i].force, SOCKET_BYTES))
			set(out->fd, SOL_SOCKET, rows[i].name, SOCKET_BYTES);
		/* The kernel doubles what is asked, for its own bookkeeping. */
		uint64_t bytes = get(out->fd, rows[i].name) / 2;
		if (bytes < SOCKET_BYTES)
			pen_notes_add(notes,
				"the kernel gives a socket %llu KiB for %s, not %u: bursts may be "
				"lost; mend it, as root: sysctl -w %s=%u",
				(unsigned long long)bytes >> 10, rows[i].what, SOCKET_BYTES >> 10,
				rows[i].limit, SOCKET_BYTES);
	}
	out->rx_bytes = get(out->fd, SO_RCVBUF);
}

/* What the port can do without, at a cost. */
static void set_welcome(struct pen_udp_socket *out, const struct pen_udp_options *options)
{
	struct pen_notes *notes = options->notes;
	unsigned without = options->without;
	int fd = out->fd;
	if (!set(fd, IPPROTO_IP, IP_RECVTOS, 1) ||
		(out->v6 && !set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)))
		pen_notes_add(notes, "the kernel does not show ECN bits: congestion is seen later");
	if (!set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1))
		pen_notes_add(notes, "the kernel does not say how many packets it dropped");
	out->batches_in = !(without & PEN_WITHOUT_GRO) && set(fd, IPPROTO_UDP, UDP_GRO, 1);
	if (!out->batches_in)
		pen_notes_add(notes,
			"no UDP_GRO: one buffer for each packet that comes; mend it with Linux 5.0 "
			"or newer");
	/* Setting it to "none" proves that it is known. */
	out->batches_out = !(without & PEN_WITHOUT_GSO) && set(fd, IPPROTO_UDP, UDP_SEGMENT, 0);
	if (!out->batches_out)
		pen_notes_add(notes,
			"no UDP_SEGMENT: one message for each packet that leaves; mend it with "
			"Linux 4.18 or newer");
	set_buffers(out, notes);
}

static void name_of(const struct pen_udp_options *options, char text[INET6_ADDRSTRLEN + 16])
{
	char host[INET6_ADDRSTRLEN] = "?";
	if (pen_address_is_v4(options->address)) {
		inet_ntop(AF_INET, options->address + 12, host, sizeof host);
		snprintf(text, INET6_ADDRSTRLEN + 16, "%s:%u", host, options->port);
		return;
	}
	inet_ntop(AF_INET6, options->address, host, sizeof host);
	snprintf(text, INET6_ADDRSTRLEN + 16, "[%s]:%u", host, options->port);
}

static int bind_patiently(int fd, const union pen_address *to, socklen_t bytes)
{
	int64_t until_ns = pen_clock_ns() + BUSY_NS;
	while (bind(fd, &to->any, bytes) < 0) {
		if (errno != EADDRINUSE || pen_clock_ns() >= until_ns)
			return -errno;
		pen_clock_sleep_ns(AGAIN_NS);
	}
	return 0;
}

/* What the user may do about a bind that failed. */
static const char *remedy(int err)
{
	switch (err) {
	case -EADDRINUSE: return "; end who listens there (ss -lunp), or take another port";
	case -EADDRNOTAVAIL:
		return "; no interface has this address (ip addr), or none any more: 0.0.0.0 and "
		       "[::] are all";
	case -EACCES:
		return "; a port below 1024 is for root: take a higher one, or as root: setcap "
		       "cap_net_bind_service+ep PENSTOCK";
	default: return "";
	}
}

static int bind_to(
	struct pen_udp_socket *out, const struct pen_udp_options *options, struct pen_why *why)
{
	union pen_address to;
	char name[INET6_ADDRSTRLEN + 16];
	socklen_t bytes = pen_address_make(
		&to, out->v6, options->address, options->port, options->scope);
	PEN_CHECK(bytes > 0);
	int err = bind_patiently(out->fd, &to, bytes);
	if (!err && getsockname(out->fd, &to.any, &bytes) < 0)
		err = -errno;
	if (err) {
		name_of(options, name);
		return pen_fail(why, err, "cannot listen at udp %s: %s%s", name, strerror(-err),
			remedy(err));
	}
	out->port = ntohs(out->v6 ? to.v6.sin6_port : to.v4.sin_port);
	return 0;
}

static int set_up(
	struct pen_udp_socket *out, const struct pen_udp_options *options, struct pen_why *why)
{
	if (out->v6)
		set(out->fd, IPPROTO_IPV6, IPV6_V6ONLY, !pen_address_is_any(options->address));
	const char *failed = set_needed(out->fd, out->v6);
	if (failed)
		return pen_fail(
			why, -errno, "udp: the kernel refuses %s: %s", failed, strerror(errno));
	set_welcome(out, options);
	return bind_to(out, options, why);
}

int pen_udp_socket_open(
	struct pen_udp_socket *out, const struct pen_udp_options *options, struct pen_why *why)
{
	*out = (struct pen_udp_socket){.v6 = !pen_address_is_v4(options->address)};
	out->fd = socket(out->v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (out->fd < 0)
		return pen_fail(why, -errno, "udp: no %s socket to be had: %s",
			out->v6 ? "IPv6" : "IPv4", strerror(errno));
	int err = set_up(out, options, why);
	if (err) {
		close(out->fd);
		out->fd = -1;
	}
	return err;
}
