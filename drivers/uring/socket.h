/*
 * socket: a UDP socket with everything set that the port relies on: no fragments (DF without
 * believing what routers say: IP_PMTUDISC_PROBE), the address that a packet came to, its ECN bits,
 * batches in, and how many packets the kernel dropped.
 */
#ifndef PEN_DRIVERS_URING_SOCKET_H
#define PEN_DRIVERS_URING_SOCKET_H

#include "drivers/table.h"

struct pen_udp_socket {
	int fd; /* blocking, as io_uring wants it: calls are made with MSG_DONTWAIT */
	bool v6; /* of AF_INET6; of both families if it listens at :: */
	bool batches_in, batches_out; /* GRO, GSO: the kernel knows them */
	uint16_t port; /* that it has */
	uint64_t rx_bytes; /* of its buffer for receiving */
};

/*
 * Open and bind it, and note what the kernel cannot do. A port that is busy is asked for again for
 * 2 seconds: the kernel takes milliseconds to let go of the receives of a process that ended. 0;
 * -EADDRINUSE, -EADDRNOTAVAIL, -EACCES or another -errno with a sentence.
 */
int pen_udp_socket_open(
	struct pen_udp_socket *out, const struct pen_udp_options *options, struct pen_why *why);

#endif
