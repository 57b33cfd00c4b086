/*
 * The port over the kernel's UDP between two network namespaces of its own, joined by virtual
 * Ethernet that goes with the program. Needs root; elsewhere it exits 77.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/uring/udp.h"
#include "plain.h"

#define SOON_NS (5 * PEN_NS_PER_S)
#define FRAMES 20u

/* The two namespaces; `near` has 10.7.0.1 and fd07::1, `far` has .2. */
static int near, far;

static void enter(int side)
{
	if (setns(side, CLONE_NEWNET) < 0)
		abort();
}

/* Run a command in a namespace. */
__attribute__((format(printf, 2, 3))) static void in(int side, const char *format, ...)
{
	char command[512];
	va_list args;
	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	enter(side);
	if (system(command)) {
		fprintf(stderr, "failed: %s\n", command);
		abort();
	}
}

static int make_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	int fd = open("/proc/self/ns/net", O_RDONLY);
	/* Addresses are there at once, without a search for others who have them. */
	if (fd >= 0)
		in(fd, "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad && ip link set lo up");
	return fd < 0 ? -errno : fd;
}

/* A cable: 10.7.K.1 and .2, fd07:K::1 and ::2. The kernel takes a moment to see that it is whole,
 * and to give both ends an address of the link. */
static void lay(unsigned k, unsigned mtu)
{
	in(far, "ip link add v%u type veth peer name v%u netns /proc/self/fd/%d", k, k, near);
	for (int end = 1; end <= 2; end++) {
		int side = end == 1 ? near : far;
		in(side, "ip addr add 10.7.%u.%d/24 dev v%u", k, end, k);
		in(side, "ip addr add fd07:%u::%d/64 dev v%u nodad", k, end, k);
		in(side, "ip link set v%u mtu %u up", k, mtu);
	}
	for (int end = 1; end <= 2; end++)
		in(end == 1 ? near : far,
			"for i in $(seq 200); do ip link show v%u | grep -q 'state UP' && "
			"ip -6 addr show dev v%u scope link -tentative | grep -q fe80 && exit 0; "
			"sleep 0.05; done; exit 1",
			k, k);
}

static void cut(unsigned k)
{
	in(far, "ip link del v%u", k);
}

