/* The port over the kernel's UDP, on the loopback, by io_uring and without. */
#include "udp_util.h"

#include <errno.h>
#include <linux/udp.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "drivers/uring/address.h"

/* What the kernel's sendmmsg shall do in the test that runs. */
static struct {
	int run_error; /* what runs of several frames are refused with */
	int64_t calls; /* after which the socket is full; 0: never */
} kernel;

static bool is_run(const struct mmsghdr *letter)
{
	struct msghdr head = letter->msg_hdr;
	for (struct cmsghdr *one = CMSG_FIRSTHDR(&head); one; one = CMSG_NXTHDR(&head, one)) {
		if (one->cmsg_level == IPPROTO_UDP && one->cmsg_type == UDP_SEGMENT)
			return true;
	}
	return false;
}

/* In place of libc's. */
int sendmmsg(int fd, struct mmsghdr *letters, unsigned count, int flags)
{
	if (kernel.run_error && is_run(letters)) {
		errno = kernel.run_error;
		return -1;
	}
	for (unsigned i = 1; kernel.run_error && i < count; i++) {
		if (is_run(&letters[i]))
			count = i;
	}
	if (kernel.calls && !--kernel.calls) {
		kernel.calls = 1;
		errno = EAGAIN;
		return -1;
	}
	return (int)syscall(SYS_sendmmsg, fd, letters, count, flags);
}

/* What the loopback, of 65,536 bytes, carries by IPv6 too. */
#define LOOPBACK_BYTES 65488u

static uint8_t bytes[PEN_FRAME_BYTES_MAX];

static void fill(void)
{
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
}

static void expect_frame(const struct pen_slice *slice, const struct pen_frame *frame)
{
	uint8_t got[PEN_FRAME_BYTES_MAX];
	uint32_t header = frame->header_bytes;
	cr_assert_eq(slice->bytes, pen_frame_bytes(frame));
	pen_slice_copy(slice, 0, slice->bytes, got);
	cr_assert_eq(memcmp(got, frame->header, header), 0);
	if (frame->payload_bytes)
		cr_assert_eq(memcmp(got + header, frame->payload, frame->payload_bytes), 0);
	cr_assert(pen_slice_sum_fits(slice));
}

/* A machine without IPv6 tests one family, and says so. */
static bool can_have(const char *at)
{
	struct pen_udp_options options = udp_at(at);
	union pen_address to;
	socklen_t len = pen_address_make(&to, true, options.address, 0, 0);
	if (!strchr(at, ':'))
		return true;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bool can = fd >= 0 && bind(fd, &to.any, len) == 0;
	close(fd);
	if (!can)
		cr_log_warn("skipped: no address %s here", at);
	return can;
}

/* Both ways of receiving: by io_uring and without. */
#define EACH_WAY(plain) for (int plain = 0; plain < 2; plain++)

static struct pen_net *open_at(const char *at, bool plain)
{
	struct pen_udp_options options = udp_at(at);
	options.without = plain ? PEN_WITHOUT_MULTISHOT : 0;
	struct pen_net *net = udp_open(&options);
	if (plain)
		cr_assert(!pen_udp_state_of(net).multishot);
	return net;
}

/* There and back: the path of a slice is the path of the answer. */
static void cross(struct pen_net *server, struct pen_net *client, const char *to)
{
	static const uint16_t sizes[] = {0, 1, 1168, 1169, 8160, LOOPBACK_BYTES - 32};
	struct pen_net_path path = udp_path(to, server->local_port);
	for (size_t i = 0; i < PEN_COUNT(sizes); i++) {
		struct pen_frame frame = udp_frame(&path, (unsigned)i, bytes + i, sizes[i]);
		struct pen_slice slice;
		udp_send(client, &frame, 1);
		cr_assert_eq(udp_receive(server, &slice, 1, UDP_SOON_MS), 1, "%s %zu", to, i);
		expect_frame(&slice, &frame);
		cr_assert_eq(slice.path.remote_port, client->local_port);
		cr_assert_eq(slice.path.local_port, server->local_port);
		cr_assert_eq(memcmp(slice.path.local, path.remote, 16), 0);
		struct pen_net_path back = slice.path;
		server->ops->rx_put(server, 0, &slice, 1);
		frame.path = &back;
		udp_send(server, &frame, 1);
		cr_assert_eq(udp_receive(client, &slice, 1, UDP_SOON_MS), 1);
		expect_frame(&slice, &frame);
		cr_assert_eq(memcmp(slice.path.remote, path.remote, 16), 0);
		client->ops->rx_put(client, 0, &slice, 1);
	}
	cr_assert_eq(server->counters[0].rx_lost + client->counters[0].rx_lost, 0);
}

