#include "drivers/uring/ring.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

/* Submissions that wait at a time: there is only the receive. */
#define SUBMISSIONS 4u

struct state {
	struct io_uring ring;
	struct io_uring_buf_ring *provided; /* buffers that are the kernel's */
	struct msghdr
		ask; /* how long name and control may be; the kernel reads it at each arming */
	struct pen_udp_ring_ask with;
	size_t provided_bytes;
	int bell; /* eventfd, or -1 */
	bool rings; /* it is not silent */
};

static_assert(sizeof(struct io_uring_recvmsg_out) == PEN_UDP_WORD_BYTES, "part of the front");

/* The best way in which this kernel sets up a ring of completions for every buffer, stopped. */
static int set_up(struct state *state)
{
	static const unsigned ways[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG};
	int err = -ENOSYS;
	for (size_t i = 0; i < PEN_COUNT(ways); i++) {
		struct io_uring_params params = {
			.flags = ways[i] | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE,
			.cq_entries = 2 * state->with.buffers,
		};
		err = io_uring_queue_init_params(SUBMISSIONS, &state->ring, &params);
		if (err != -EINVAL)
			return err;
	}
	return err;
}

/* A multishot recvmsg came to Linux with the zero-copy send, which can be asked for (6.0). */
static bool knows_multishot(struct io_uring *ring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	bool knows = probe && io_uring_opcode_supported(probe, IORING_OP_SEND_ZC);
	io_uring_free_probe(probe);
	return knows;
}

