#include "drivers/uring/links.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/uring/address.h"

/* Headers of IP and UDP before the payload. */
#define V4_BYTES 28u
#define V6_BYTES 48u
/* What every path carries, and so every caller may send (port/net.h). */
#define LEAST_BYTES 1200u

static uint32_t mtu_of(int fd, const char *name)
{
	struct ifreq ask = {0};
	strncpy(ask.ifr_name, name, sizeof ask.ifr_name - 1);
	return ioctl(fd, SIOCGIFMTU, &ask) < 0 ? 0 : (uint32_t)ask.ifr_mtu;
}

/* Whether a socket that listens at `address` is reached by `own`. */
static bool reached(const uint8_t address[16], const uint8_t own[16])
{
	static const uint8_t zero[16];
	if (!pen_address_is_any(address))
		return !memcmp(address, own, 16);
	return !memcmp(address, zero, sizeof zero) || pen_address_is_v4(own);
}

static void look_at(
	const struct ifaddrs *one, int fd, const uint8_t own[16], struct pen_links *links)
{
	uint32_t mtu = mtu_of(fd, one->ifa_name);
	uint32_t heads = pen_address_is_v4(own) ? V4_BYTES : V6_BYTES;
	uint32_t bytes = mtu > heads ? mtu - heads : 0;
	if (bytes > PEN_FRAME_BYTES_MAX)
		bytes = PEN_FRAME_BYTES_MAX;
	if (bytes > links->payload_bytes)
		links->payload_bytes = bytes;
	links->up |= (one->ifa_flags & IFF_UP) && (one->ifa_flags & IFF_RUNNING);
	for (unsigned i = 0; i < links->count; i++) {
		if (!memcmp(links->addresses[i], own, 16))
			return;
	}
	if (links->count < PEN_NET_LOCALS_MAX)
		memcpy(links->addresses[links->count++], own, 16);
}

/* The interfaces that are, or are not, a loopback. */
static void look_through(const struct ifaddrs *all, int fd, const uint8_t address[16],
	bool loopback, struct pen_links *links)
{
	for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
		union pen_address found = {0};
		uint8_t own[16];
		if (!one->ifa_addr || !(one->ifa_flags & IFF_UP) ||
			loopback != !!(one->ifa_flags & IFF_LOOPBACK))
			continue;
		int family = one->ifa_addr->sa_family;
		if (family != AF_INET && family != AF_INET6)
			continue;
		memcpy(&found, one->ifa_addr,
			family == AF_INET ? sizeof found.v4 : sizeof found.v6);
		if (pen_address_take(&found, own, NULL, NULL) && reached(address, own))
			look_at(one, fd, own, links);
	}
}

int pen_links_look(const uint8_t address[16], struct pen_links *links)
{
	struct ifaddrs *all = NULL;
	*links = (struct pen_links){0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int err = getifaddrs(&all) < 0 ? -errno : 0;
	if (!err) {
		look_through(all, fd, address, false, links);
		uint32_t bytes = links->payload_bytes;
		look_through(all, fd, address, true, links);
		if (bytes)
			links->payload_bytes = bytes;
	}
	if (links->payload_bytes < LEAST_BYTES)
		links->payload_bytes = LEAST_BYTES;
	freeifaddrs(all);
	close(fd);
	return err;
}

int pen_links_watch(void)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

bool pen_links_changed(int watch)
{
	uint8_t said[4096];
	bool changed = false;
	if (watch < 0)
		return false;
	/* What they say is not read: that something was said, or lost, is enough to look again. */
	while (recv(watch, said, sizeof said, 0) > 0 || errno == ENOBUFS)
		changed = true;
	return changed;
}