Test(uring_udp, packets_cross_in_both_families)
{
	static const struct {
		const char *server, *client, *to;
	} rows[] = {{"127.0.0.1", "127.0.0.1", "127.0.0.1"}, {"::1", "::1", "::1"},
		{"0.0.0.0", "127.0.0.1", "127.0.0.1"}, {"", "127.0.0.1", "127.0.0.1"},
		{"", "::1", "::1"}, {"127.0.0.1", "", "127.0.0.1"}};
	fill();
	EACH_WAY(plain)
	{
		for (size_t i = 0; i < PEN_COUNT(rows); i++) {
			if (!can_have(rows[i].to))
				continue;
			struct pen_net *server = open_at(rows[i].server, plain);
			struct pen_net *client = open_at(rows[i].client, plain);
			/* A wildcard sends what its widest interface but the loopback carries. */
			server->caps.payload_bytes = client->caps.payload_bytes = LOOPBACK_BYTES;
			cross(server, client, rows[i].to);
			pen_net_close(client);
			pen_net_close(server);
		}
	}
}

Test(uring_udp, a_reply_leaves_from_the_address_that_was_asked)
{
	fill();
	EACH_WAY(plain)
	{
		struct pen_net *server = open_at("", plain);
		struct pen_net *client = open_at("127.0.0.1", plain);
		server->caps.payload_bytes = LOOPBACK_BYTES;
		cross(server, client, "127.1.2.3");
		pen_net_close(client);
		pen_net_close(server);
	}
}

Test(uring_udp, one_buffer_gives_45_slices_put_back_in_any_order)
{
	fill();
	EACH_WAY(plain)
	{
		struct pen_udp_options options = udp_at("127.0.0.1");
		options.without = plain ? PEN_WITHOUT_MULTISHOT : 0;
		options.rx_buffers = 4;
		struct pen_net *server = udp_open(&options);
		struct pen_net *client = open_at("127.0.0.1", plain);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		struct pen_frame frames[45];
		struct pen_slice slices[46];
		for (unsigned i = 0; i < 45; i++)
			frames[i] = udp_frame(&path, i, bytes + i, 1408);
		for (unsigned round = 0; round < 40; round++) {
			udp_send(client, frames, 45);
			cr_assert_eq(udp_receive(server, slices, 45, UDP_SOON_MS), 45);
			for (unsigned i = 0; i < 45; i++) {
				expect_frame(&slices[i], &frames[i]);
				cr_assert_eq(slices[i].handle, slices[0].handle);
			}
			/* 7 and 45 have no common divisor: each is put back once. */
			for (unsigned i = 0; i < 45; i++)
				server->ops->rx_put(server, 0, &slices[(i * 7 + round) % 45], 1);
		}
		cr_assert_eq(client->counters[0].tx_runs, 40);
		cr_assert_eq(client->counters[0].tx_packets, 40 * 45);
		cr_assert_eq(pen_udp_state_of(server).counters.batches, 40);
		cr_assert_eq(server->counters[0].rx_packets, 40 * 45);
		cr_assert_eq(server->counters[0].rx_bytes, 40 * 45 * 1440);
		pen_net_close(client);
		pen_net_close(server);
	}
}

