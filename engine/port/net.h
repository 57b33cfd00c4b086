/*
 * net: a UDP port on some device: datagrams in and out in bursts, polled, without copies where
 * the device allows it.
 *
 * Order: the driver opens (drivers/table.h; caps, queues and locals are filled, nothing is sent or
 * received), arenas are taken, from `pages` if that is set; start; bursts; close. Start and close
 * belong to the control thread, while no core is at a queue. Each queue belongs to one core, which
 * makes all calls for it. None of the calls of a queue blocks, and none but start and close
 * allocates.
 *
 * Receiving: rx_burst lends slices. Their memory is the driver's until rx_put; they are never
 * written. A device with caps.rx_held_bytes 0 can lend nothing beyond the next rx_burst: put all
 * back before it. Otherwise hold as much as caps say, by the sum of `pins`; beyond it the device
 * may lose packets, which it counts. Put back each slice once, in any order, at any time until
 * close, on the owner's core.
 *
 * Sending: tx_burst takes the first k frames; the others stay with the caller, to be offered again
 * later. What was taken is sent, or lost and counted; packets may be lost anywhere, so no code is
 * given. The payload of a frame that was taken must stay, and not be written, until tx_reap
 * returned its tag; the descriptor and the path may be used again at once. Every tag comes back
 * exactly once, in any order, and late: up to caps.tx_lag of them only when more is sent, or
 * not before close. So wait for no tag in order to send: have memory for tx_lag frames more than
 * are worked with, each of which may pin a block of its own.
 *
 * A frame larger than caps.payload_bytes, or than what the path turns out to carry, is taken, lost
 * and counted: nothing is ever sent in fragments (DF).
 *
 * caps, locals and link change only inside rx_burst of queue 0; `epoch` has then risen. Counters of
 * a queue are written by its core; others may read them and see them a little old.
 * After close the device touches nothing: every slice is void, and every tag counts as returned.
 */
#ifndef PEN_PORT_NET_H
#define PEN_PORT_NET_H

#include "base/err.h"
#include "mem/arena.h"
#include "mem/frame.h"

struct pen_net;

/* A port has at most so many queues (RSS tables of the smallest devices); and local addresses. */
#define PEN_NET_QUEUES_MAX 16u
#define PEN_NET_LOCALS_MAX 8u
/* No device of ours needs longer to be worth a burst of calls; bursts are at most so long. */
#define PEN_NET_BURST_MAX 256u
/* Sleep no longer beside a port that wakes nobody. */
#define PEN_NET_BLIND_NS INT64_C(500000)

/* How a core may sleep that has nothing to do. */
enum pen_net_arm {
	PEN_NET_ARM_FD, /* until *fd becomes readable; the descriptor stays the driver's */
	PEN_NET_ARM_WORK, /* not at all: packets are there */
	PEN_NET_ARM_BLIND, /* for net->blind_ns at most: the device cannot wake us, or so much
			      comes in that to look again soon costs both ends less */
};

/* What a device can do, now. */
struct pen_net_caps {
	uint32_t payload_bytes; /* UDP payload that goes out in one packet here; at least 1,200 */
	uint32_t run_frames; /* frames of a run that go out in one call; 1: runs gain nothing */
	uint64_t rx_held_bytes; /* pins that a queue may hold beyond a burst; 0: none */
	uint32_t tx_inflight; /* frames of a queue that are taken and not reaped, at most */
	uint32_t tx_lag; /* of these, how many may stay unreaped until more is sent, or until close
			  */
	bool sum_absent_ok; /* packets without a UDP checksum reach us: say so to peers */
};

/* What went through a queue. Only ever rises. Bytes are of UDP payload. */
struct pen_net_counters {
	uint64_t rx_packets, rx_bytes; /* lent as slices */
	uint64_t rx_bursts; /* calls that lent any */
	uint64_t rx_bad; /* wrong checksum, malformed */
	uint64_t rx_fragments; /* IP fragments; we never send any */
	uint64_t rx_lost; /* known to be lost for want of buffers: cut batches, full rings */
	uint64_t tx_packets, tx_bytes; /* handed to the device */
	uint64_t tx_runs; /* in so many calls or descriptors chains */
	uint64_t tx_large; /* taken and lost: larger than the device or the path carries */
	uint64_t tx_lost; /* taken and lost otherwise: no route, no neighbour, link down */
};

struct pen_net_ops {
	/*
	 * Map or register the arenas (borrowed until close), then start the queues. `count` may be
	 * 0 if nothing with a payload is ever sent. 0, or a negative code and a sentence; close is
	 * due either way.
	 */
	int (*start)(struct pen_net *net, const struct pen_arena *const *arenas, unsigned count,
		struct pen_why *why);
	/* Stop the device and free the port. See pen_net_close. */
	void (*close)(struct pen_net *net);
	/*
	 * Lend up to max (<= PEN_NET_BURST_MAX) packets that came, in `out`; may stop in the middle
	 * of a buffer that slices share. now_ns is the time of the call, which never goes back.
	 * Returns how many.
	 */
	unsigned (*rx_burst)(struct pen_net *net, unsigned queue, int64_t now_ns,
		struct pen_slice *out, unsigned max);
	/* Give slices back; only `handle` and `head` are looked at. */
	void (*rx_put)(struct pen_net *net, unsigned queue, const struct pen_slice *slices,
		unsigned count);
	/* Take the first k <= count (<= PEN_NET_BURST_MAX) frames to send; returns k. */
	unsigned (*tx_burst)(struct pen_net *net, unsigned queue, int64_t now_ns,
		const struct pen_frame *frames, unsigned count);
	/* Up to max tags of frames whose memory is free again; returns how many. */
	unsigned (*tx_reap)(struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max);
	/* How to sleep until packets come; *fd is written for PEN_NET_ARM_FD only. */
	enum pen_net_arm (*arm)(struct pen_net *net, unsigned queue, int *fd);
};

/* A driver's port begins with this. Written by the driver alone. */
struct pen_net {
	const struct pen_net_ops *ops;
	const char *label; /* which device, for messages; lives as long as the port */
	struct pen_pages pages; /* memory that the device can reach; zeroed: any will do */
	unsigned queues; /* 1 to PEN_NET_QUEUES_MAX, fixed by open */
	uint32_t epoch; /* rises when caps, locals or link change */
	bool link; /* packets can go out and come in */
	int64_t blind_ns; /* how long to sleep at most, when arm has said BLIND: up to
			     PEN_NET_BLIND_NS */
	struct pen_net_caps caps;
	unsigned local_count; /* at most PEN_NET_LOCALS_MAX */
	uint16_t local_port; /* that packets to us carry, machine's byte order */
	uint8_t locals[PEN_NET_LOCALS_MAX][16]; /* addresses of ours, as in struct pen_net_path */
	struct pen_net_counters counters[PEN_NET_QUEUES_MAX];
};

/* Close a port, started or not. NULL is fine. */
static inline void pen_net_close(struct pen_net *net)
{
	if (net)
		net->ops->close(net);
}

#endif
