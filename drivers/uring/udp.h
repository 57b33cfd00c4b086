/*
 * udp: port/net over the UDP of the kernel, on one socket and one queue.
 *
 * Receiving: the kernel joins datagrams of one sender into batches (GRO), and puts each batch into
 * a buffer of its own (uring/receive.h), by a multishot receive of io_uring where the kernel has
 * it, else by one recvmsg each. A buffer is lent as up to 128 slices and goes back to the kernel
 * with the last of them. Buffers take the largest batch there is, and are not shared between
 * batches ("incremental"): the kernel does not start a new buffer for a batch that the rest of the
 * old one cannot hold, it cuts the batch. 60 batches of 64,800 bytes into incremental buffers of
 * 1 MiB lost most of 3 of them on Linux 6.18.
 *
 * Sending: frames of one path, one length and one ECN side by side leave in one sendmsg (GSO), all
 * of a burst in one sendmmsg. The kernel copies at once, so a tag can be reaped as soon as its
 * frame was taken; a full socket takes no more frames, and loses none.
 *
 * Packets without a UDP checksum are not asked for: they end the joining of batches, and IPv6 has
 * none. That the kernel checked a sum is all that a slice says; one that an IPv4 sender left out
 * looks the same.
 *
 * Options: what is missing on this machine is in the notes after open. Thread: see port/net.h; the
 * queue's core may be another thread than the one that opens, starts and closes.
 */
#ifndef PEN_DRIVERS_URING_UDP_H
#define PEN_DRIVERS_URING_UDP_H

#include "drivers/table.h"

/* What a port did that port/net.h has no field for. Only ever rises; read on the queue's core. */
struct pen_udp_counters {
	uint64_t rearmed; /* the receive ended for want of buffers, and was begun again */
	uint64_t batches; /* buffers that came, of one datagram or many */
	uint64_t singly; /* runs that the kernel or a device refused, sent frame by frame */
	uint64_t unsent; /* frames that the socket had no room for, and the caller kept */
};

/* How a port works on this machine. */
struct pen_udp_state {
	bool multishot; /* receives by io_uring */
	bool batches_in, batches_out; /* GRO, GSO */
	uint64_t rx_bytes; /* of the socket's buffer, as the kernel counts them */
	struct pen_udp_counters counters;
};

/* Of a port that pen_net_open_udp opened. */
struct pen_udp_state pen_udp_state_of(const struct pen_net *net);

#endif