Test(uring_udp, a_burst_may_stop_in_the_middle_of_a_buffer)
{
	EACH_WAY(plain)
	{
		struct pen_net *server = open_at("127.0.0.1", plain);
		struct pen_net *client = open_at("127.0.0.1", plain);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		struct pen_frame frames[10];
		struct pen_slice slices[10], none;
		int fd;
		for (unsigned i = 0; i < 10; i++)
			frames[i] = udp_frame(&path, i, bytes, 1168);
		udp_send(client, frames, 10);
		cr_assert_eq(udp_receive(server, slices, 3, UDP_SOON_MS), 3);
		cr_assert_eq(server->ops->arm(server, 0, &fd), PEN_NET_ARM_WORK);
		server->ops->rx_put(server, 0, slices, 3);
		cr_assert_eq(udp_receive(server, slices + 3, 7, UDP_SOON_MS), 7);
		for (unsigned i = 3; i < 10; i++)
			expect_frame(&slices[i], &frames[i]);
		cr_assert_eq(udp_receive(server, &none, 1, UDP_NEVER_MS), 0);
		cr_assert_eq(server->ops->arm(server, 0, &fd), PEN_NET_ARM_FD);
		pen_net_close(server);
		pen_net_close(client);
	}
}

Test(uring_udp, a_receive_without_buffers_begins_again_when_one_is_back)
{
	EACH_WAY(plain)
	{
		struct pen_udp_options options = udp_at("127.0.0.1");
		options.without = plain ? PEN_WITHOUT_MULTISHOT : 0;
		options.rx_buffers = 4;
		struct pen_net *server = udp_open(&options);
		struct pen_net *client = open_at("127.0.0.1", plain);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		struct pen_slice slices[16];
		int fd;
		for (unsigned i = 0; i < 16; i++) {
			struct pen_frame frame = udp_frame(&path, i, bytes, (uint16_t)i);
			udp_send(client, &frame, 1);
		}
		cr_assert_eq(udp_receive(server, slices, 16, UDP_NEVER_MS), 4);
		cr_assert_eq(server->ops->arm(server, 0, &fd), PEN_NET_ARM_BLIND);
		for (unsigned i = 0; i < 12; i++) {
			server->ops->rx_put(server, 0, &slices[i], 1);
			cr_assert_eq(udp_receive(server, &slices[i + 4], 1, UDP_SOON_MS), 1);
			cr_assert_eq(slices[i + 4].bytes, 32 + i + 4);
		}
		if (pen_udp_state_of(server).multishot)
			cr_assert_gt(pen_udp_state_of(server).counters.rearmed, 0);
		cr_assert_eq(server->counters[0].rx_lost, 0);
		pen_net_close(client);
		pen_net_close(server);
	}
}

Test(uring_udp, a_buffer_below_a_batch_loses_the_rest_and_counts_it)
{
	EACH_WAY(plain)
	{
		struct pen_udp_options options = udp_at("127.0.0.1");
		options.without = plain ? PEN_WITHOUT_MULTISHOT : 0;
		options.rx_buffer_bytes = 4096;
		struct pen_net *server = udp_open(&options);
		struct pen_net *client = open_at("127.0.0.1", plain);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		struct pen_frame frames[45];
		struct pen_slice slices[45];
		for (unsigned i = 0; i < 45; i++)
			frames[i] = udp_frame(&path, i, bytes, 1168);
		udp_send(client, frames, 45);
		cr_assert_eq(udp_receive(server, slices, 45, UDP_NEVER_MS), 3);
		for (unsigned i = 0; i < 3; i++)
			expect_frame(&slices[i], &frames[i]);
		cr_assert_eq(server->counters[0].rx_lost, 42);
		frames[0].payload_bytes = 5000;
		udp_send(client, frames, 1);
		cr_assert_eq(udp_receive(server, slices, 1, UDP_NEVER_MS), 0);
		cr_assert_eq(server->counters[0].rx_lost, 43);
		pen_net_close(client);
		pen_net_close(server);
	}
}

Test(uring_udp, a_full_socket_drops_and_the_port_counts_it)
{
	enum { SENT = 8000 };
	EACH_WAY(plain)
	{
		struct pen_net *server = open_at("127.0.0.1", plain);
		struct pen_net *client = open_at("127.0.0.1", plain);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		struct pen_frame frame = udp_frame(&path, 1, bytes, 8160);
		struct pen_slice slice;
		unsigned came = 0;
		for (unsigned i = 0; i < SENT; i++)
			udp_send(client, &frame, 1);
		for (; udp_receive(server, &slice, 1, UDP_NEVER_MS) == 1; came++)
			server->ops->rx_put(server, 0, &slice, 1);
		/* The kernel tells with the first that comes after the loss. */
		udp_send(client, &frame, 1);
		came += udp_receive(server, &slice, 1, UDP_SOON_MS);
		cr_assert_lt(came, SENT);
		cr_assert_eq(came + server->counters[0].rx_lost, SENT + 1);
		pen_net_close(client);
		pen_net_close(server);
	}
}

