/*
 * frame: packets as values: what was received (a slice) and what is to be sent (a frame).
 *
 * Both are descriptors in arrays of the caller. They own nothing: the memory they point to belongs
 * to the driver (slices, until pen_net.rx_put) or to an arena (payload of frames, until tx_reap
 * returned the tag); see port/net.h for who may do what, and when. Any thread.
 */
#ifndef PEN_MEM_FRAME_H
#define PEN_MEM_FRAME_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"

/* Bytes at the front of a slice that lie in one piece: the header of every packet of ours. */
#define PEN_SLICE_HEAD_BYTES 32u
/* Slices that may share one handle: a GRO batch of 64 KiB in the smallest packets we send. */
#define PEN_SLICE_SHARERS_MAX 128u
/* Bytes of a frame that lie in the descriptor itself. */
#define PEN_FRAME_HEADER_BYTES_MAX 64u
/* The largest UDP payload there is: 65,535 less IPv4's header of 20 and UDP's of 8. */
#define PEN_FRAME_BYTES_MAX 65507u

/*
 * Between which two sockets a packet goes, seen from here. A value: strangers cost no state, and
 * the path of a slice is the path of the answer. Compare whole (pen_net_path_equal).
 */
struct pen_net_path {
	uint8_t local[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d; of a frame all zero: the port's */
	uint8_t remote[16]; /* the other end, the same way */
	uint16_t local_port; /* in the machine's byte order; of a frame 0: the port's */
	uint16_t remote_port; /* never 0 */
	uint32_t scope; /* interface of a link-local address, else 0 */
};
static_assert(sizeof(struct pen_net_path) == 40, "no padding: paths are compared as bytes");

enum pen_slice_flags {
	PEN_SLICE_SUM_GOOD = 1 << 0, /* the UDP checksum was checked and fits */
	PEN_SLICE_SUM_ABSENT = 1 << 1, /* the sender sent none */
	/* Neither: nobody has looked yet. Do, with pen_slice_sum_fits, before believing a byte. */
};

/* A UDP payload that came. */
struct pen_slice {
	const uint8_t *head; /* bytes 0 to 31, or all if fewer */
	const uint8_t *tail; /* byte 32 and on, in one piece: head + 32 or elsewhere */
	uint64_t handle; /* the driver's; slices of one buffer have the same */
	uint32_t pins; /* bytes of driver memory that stay in use while this one is held */
	uint16_t bytes; /* of the payload, head and tail: 0 to PEN_FRAME_BYTES_MAX */
	uint16_t sum; /* the checksum field as it came (bytes in order of the wire), unless a flag
			 says that it is no matter */
	uint8_t flags; /* enum pen_slice_flags */
	uint8_t ecn; /* the two bits of RFC 3168; 0 if the driver cannot tell */
	struct pen_net_path path;
};

enum pen_frame_flags {
	PEN_FRAME_SUM = 1 << 0, /* `sum` holds the sum of the payload */
	PEN_FRAME_SUM_NONE = 1 << 1, /* the peer accepts packets without a checksum */
};

/*
 * A UDP payload to send: the header, then the payload. Neighbours in an array with equal path and
 * equal length, but for the last, which may be shorter, are a run, which a driver may send in one
 * go: emit them side by side.
 */
struct pen_frame {
	const struct pen_net_path *path; /* borrowed for the call of tx_burst */
	const uint8_t *payload; /* in an arena, within one block; not looked at if of 0 bytes */
	uint64_t tag; /* the caller's; comes back once for each frame; need not differ */
	uint16_t payload_bytes;
	uint16_t sum; /* PEN_FRAME_SUM: pen_inet_sum of the payload; header_bytes is even then */
	uint8_t header_bytes; /* 0 to PEN_FRAME_HEADER_BYTES_MAX; header and payload not both 0 */
	uint8_t flags; /* enum pen_frame_flags */
	uint8_t ecn; /* to be sent; a driver that cannot sends 0 */
	uint8_t header[PEN_FRAME_HEADER_BYTES_MAX];
};

/* Bytes of UDP payload that the frame becomes. */
static inline uint32_t pen_frame_bytes(const struct pen_frame *frame)
{
	return (uint32_t)frame->header_bytes + frame->payload_bytes;
}

bool pen_net_path_equal(const struct pen_net_path *a, const struct pen_net_path *b);

/*
 * The UDP checksum of the frame (RFC 768; RFC 8200 8.1 for IPv6, as both addresses say), as it
 * stands in the packet: never 0. Uses `sum` instead of reading the payload where the flag allows.
 * The path has both addresses and ports.
 */
uint16_t pen_frame_sum(const struct pen_frame *frame);

/* Whether the UDP checksum of a slice fits what came: all of it is read. */
bool pen_slice_sum_read(const struct pen_slice *slice);

/* Whether a slice is what was sent, as far as its checksum can tell: true if a flag answers that
 * already. */
static inline bool pen_slice_sum_fits(const struct pen_slice *slice)
{
	return slice->flags & (PEN_SLICE_SUM_GOOD | PEN_SLICE_SUM_ABSENT) ||
		pen_slice_sum_read(slice);
}

/* Copy `bytes` bytes of the payload from byte `from` on to `out`; they lie in the slice. */
static inline void pen_slice_copy(
	const struct pen_slice *slice, uint32_t from, uint32_t bytes, uint8_t *out)
{
	PEN_CHECK(from <= slice->bytes);
	PEN_CHECK(bytes <= slice->bytes - from);
	uint32_t head = 0;
	if (from < PEN_SLICE_HEAD_BYTES) {
		head = PEN_SLICE_HEAD_BYTES - from;
		head = bytes < head ? bytes : head;
		memcpy(out, slice->head + from, head);
	}
	/* The gathering copy: payload leaves the driver's memory once, to where it is wanted. */
	if (bytes > head)
		memcpy(out + head, slice->tail + (from + head - PEN_SLICE_HEAD_BYTES),
			bytes - head);
}

#endif
