#include "drivers/uring/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/uring/links.h"
#include "drivers/uring/receive.h"
#include "drivers/uring/send.h"

/* How often the machine's interfaces are asked whether they changed. */
#define LOOK_NS (100 * PEN_NS_PER_MS)
/* Of the buffers, so many stay with the kernel: what comes meanwhile must find one. */
#define KEPT_SHARE 4u

struct udp {
	struct pen_net net; /* first: the port's view */
	struct pen_udp_socket socket;
	struct pen_udp_receiver receiver;
	struct pen_udp_sender sender;
	uint8_t address[16]; /* that it listens at */
	int watch; /* tells of changed interfaces, or negative */
	int64_t look_ns; /* when to ask it */
	bool started;
};

static struct udp *self(struct pen_net *net)
{
	return (struct udp *)net;
}

/* Take over what the interfaces say. */
static void notice(struct udp *udp)
{
	struct pen_links links;
	struct pen_net *net = &udp->net;
	if (pen_links_look(udp->address, &links) < 0)
		return;
	PEN_CHECK(links.count <= PEN_NET_LOCALS_MAX);
	net->caps.payload_bytes = links.payload_bytes;
	net->link = links.up;
	net->local_count = links.count;
	memcpy(net->locals, links.addresses, sizeof net->locals);
	net->epoch++;
}

static int start(struct pen_net *net, const struct pen_arena *const *arenas, unsigned count,
	struct pen_why *why)
{
	/* The kernel copies what is sent, from anywhere. */
	(void)arenas, (void)count, (void)why;
	PEN_CHECK(!self(net)->started);
	self(net)->started = true;
	return 0;
}

static void shut(struct pen_net *net)
{
	struct udp *udp = self(net);
	pen_udp_receiver_close(&udp->receiver);
	if (udp->watch >= 0)
		close(udp->watch);
	close(udp->socket.fd);
	free(udp);
}

static unsigned rx_burst(
	struct pen_net *net, unsigned queue, int64_t now_ns, struct pen_slice *out, unsigned max)
{
	struct udp *udp = self(net);
	PEN_CHECK(queue == 0 && udp->started);
	PEN_CHECK(max <= PEN_NET_BURST_MAX);
	if (now_ns >= udp->look_ns) {
		udp->look_ns = now_ns + LOOK_NS;
		if (pen_links_changed(udp->watch))
			notice(udp);
	}
	return pen_udp_receive(&udp->receiver, out, max, &net->counters[0]);
}

static void rx_put(
	struct pen_net *net, unsigned queue, const struct pen_slice *slices, unsigned count)
{
	PEN_CHECK(queue == 0);
	pen_udp_give_back(&self(net)->receiver, slices, count);
}

static unsigned tx_burst(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count)
{
	struct udp *udp = self(net);
	const struct pen_udp_burst burst = {frames, count, net->caps.payload_bytes, now_ns};
	PEN_CHECK(queue == 0 && udp->started);
	return pen_udp_send(&udp->sender, &burst, &net->counters[0]);
}

static unsigned tx_reap(struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max)
{
	PEN_CHECK(queue == 0);
	return pen_udp_reap(&self(net)->sender, tags, max);
}

static enum pen_net_arm arm(struct pen_net *net, unsigned queue, int *fd)
{
	PEN_CHECK(queue == 0 && self(net)->started);
	return pen_udp_receiver_arm(&self(net)->receiver, fd, &net->blind_ns);
}

static const struct pen_net_ops ops = {.start = start,
	.close = shut,
	.rx_burst = rx_burst,
	.rx_put = rx_put,
	.tx_burst = tx_burst,
	.tx_reap = tx_reap,
	.arm = arm};

static void fill(struct udp *udp)
{
	const struct pen_udp_receiver *receiver = &udp->receiver;
	udp->net.ops = &ops;
	udp->net.label = receiver->multishot ? "udp by io_uring" : "udp";
	udp->net.queues = 1;
	udp->net.local_port = udp->socket.port;
	udp->net.caps = (struct pen_net_caps){
		.run_frames = udp->socket.batches_out ? PEN_UDP_RUN_FRAMES : 1,
		.rx_held_bytes = (uint64_t)(receiver->buffers - receiver->buffers / KEPT_SHARE) *
			receiver->buffer_bytes,
		.tx_inflight = PEN_UDP_TAGS,
	};
	notice(udp);
	udp->net.epoch = 0;
}

/* A machine without IPv6 has one family to listen to. */
static int socket_open(struct udp *udp, const struct pen_udp_options *options, struct pen_why *why)
{
	struct pen_udp_options v4 = *options;
	memcpy(udp->address, options->address, sizeof udp->address);
	int err = pen_udp_socket_open(&udp->socket, options, why);
	if (err != -EAFNOSUPPORT || !pen_address_is_any(options->address))
		return err;
	pen_address_map((struct in_addr){INADDR_ANY}, v4.address);
	memcpy(udp->address, v4.address, sizeof udp->address);
	pen_notes_add(options->notes, "the kernel has no IPv6: only IPv4 is listened to");
	return pen_udp_socket_open(&udp->socket, &v4, why);
}

int pen_net_open_udp(
	const struct pen_udp_options *options, struct pen_net **net, struct pen_why *why)
{
	struct udp *udp = calloc(1, sizeof *udp);
	if (!udp)
		return pen_fail(why, -ENOMEM, "udp: no memory for a port");
	int err = socket_open(udp, options, why);
	if (err) {
		free(udp);
		return err;
	}
	err = pen_udp_receiver_open(&udp->receiver, &udp->socket, options, why);
	if (err) {
		close(udp->socket.fd);
		free(udp);
		return err;
	}
	pen_udp_sender_init(&udp->sender, &udp->socket);
	udp->watch = pen_links_watch();
	if (udp->watch < 0)
		pen_notes_add(options->notes,
			"no netlink: changes of addresses and interfaces are not noticed");
	fill(udp);
	*net = &udp->net;
	return 0;
}

struct pen_udp_state pen_udp_state_of(const struct pen_net *net)
{
	PEN_CHECK(net->ops == &ops);
	const struct udp *udp = (const struct udp *)net;
	return (struct pen_udp_state){
		.multishot = udp->receiver.multishot,
		.batches_in = udp->socket.batches_in,
		.batches_out = udp->socket.batches_out,
		.rx_bytes = udp->socket.rx_bytes,
		.counters = {.rearmed = udp->receiver.ring.ended,
			.batches = udp->receiver.batches,
			.singly = udp->sender.singly,
			.unsent = udp->sender.unsent},
	};
}
