/* What the port's socket is set to, and the kernel's rules behind it. */
#include "udp_util.h"

#include <errno.h>
#include <linux/udp.h>
#include <unistd.h>

#include "base/check.h"
#include "drivers/uring/address.h"
#include "drivers/uring/socket.h"

/* Why packets without a checksum are not asked for: the kernel refuses runs of them. */
Test(uring_udp, a_socket_without_checksums_sends_no_runs)
{
	static const uint8_t bytes[400];
	struct pen_udp_options at = udp_at("127.0.0.1");
	struct pen_net *server = udp_open(&at);
	struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
	union pen_address to;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, each = 100;
	socklen_t len = pen_address_make(&to, false, path.remote, path.remote_port, 0);
	cr_assert_eq(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &each, sizeof each), 0);
	cr_assert_eq(sendto(fd, bytes, 400, 0, &to.any, len), 400);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
	cr_assert_eq(sendto(fd, bytes, 400, 0, &to.any, len), -1);
	cr_assert_eq(errno, EINVAL);
	close(fd);
	pen_net_close(server);
}

/* DF on all that leaves, whatever routers say of the path. */
Test(uring_udp, no_packet_is_cut_into_fragments)
{
	static const char *const at[] = {"127.0.0.1", ""};
	for (size_t i = 0; i < PEN_COUNT(at); i++) {
		struct pen_udp_options options = udp_at(at[i]);
		struct pen_udp_socket own;
		struct pen_why why = {0};
		int value = 0;
		socklen_t len = sizeof value;
		int err = pen_udp_socket_open(&own, &options, &why);
		/* A machine without IPv6 has one family. */
		if (err == -EAFNOSUPPORT)
			continue;
		cr_assert_eq(err, 0, "%s", why.text);
		cr_assert_eq(getsockopt(own.fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, &len), 0);
		cr_assert_eq(value, IP_PMTUDISC_PROBE);
		if (own.v6) {
			cr_assert_eq(
				getsockopt(own.fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &value, &len),
				0);
			cr_assert_eq(value, IPV6_PMTUDISC_PROBE);
		}
		close(own.fd);
	}
}
