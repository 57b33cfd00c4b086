/*
 * ring: a multishot receive of io_uring into buffers that we provide: one submission, then a
 * completion for each batch, without a call as long as the kernel has some ready.
 *
 * It is set up by the control thread and begins with the first call of the queue's core, to which
 * it belongs from then on (IORING_SETUP_SINGLE_ISSUER). The receive ends when the kernel finds no
 * buffer (ENOBUFS), and is begun again when one is back; meanwhile packets wait in the socket.
 */
#ifndef PEN_DRIVERS_URING_RING_H
#define PEN_DRIVERS_URING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What stands in front of a batch in its buffer: what came with it (struct io_uring_recvmsg_out),
 * the sender's address and control messages, each at most so long. */
#define PEN_UDP_WORD_BYTES 16u
#define PEN_UDP_NAME_BYTES 32u
#define PEN_UDP_CONTROL_BYTES 144u
#define PEN_UDP_FRONT_BYTES (PEN_UDP_WORD_BYTES + PEN_UDP_NAME_BYTES + PEN_UDP_CONTROL_BYTES)
/* A buffer that takes the largest batch and its front, in whole KiB. */
#define PEN_UDP_BUFFER_BYTES 66560u

/* A batch that came; all of it lies in the buffer. */
struct pen_udp_came {
	uint32_t buffer;
	uint32_t control_bytes; /* of control messages */
	uint32_t bytes; /* of it that are here */
	uint32_t sent_bytes; /* that there were: more if the buffer was too small */
};

struct pen_udp_ring {
	void *state; /* the library's; NULL: there is no ring */
	int fd; /* becomes readable when something came, after pen_udp_ring_sleep */
	bool armed; /* the receive is under way */
	bool dry; /* the last look into the kernel brought nothing */
	uint64_t ended; /* times that the receive was over, and was begun again */
};

struct pen_udp_ring_ask {
	int socket;
	uint8_t *memory; /* of the buffers, side by side; borrowed until close */
	uint32_t buffers, buffer_bytes; /* a power of two; more than PEN_UDP_FRONT_BYTES */
};

/* Set it up with all buffers the kernel's. 0; or -ENOSYS, -EPERM or another -errno: there is no
 * such thing here. */
int pen_udp_ring_open(struct pen_udp_ring *ring, const struct pen_udp_ring_ask *ask);

/* Zeroed is fine. The kernel does not write to the buffers any more when it returns. */
void pen_udp_ring_close(struct pen_udp_ring *ring);

/* The queue's core is here: from now on the rest may be called. 0 or -errno. */
int pen_udp_ring_begin(struct pen_udp_ring *ring);

/* The next batch. False: none is there. `can` tells that the kernel has a buffer. */
bool pen_udp_ring_next(struct pen_udp_ring *ring, bool can, struct pen_udp_came *came);

/* Is nothing there, and nothing put off? What comes later is told by ring->fd to who sleeps. */
bool pen_udp_ring_idle(const struct pen_udp_ring *ring);

/* Before sleeping until ring->fd is readable. False: do not sleep, there may be something. */
bool pen_udp_ring_sleep(struct pen_udp_ring *ring);

/* Give buffers back: put each, then show. */
void pen_udp_ring_put(struct pen_udp_ring *ring, uint32_t buffer, uint32_t nth);
void pen_udp_ring_show(struct pen_udp_ring *ring, uint32_t count);

#endif