static int provide(struct state *state)
{
	uint32_t count = state->with.buffers;
	state->provided_bytes = count * sizeof(struct io_uring_buf);
	void *at = mmap(NULL, state->provided_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	state->provided = at;
	struct io_uring_buf_reg reg = {.ring_addr = (uintptr_t)at, .ring_entries = count};
	int err = io_uring_register_buf_ring(&state->ring, &reg, 0);
	if (!err)
		io_uring_buf_ring_init(state->provided);
	return err;
}

/* A descriptor that tells of work that the kernel has put off: of that, the ring's own does not
 * tell a sleeper. It is silent until somebody wants to sleep. */
static int bell(struct state *state)
{
	state->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (state->bell < 0)
		return -errno;
	int err = io_uring_register_eventfd(&state->ring, state->bell);
	return err ? err : io_uring_cq_eventfd_toggle(&state->ring, false);
}

static void give_all(struct pen_udp_ring *ring, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		pen_udp_ring_put(ring, i, i);
	pen_udp_ring_show(ring, count);
}

static void shut(struct state *state)
{
	io_uring_queue_exit(&state->ring);
	if (state->bell >= 0)
		close(state->bell);
	if (state->provided)
		munmap(state->provided, state->provided_bytes);
	free(state);
}

int pen_udp_ring_open(struct pen_udp_ring *ring, const struct pen_udp_ring_ask *ask)
{
	*ring = (struct pen_udp_ring){.fd = -1};
	PEN_CHECK(ask->buffers > 0 && !(ask->buffers & (ask->buffers - 1)));
	PEN_CHECK(ask->buffer_bytes > PEN_UDP_FRONT_BYTES);
	struct state *state = calloc(1, sizeof *state);
	if (!state)
		return -ENOMEM;
	state->with = *ask;
	state->bell = -1;
	state->ask.msg_namelen = PEN_UDP_NAME_BYTES;
	state->ask.msg_controllen = PEN_UDP_CONTROL_BYTES;
	int err = set_up(state);
	if (err) {
		free(state);
		return err;
	}
	if (!knows_multishot(&state->ring))
		err = -ENOSYS;
	if (!err)
		err = provide(state);
	if (!err)
		err = bell(state);
	if (err) {
		shut(state);
		return err;
	}
	ring->state = state;
	ring->fd = state->bell;
	give_all(ring, ask->buffers);
	return 0;
}

void pen_udp_ring_close(struct pen_udp_ring *ring)
{
	if (ring->state)
		shut(ring->state);
	*ring = (struct pen_udp_ring){.fd = -1};
}

int pen_udp_ring_begin(struct pen_udp_ring *ring)
{
	struct state *state = ring->state;
	PEN_CHECK(state);
	/* liburing 2.3 declares io_uring_enable_rings and does not export it. */
	return io_uring_register(state->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

/* Ask for batches until there are no buffers. The socket is drained first when it is done. */
static void arm(struct pen_udp_ring *ring)
{
	struct state *state = ring->state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&state->ring);
	if (!sqe)
		return;
	io_uring_prep_recvmsg_multishot(sqe, state->with.socket, &state->ask, MSG_TRUNC);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	if (io_uring_submit(&state->ring) == 1) {
		ring->armed = true;
		ring->dry = false;
	}
}

/* Whether the kernel has put off something until we enter it. */
static bool put_off(const struct io_uring *library)
{
	return IO_URING_READ_ONCE(*library->sq.kflags) &
		(IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

/* Let it do that, if there may be something. */
static void look(struct pen_udp_ring *ring)
{
	struct io_uring *library = &((struct state *)ring->state)->ring;
	if (ring->dry && !put_off(library))
		return;
	io_uring_get_events(library);
	ring->dry = io_uring_cq_ready(library) == 0;
}

/* Whether the completion brought a batch. */
static bool take(
	struct pen_udp_ring *ring, const struct io_uring_cqe *cqe, struct pen_udp_came *came)
{
	const struct state *state = ring->state;
	if (!(cqe->flags & IORING_CQE_F_MORE)) {
		ring->armed = false;
		ring->ended++;
	}
	if (!(cqe->flags & IORING_CQE_F_BUFFER))
		return false;
	came->buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	if (cqe->res < (int)PEN_UDP_FRONT_BYTES) {
		pen_udp_ring_put(ring, came->buffer, 0);
		pen_udp_ring_show(ring, 1);
		return false;
	}
	struct io_uring_recvmsg_out out;
	memcpy(&out, state->with.memory + (size_t)came->buffer * state->with.buffer_bytes,
		sizeof out);
	came->control_bytes = out.controllen;
	came->bytes = (uint32_t)cqe->res - PEN_UDP_FRONT_BYTES;
	came->sent_bytes = out.payloadlen;
	return true;
}

/* Nobody sleeps: the kernel need not ring. */
static void silence(struct pen_udp_ring *ring)
{
	struct state *state = ring->state;
	if (state->rings && !io_uring_cq_eventfd_toggle(&state->ring, false))
		state->rings = false;
}

bool pen_udp_ring_next(struct pen_udp_ring *ring, bool can, struct pen_udp_came *came)
{
	struct io_uring *library = &((struct state *)ring->state)->ring;
	struct io_uring_cqe *cqe;
	silence(ring);
	/* Once a call: what fails each time must not keep us here. */
	if (!ring->armed && can)
		arm(ring);
	if (!io_uring_cq_ready(library))
		look(ring);
	while (!io_uring_peek_cqe(library, &cqe) && cqe) {
		bool is = take(ring, cqe, came);
		io_uring_cqe_seen(library, cqe);
		if (is)
			return true;
	}
	return false;
}

bool pen_udp_ring_idle(const struct pen_udp_ring *ring)
{
	const struct io_uring *library = &((const struct state *)ring->state)->ring;
	/* A receive that is over wakes nobody: the next burst begins it again. */
	return ring->armed && ring->dry && !put_off(library) && !io_uring_cq_ready(library);
}

bool pen_udp_ring_sleep(struct pen_udp_ring *ring)
{
	struct state *state = ring->state;
	uint64_t rung;
	if (!pen_udp_ring_idle(ring))
		return false;
	if (!state->rings && io_uring_cq_eventfd_toggle(&state->ring, true))
		return false;
	state->rings = true;
	/* What rang before is what we look for now; what rings from now on wakes. */
	while (read(state->bell, &rung, sizeof rung) > 0)
		continue;
	atomic_thread_fence(memory_order_seq_cst);
	return pen_udp_ring_idle(ring);
}

void pen_udp_ring_put(struct pen_udp_ring *ring, uint32_t buffer, uint32_t nth)
{
	struct state *state = ring->state;
	const struct pen_udp_ring_ask *with = &state->with;
	PEN_CHECK(buffer < with->buffers);
	io_uring_buf_ring_add(state->provided, with->memory + (size_t)buffer * with->buffer_bytes,
		with->buffer_bytes, (uint16_t)buffer, io_uring_buf_ring_mask(with->buffers),
		(int)nth);
}

void pen_udp_ring_show(struct pen_udp_ring *ring, uint32_t count)
{
	struct state *state = ring->state;
	PEN_CHECK(count <= state->with.buffers);
	io_uring_buf_ring_advance(state->provided, (int)count);
}