Test(uring_udp, ecn_bits_travel)
{
	static const char *const at[] = {"127.0.0.1", "::1"};
	EACH_WAY(plain)
	{
		for (size_t i = 0; i < PEN_COUNT(at); i++) {
			if (!can_have(at[i]))
				continue;
			/* From a socket of both families too. */
			struct pen_net *server = open_at(i ? at[i] : "", plain);
			struct pen_net *client = open_at(plain ? at[i] : "", plain);
			struct pen_net_path path = udp_path(at[i], server->local_port);
			struct pen_frame frames[4];
			struct pen_slice slices[4];
			for (unsigned k = 0; k < 4; k++) {
				frames[k] = udp_frame(&path, k, bytes, 100);
				frames[k].ecn = (uint8_t)k;
			}
			udp_send(client, frames, 4);
			cr_assert_eq(udp_receive(server, slices, 4, UDP_SOON_MS), 4);
			for (unsigned k = 0; k < 4; k++)
				cr_assert_eq(slices[k].ecn, k);
			pen_net_close(client);
			pen_net_close(server);
		}
	}
}

Test(uring_udp, a_path_that_refuses_runs_gets_frames_one_by_one)
{
	static const int errors[] = {EIO, EMSGSIZE, EINVAL};
	fill();
	for (size_t e = 0; e < PEN_COUNT(errors); e++) {
		struct pen_net *server = open_at("127.0.0.1", false);
		struct pen_net *client = open_at("127.0.0.1", false);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		struct pen_frame frames[20];
		struct pen_slice slices[40];
		for (unsigned i = 0; i < 20; i++)
			frames[i] = udp_frame(&path, i, bytes + i, 1168);
		kernel.run_error = errors[e];
		udp_send(client, frames, 20);
		udp_send(client, frames, 20);
		kernel.run_error = 0;
		cr_assert_eq(udp_receive(server, slices, 40, UDP_SOON_MS), 40);
		for (unsigned i = 0; i < 40; i++)
			expect_frame(&slices[i], &frames[i % 20]);
		/* Once it is known the kernel is not asked again. */
		cr_assert_eq(pen_udp_state_of(client).counters.singly, 1);
		cr_assert_eq(client->counters[0].tx_runs, 40);
		pen_net_close(client);
		pen_net_close(server);
	}
}

Test(uring_udp, what_a_full_socket_does_not_take_stays_with_the_caller)
{
	struct pen_net *server = open_at("127.0.0.1", false);
	struct pen_net *client = open_at("127.0.0.1", false);
	struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
	struct pen_frame frames[8];
	uint64_t tags[8];
	for (unsigned i = 0; i < 8; i++)
		frames[i] = udp_frame(&path, i, bytes, 1168);
	kernel.calls = 1;
	cr_assert_eq(client->ops->tx_burst(client, 0, 0, frames, 8), 0);
	/* A run is refused, three of its frames go, and the fourth finds no room. */
	kernel.run_error = EIO;
	kernel.calls = 4;
	cr_assert_eq(client->ops->tx_burst(client, 0, 0, frames, 8), 3);
	kernel.run_error = 0;
	kernel.calls = 0;
	cr_assert_eq(client->ops->tx_reap(client, 0, tags, 8), 3);
	cr_assert_eq(tags[2], 1002);
	cr_assert_eq(client->ops->tx_burst(client, 0, 0, frames + 3, 5), 5);
	cr_assert_eq(pen_udp_state_of(client).counters.unsent, 13);
	cr_assert_eq(client->counters[0].tx_lost, 0);
	pen_net_close(client);
	pen_net_close(server);
}

