/*
 * send: frames of a burst, as few messages as there are runs, in one sendmmsg.
 *
 * A run is frames side by side of one path, one ECN and one length, but for the last, which may be
 * shorter: it leaves in one message that the kernel or the device cuts (GSO), of at most 64 frames
 * and 65,507 bytes. Where a path refuses that (EIO, EINVAL, EMSGSIZE though each frame would fit),
 * its frames leave one by one for a minute. What may be said of a path lies in a small table that
 * strangers can only push out of.
 *
 * The kernel copies in the call: the tag of a frame that was taken can be reaped at once. One
 * thread; memory is taken by open.
 *
 * Not here: prefetching payloads. As a message is written it gained nothing (MTU 1,500, offloads);
 * as packets are made the server took 7 % less CPU there, but 105 instructions a packet more.
 */
#ifndef PEN_DRIVERS_URING_SEND_H
#define PEN_DRIVERS_URING_SEND_H

#include <sys/socket.h>

#include "drivers/uring/address.h"
#include "drivers/uring/socket.h"

/* UDP_MAX_SEGMENTS of the kernels that know the least. */
#define PEN_UDP_RUN_FRAMES 64u
/* Tags that wait to be reaped: a few bursts. */
#define PEN_UDP_TAGS 2048u
/* Paths that are remembered to refuse runs; a power of two. */
#define PEN_UDP_SINGLES 64u
/* For so long: a route may change. */
#define PEN_UDP_SINGLE_NS INT64_C(60000000000)
/* Control messages of one message: address, ECN, size of its frames. */
#define PEN_UDP_SAID_BYTES 96u

struct pen_udp_single {
	struct pen_net_path path;
	int64_t until_ns; /* frames of it leave one by one until then */
};

/* Messages of a burst, as sendmmsg takes them. */
struct pen_udp_letters {
	unsigned count;
	bool full; /* the socket took no more */
	struct mmsghdr head[PEN_NET_BURST_MAX];
	unsigned frames[PEN_NET_BURST_MAX]; /* of each */
	union pen_address to[PEN_NET_BURST_MAX];
	unsigned piece_count;
	struct iovec pieces[2 * PEN_NET_BURST_MAX];
	_Alignas(struct cmsghdr) uint8_t said[PEN_NET_BURST_MAX][PEN_UDP_SAID_BYTES];
};

struct pen_udp_sender {
	int fd;
	bool v6, runs; /* of the socket; GSO is there */
	uint16_t port; /* ours */
	uint32_t count; /* of tags */
	uint64_t singly, unsent; /* as in struct pen_udp_counters */
	uint64_t tags[PEN_UDP_TAGS]; /* of frames that were taken; the last come back first */
	struct pen_udp_single singles[PEN_UDP_SINGLES];
	struct pen_udp_letters letters;
};

void pen_udp_sender_init(struct pen_udp_sender *sender, const struct pen_udp_socket *socket);

/* A burst of port/net.h's tx_burst. */
struct pen_udp_burst {
	const struct pen_frame *frames;
	unsigned count;
	uint32_t bytes_max; /* of a frame; larger ones are lost */
	int64_t now_ns;
};

/* As tx_burst. */
unsigned pen_udp_send(struct pen_udp_sender *sender, const struct pen_udp_burst *burst,
	struct pen_net_counters *counters);

/* As tx_reap. */
unsigned pen_udp_reap(struct pen_udp_sender *sender, uint64_t *tags, unsigned max);

#endif
