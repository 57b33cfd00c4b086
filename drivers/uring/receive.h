/*
 * receive: what comes in at a UDP socket, cut into slices.
 *
 * The kernel puts each batch (datagrams of one length that it joined, the last may be shorter) into
 * a buffer of its own, with its address and control messages in front. A buffer is lent as slices,
 * counted, and goes back to the kernel with the last. Two ways of getting one: a multishot receive
 * of io_uring (uring/ring.h), or recvmsg. One thread, the queue's, after open; none of it
 * allocates but open.
 */
#ifndef PEN_DRIVERS_URING_RECEIVE_H
#define PEN_DRIVERS_URING_RECEIVE_H

#include "drivers/uring/address.h"
#include "drivers/uring/ring.h"
#include "drivers/uring/socket.h"

/* Buffers of a port that does not say: 4 MB, which stay in a core's caches from the copy out of the
 * kernel to the one into a block. With 256, 17 MB that go round and round, receiving 1 GiB took a
 * quarter more CPU time; with 32 no less, and packets that nobody joins need one each. What comes
 * while all are full waits in the socket. */
#define PEN_UDP_BUFFERS 64u
/* A power of two, as the kernel's ring of buffers demands. */
#define PEN_UDP_BUFFERS_MAX 4096u

/* The batch that is being cut. */
struct pen_udp_batch {
	uint32_t buffer;
	const uint8_t *at; /* of the next slice */
	uint32_t bytes; /* from there on */
	uint32_t each; /* bytes of a datagram but the last */
	uint32_t room; /* slices that are to be cut; 0: there is no batch */
	struct pen_slice like; /* its slices, but for where they lie and their bytes */
};

/* So many packets between two sleeps are a stream: its receiver looks again soon instead of having
 * itself woken for each batch, which the sender's core would pay for on a machine of few. At
 * 25 Gb/s five batches come meanwhile; a packet that is late by that is none for flow/rate. */
#define PEN_UDP_STREAM_PACKETS 16u
#define PEN_UDP_NAP_NS INT64_C(50000)

struct pen_udp_receiver {
	int fd;
	bool ready; /* the queue's core has begun */
	bool multishot; /* by `ring`, else by recvmsg */
	uint16_t port; /* local */
	uint32_t buffers, buffer_bytes;
	uint8_t *memory; /* of the buffers, side by side */
	uint16_t *lent; /* of each: slices, and 1 while it is cut; 0: the kernel's or spare */
	uint32_t held; /* buffers that are lent */
	uint32_t *spare; /* recvmsg: those that are free, a stack of buffers - held */
	struct pen_udp_ring ring;
	struct pen_udp_batch batch;
	uint32_t dropped; /* by the kernel, as it said last */
	bool dry; /* recvmsg: the last one found nothing */
	uint32_t fresh; /* packets since the last sleep */
	uint64_t batches; /* that came */
};

/* Take the memory, and set up the ring where the kernel has it; what it has not is noted. 0, or
 * -ENOMEM or another -errno with a sentence: nothing is left then. */
int pen_udp_receiver_open(struct pen_udp_receiver *receiver, const struct pen_udp_socket *socket,
	const struct pen_udp_options *options, struct pen_why *why);

/* Before the socket is closed. Zeroed is fine. */
void pen_udp_receiver_close(struct pen_udp_receiver *receiver);

/* As rx_burst, rx_put and arm of port/net.h; *blind_ns is written for PEN_NET_ARM_BLIND. */
unsigned pen_udp_receive(struct pen_udp_receiver *receiver, struct pen_slice *out, unsigned max,
	struct pen_net_counters *counters);
void pen_udp_give_back(
	struct pen_udp_receiver *receiver, const struct pen_slice *slices, unsigned count);
enum pen_net_arm pen_udp_receiver_arm(
	struct pen_udp_receiver *receiver, int *fd, int64_t *blind_ns);

#endif