Test(uring_udp, nobody_reaps_and_the_port_takes_no_more)
{
	struct pen_net *server = open_at("127.0.0.1", false);
	struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
	struct pen_frame frames[PEN_NET_BURST_MAX];
	uint64_t tags[PEN_NET_BURST_MAX];
	unsigned taken = 0, some;
	for (unsigned i = 0; i < PEN_NET_BURST_MAX; i++)
		frames[i] = udp_frame(&path, i, bytes, 10);
	while ((some = server->ops->tx_burst(server, 0, 0, frames, PEN_NET_BURST_MAX)) > 0)
		taken += some;
	cr_assert_eq(taken, server->caps.tx_inflight);
	cr_assert_eq(server->ops->tx_reap(server, 0, tags, 5), 5);
	cr_assert_eq(server->ops->tx_burst(server, 0, 0, frames, PEN_NET_BURST_MAX), 5);
	pen_net_close(server);
}

Test(uring_udp, what_cannot_go_is_taken_lost_and_counted)
{
	struct pen_net *net = open_at("127.0.0.1", false);
	struct pen_net_path good = udp_path("127.0.0.1", net->local_port);
	struct pen_net_path other_family = udp_path("::1", 1), foreign = good, port = good;
	memcpy(foreign.local, udp_path("192.0.2.1", 1).remote, 16);
	port.local_port = (uint16_t)(net->local_port + 1);
	struct pen_frame frames[] = {udp_frame(&good, 0, bytes, 1),
		udp_frame(&good, 0, bytes, 65500), udp_frame(&other_family, 0, bytes, 1),
		udp_frame(&foreign, 0, bytes, 1), udp_frame(&port, 0, bytes, 1),
		udp_frame(&good, 0, bytes, 1)};
	struct pen_slice slices[3];
	udp_send(net, frames, PEN_COUNT(frames));
	cr_assert_eq(net->counters[0].tx_packets, 2);
	cr_assert_eq(net->counters[0].tx_large, 1);
	cr_assert_eq(net->counters[0].tx_lost, 3);
	cr_assert_eq(udp_receive(net, slices, 3, UDP_NEVER_MS), 2);
	pen_net_close(net);
}

static void *shut_soon(void *net)
{
	pen_clock_sleep_ns(300 * PEN_NS_PER_MS);
	pen_net_close(net);
	return NULL;
}

Test(uring_udp, a_busy_port_is_asked_for_again_for_two_seconds)
{
	struct pen_net *first = open_at("127.0.0.1", false), *second = NULL;
	struct pen_udp_options options = udp_at("127.0.0.1");
	struct pen_why why = {0};
	pthread_t thread;
	options.port = first->local_port;
	int64_t since_ns = pen_clock_ns();
	cr_assert_eq(pen_net_open_udp(&options, &second, &why), -EADDRINUSE);
	cr_assert_geq(pen_clock_ns() - since_ns, 2 * PEN_NS_PER_S);
	cr_assert_eq(pen_err_exit(-EADDRINUSE), PEN_EXIT_MACHINE);
	cr_assert_neq(strstr(why.text, "udp 127.0.0.1:"), NULL, "%s", why.text);
	cr_assert_neq(strstr(why.text, "another port"), NULL, "%s", why.text);
	cr_assert_eq(pthread_create(&thread, NULL, shut_soon, first), 0);
	cr_assert_eq(pen_net_open_udp(&options, &second, &why), 0);
	pthread_join(thread, NULL);
	pen_net_close(second);
}

Test(uring_udp, closing_with_an_armed_receive_frees_the_port)
{
	struct pen_net *net = open_at("127.0.0.1", false);
	struct pen_udp_options options = udp_at("127.0.0.1");
	struct pen_slice slice;
	options.port = net->local_port;
	for (unsigned i = 0; i < 6; i++) {
		cr_assert_eq(udp_receive(net, &slice, 1, 1), 0);
		pen_net_close(net);
		net = udp_open(&options);
	}
	/* One that is lent, and tags that nobody asked for, are void. */
	struct pen_net_path path = udp_path("127.0.0.1", net->local_port);
	struct pen_frame frame = udp_frame(&path, 0, bytes, 10);
	cr_assert_eq(net->ops->tx_burst(net, 0, 0, &frame, 1), 1);
	cr_assert_eq(udp_receive(net, &slice, 1, UDP_SOON_MS), 1);
	pen_net_close(net);
}

static void *core(void *context)
{
	struct pen_net *net = context;
	struct pen_net_path path = udp_path("127.0.0.1", net->local_port);
	struct pen_frame frame = udp_frame(&path, 3, bytes, 10);
	struct pen_slice slice;
	udp_send(net, &frame, 1);
	cr_assert_eq(udp_receive(net, &slice, 1, UDP_SOON_MS), 1);
	expect_frame(&slice, &frame);
	net->ops->rx_put(net, 0, &slice, 1);
	return NULL;
}