static struct pen_net *open_in(int side, const char *at)
{
	struct pen_udp_options options = {0};
	struct pen_net *net = NULL;
	struct pen_why why = {0};
	char mapped[64];
	snprintf(mapped, sizeof mapped, "%s%s", strchr(at, ':') ? "" : "::ffff:", at);
	enter(side);
	if (*at && inet_pton(AF_INET6, mapped, options.address) != 1)
		abort();
	if (pen_net_open_udp(&options, &net, &why) || net->ops->start(net, NULL, 0, &why)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	return net;
}

static struct pen_net_path path_to(const char *to, uint16_t port)
{
	struct pen_net_path path = {.remote_port = port};
	char mapped[64];
	snprintf(mapped, sizeof mapped, "%s%s", strchr(to, ':') ? "" : "::ffff:", to);
	if (inet_pton(AF_INET6, mapped, path.remote) != 1)
		abort();
	return path;
}

static uint8_t bytes[65536];

/* Send `count` frames of so many bytes in one burst. */
static void send_some(
	struct pen_net *net, const struct pen_net_path *path, unsigned count, uint32_t size)
{
	struct pen_frame frames[FRAMES] = {0};
	uint64_t tags[FRAMES];
	for (unsigned i = 0; i < count; i++) {
		frames[i] = (struct pen_frame){.path = path,
			.payload = bytes,
			.payload_bytes = (uint16_t)(size - 32),
			.header_bytes = 32};
		memset(frames[i].header, (int)i, 32);
	}
	PLAIN_EXPECT(net->ops->tx_burst(net, 0, pen_clock_ns(), frames, count) == count);
	PLAIN_EXPECT(net->ops->tx_reap(net, 0, tags, FRAMES) == count);
}

/* Receive so many, of this size and in order; the path of the last goes to *back. */
static bool come(struct pen_net *net, unsigned count, uint32_t size, struct pen_net_path *back)
{
	int64_t until_ns = pen_clock_ns() + SOON_NS;
	unsigned got = 0;
	while (got < count && pen_clock_ns() < until_ns) {
		struct pen_slice slices[FRAMES];
		unsigned some = net->ops->rx_burst(net, 0, pen_clock_ns(), slices, count - got);
		struct pollfd fd = {.events = POLLIN};
		if (!some && net->ops->arm(net, 0, &fd.fd) == PEN_NET_ARM_FD)
			poll(&fd, 1, 100);
		for (unsigned i = 0; i < some; i++, got++) {
			if (slices[i].bytes != size || slices[i].head[31] != got)
				return false;
			*back = slices[i].path;
		}
		net->ops->rx_put(net, 0, slices, some);
	}
	return got == count;
}

static void each_width_is_what_its_interface_carries(void)
{
	static const unsigned widths[] = {1280, 1500, 9000};
	static const struct {
		const char *near, *far;
		uint32_t heads; /* bytes of IP and UDP */
	} rows[] = {{"10.7.1.1", "10.7.1.2", 28}, {"fd07:1::1", "fd07:1::2", 48}};
	for (size_t i = 0; i < PEN_COUNT(widths) * PEN_COUNT(rows); i++) {
		unsigned width = widths[i / 2];
		uint32_t most = width - rows[i % 2].heads;
		struct pen_net_path back;
		lay(1, width);
		struct pen_net *server = open_in(near, rows[i % 2].near);
		struct pen_net *client = open_in(far, rows[i % 2].far);
		struct pen_net_path path = path_to(rows[i % 2].near, server->local_port);
		PLAIN_EXPECT(server->link && server->caps.payload_bytes == most);
		PLAIN_EXPECT(server->local_count == 1);
		PLAIN_EXPECT(!memcmp(server->locals[0], path.remote, 16));
		send_some(client, &path, 1, most + 1);
		PLAIN_EXPECT(client->counters[0].tx_large == 1);
		/* As a run: the kernel cuts it, and joins it again where it arrives. */
		send_some(client, &path, FRAMES, most);
		PLAIN_EXPECT(come(server, FRAMES, most, &back));
		unsigned run = 65507 / most;
		PLAIN_EXPECT(client->counters[0].tx_runs == (FRAMES + run - 1) / run);
		PLAIN_EXPECT(pen_udp_state_of(server).counters.batches <= FRAMES);
		send_some(server, &back, FRAMES, 1200);
		PLAIN_EXPECT(come(client, FRAMES, 1200, &back));
		PLAIN_EXPECT(pen_udp_state_of(client).counters.batches < FRAMES);
		pen_net_close(client);
		pen_net_close(server);
		cut(1);
	}
}

static void a_run_too_large_for_one_of_two_paths_is_lost_there_alone(void)
{
	struct pen_net_path back;
	lay(1, 9000);
	lay(2, 1280);
	struct pen_net *server = open_in(near, ""), *client = open_in(far, "");
	struct pen_net_path wide = path_to("10.7.1.1", server->local_port);
	struct pen_net_path small = path_to("fd07:2::1", server->local_port);
	PLAIN_EXPECT(client->caps.payload_bytes == 9000 - 28);
	PLAIN_EXPECT(client->local_count >= 4);
	send_some(client, &small, 5, 3360);
	PLAIN_EXPECT(client->counters[0].tx_large == 5);
	send_some(client, &small, 5, 1232);
	PLAIN_EXPECT(come(server, 5, 1232, &back));
	send_some(client, &wide, 5, 8224);
	PLAIN_EXPECT(come(server, 5, 8224, &back));
	/* Its size was to blame, not that it was a run. */
	PLAIN_EXPECT(pen_udp_state_of(client).counters.singly == 0);
	PLAIN_EXPECT(client->counters[0].tx_large == 5 && client->counters[0].tx_lost == 0);
	pen_net_close(client);
	pen_net_close(server);
	cut(1);
	cut(2);
}

static void a_reply_leaves_from_the_address_that_was_asked(void)
{
	static const char *const asked[] = {"10.7.1.1", "10.7.1.99", "fd07:1::1", "fd07:1::99"};
	struct pen_net_path back, answer;
	lay(1, 1500);
	in(near, "ip addr add 10.7.1.99/24 dev v1 && ip addr add fd07:1::99/64 dev v1 nodad");
	struct pen_net *server = open_in(near, ""), *client = open_in(far, "");
	for (size_t i = 0; i < PEN_COUNT(asked); i++) {
		struct pen_net_path path = path_to(asked[i], server->local_port);
		send_some(client, &path, 3, 200);
		PLAIN_EXPECT(come(server, 3, 200, &back));
		PLAIN_EXPECT(!memcmp(back.local, path.remote, 16));
		send_some(server, &back, 3, 200);
		PLAIN_EXPECT(come(client, 3, 200, &answer));
		PLAIN_EXPECT(!memcmp(answer.remote, path.remote, 16));
	}
	pen_net_close(client);
	pen_net_close(server);
	cut(1);
}

static void a_link_local_address_has_the_scope_of_its_interface(void)
{
	struct pen_net_path back, answer;
	lay(1, 1500);
	in(near, "ip addr add fe80::71/64 dev v1 nodad");
	struct pen_net *server = open_in(near, ""), *client = open_in(far, "");
	struct pen_net_path path = path_to("fe80::71", server->local_port);
	path.scope = if_nametoindex("v1");
	send_some(client, &path, 3, 1400);
	PLAIN_EXPECT(come(server, 3, 1400, &back));
	enter(near);
	PLAIN_EXPECT(back.scope == if_nametoindex("v1"));
	send_some(server, &back, 3, 1400);
	PLAIN_EXPECT(come(client, 3, 1400, &answer));
	PLAIN_EXPECT(!memcmp(answer.remote, path.remote, 16));
	pen_net_close(client);
	pen_net_close(server);
	cut(1);
}

/* Call rx_burst until the epoch has risen. */
static bool changes(struct pen_net *net)
{
	int64_t until_ns = pen_clock_ns() + SOON_NS;
	uint32_t epoch = net->epoch;
	struct pen_slice slice;
	while (net->epoch == epoch && pen_clock_ns() < until_ns) {
		net->ops->rx_burst(net, 0, pen_clock_ns(), &slice, 1);
		pen_clock_sleep_ns(10 * PEN_NS_PER_MS);
	}
	return net->epoch != epoch;
}

static void a_change_of_width_link_or_address_is_noticed(void)
{
	lay(1, 1500);
	struct pen_net *net = open_in(near, "");
	PLAIN_EXPECT(net->caps.payload_bytes == 1472 && net->link);
	in(near, "ip link set v1 mtu 1400");
	PLAIN_EXPECT(changes(net) && net->caps.payload_bytes == 1372);
	unsigned count = net->local_count;
	in(near, "ip addr add 10.9.9.9/24 dev v1");
	PLAIN_EXPECT(changes(net) && net->local_count == count + 1);
	pen_net_close(net);
	net = open_in(near, "10.7.1.1");
	in(far, "ip link set v1 down");
	enter(near);
	PLAIN_EXPECT(changes(net) && !net->link);
	pen_net_close(net);
	cut(1);
}

static void a_packet_to_nowhere_is_lost_and_counted(void)
{
	lay(1, 1500);
	struct pen_net *net = open_in(near, "");
	struct pen_net_path path = path_to("192.0.2.1", 9);
	send_some(net, &path, 4, 200);
	PLAIN_EXPECT(net->counters[0].tx_lost == 4 && net->counters[0].tx_packets == 0);
	pen_net_close(net);
	cut(1);
}

int main(void)
{
	static const struct plain_test tests[] = {
		{"each width is what its interface carries",
			each_width_is_what_its_interface_carries},
		{"a run too large for one of two paths is lost there alone",
			a_run_too_large_for_one_of_two_paths_is_lost_there_alone},
		{"a reply leaves from the address that was asked",
			a_reply_leaves_from_the_address_that_was_asked},
		{"a link-local address has the scope of its interface",
			a_link_local_address_has_the_scope_of_its_interface},
		{"a change of width, link or address is noticed",
			a_change_of_width_link_or_address_is_noticed},
		{"a packet to nowhere is lost and counted",
			a_packet_to_nowhere_is_lost_and_counted},
	};
	if (system("ip -V >/dev/null 2>&1")) {
		puts("skipped: no ip (iproute2) here");
		return 77;
	}
	near = make_namespace();
	far = near < 0 ? near : make_namespace();
	if (far < 0) {
		printf("skipped: no network namespaces for us: %s\n", strerror(-far));
		return 77;
	}
	return plain_main(tests, PEN_COUNT(tests));
}