Test(uring_udp, the_core_is_another_thread_than_the_one_that_opens)
{
	EACH_WAY(plain)
	{
		struct pen_net *net = open_at("127.0.0.1", plain);
		pthread_t thread;
		cr_assert_eq(pthread_create(&thread, NULL, core, net), 0);
		pthread_join(thread, NULL);
		pen_net_close(net);
	}
}

/* What goes out while the other side sleeps: another thread's, so that nothing is there before. */
struct later {
	struct pen_net *net;
	struct pen_frame frame;
};

static void *send_later(void *context)
{
	struct later *later = context;
	pen_clock_sleep_ns(UDP_NEVER_MS * PEN_NS_PER_MS);
	udp_send(later->net, &later->frame, 1);
	return NULL;
}

Test(uring_udp, a_sleeper_wakes_when_a_packet_comes_and_not_before)
{
	EACH_WAY(plain)
	{
		struct pen_net *server = open_at("127.0.0.1", plain);
		struct pen_net *client = open_at("127.0.0.1", plain);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		struct later later = {client, udp_frame(&path, 0, bytes, 10)};
		struct pen_slice slice;
		struct pollfd fd = {.events = POLLIN};
		for (unsigned i = 0; i < 5; i++) {
			pthread_t thread;
			cr_assert_eq(server->ops->rx_burst(server, 0, 0, &slice, 1), 0);
			cr_assert_eq(server->ops->arm(server, 0, &fd.fd), PEN_NET_ARM_FD);
			cr_assert_eq(poll(&fd, 1, UDP_NEVER_MS), 0);
			cr_assert_eq(pthread_create(&thread, NULL, send_later, &later), 0);
			int64_t since_ns = pen_clock_ns();
			cr_assert_eq(poll(&fd, 1, UDP_SOON_MS), 1);
			cr_assert_lt(pen_clock_ns() - since_ns, UDP_SOON_MS * PEN_NS_PER_MS / 2);
			pthread_join(thread, NULL);
			cr_assert_eq(udp_receive(server, &slice, 1, UDP_SOON_MS), 1);
			server->ops->rx_put(server, 0, &slice, 1);
		}
		pen_net_close(client);
		pen_net_close(server);
	}
}

Test(uring_udp, a_packet_without_checksum_comes_by_ipv4_and_not_by_ipv6)
{
	static const char *const at[] = {"127.0.0.1", "::1"};
	int on = 1;
	for (int v6 = 0; v6 < 2; v6++) {
		if (!can_have(at[v6]))
			continue;
		struct pen_net *server = open_at(at[v6], false);
		struct pen_net_path path = udp_path(at[v6], server->local_port);
		union pen_address to;
		struct pen_slice slice;
		int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
		socklen_t len = pen_address_make(&to, v6, path.remote, path.remote_port, 0);
		if (v6)
			cr_assert_eq(
				setsockopt(fd, IPPROTO_UDP, UDP_NO_CHECK6_TX, &on, sizeof on), 0);
		else
			cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
		cr_assert_eq(sendto(fd, bytes, 40, 0, &to.any, len), 40);
		cr_assert_eq(udp_receive(server, &slice, 1, UDP_NEVER_MS), v6 ? 0 : 1);
		cr_assert(!server->caps.sum_absent_ok);
		close(fd);
		pen_net_close(server);
	}
}

Test(uring_udp, an_empty_datagram_is_a_slice_of_no_bytes)
{
	EACH_WAY(plain)
	{
		struct pen_net *server = open_at("127.0.0.1", plain);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		union pen_address to;
		struct pen_slice slice;
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		socklen_t len = pen_address_make(&to, false, path.remote, path.remote_port, 0);
		cr_assert_eq(sendto(fd, bytes, 0, 0, &to.any, len), 0);
		cr_assert_eq(udp_receive(server, &slice, 1, UDP_SOON_MS), 1);
		cr_assert_eq(slice.bytes, 0);
		server->ops->rx_put(server, 0, &slice, 1);
		close(fd);
		pen_net_close(server);
	}
}
