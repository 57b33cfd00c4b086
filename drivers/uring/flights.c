#include "drivers/uring/flights.h"

#include <errno.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/uring/direct.h"

/* A file system that moves nothing so many times in a row never will. */
#define TRIES 16u
/* The smallest logical block of a disk: a direct read that ends elsewhere ended the file. */
#define SECTOR_BYTES 512u

static uint32_t pop(struct pen_flights *flights, uint32_t *list)
{
	uint32_t index = *list;
	PEN_CHECK(index < PEN_URING_DISK_DEPTH);
	*list = flights->list[index].next;
	return index;
}

static void push(struct pen_flights *flights, uint32_t *list, uint32_t index)
{
	PEN_CHECK(index < PEN_URING_DISK_DEPTH);
	flights->list[index].next = *list;
	*list = index;
}

static void prepare(
	struct pen_flights *flights, struct io_uring_sqe *sqe, struct pen_flight *flight)
{
	const struct pen_disk_op *op = &flight->op;
	uint8_t *at = (uint8_t *)op->at + flight->moved;
	uint32_t bytes = op->bytes - flight->moved;
	uint64_t offset = op->offset + flight->moved;
	int piece = op->kind == PEN_DISK_SYNC ? PEN_FIXED_NONE
					      : pen_fixed_find(&flights->fixed, at, bytes);
	flight->fixed = piece != PEN_FIXED_NONE;
	switch (op->kind) {
	case PEN_DISK_READ:
		if (piece != PEN_FIXED_NONE)
			io_uring_prep_read_fixed(sqe, op->file, at, bytes, offset, piece);
		else
			io_uring_prep_read(sqe, op->file, at, bytes, offset);
		break;
	case PEN_DISK_WRITE:
		if (piece != PEN_FIXED_NONE)
			io_uring_prep_write_fixed(sqe, op->file, at, bytes, offset, piece);
		else
			io_uring_prep_write(sqe, op->file, at, bytes, offset);
		break;
	case PEN_DISK_SYNC: io_uring_prep_fsync(sqe, op->file, 0); break;
	}
	io_uring_sqe_set_data64(sqe, (uint64_t)(flight - flights->list));
}

static void finish(struct pen_flights *flights, struct pen_flight *flight, int64_t result)
{
	flight->result = result;
	push(flights, &flights->finished, (uint32_t)(flight - flights->list));
}

/* Hand it, or the rest of it, to the kernel with the next enter. */
static void launch(struct pen_flights *flights, struct pen_flight *flight)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&flights->ring);
	/* There are as many entries as flights, and each flight has at most one. */
	PEN_CHECK(sqe);
	prepare(flights, sqe, flight);
}

/* Whether what is left lies as a direct file wants it. */
static bool is_aligned(const struct pen_flights *flights, const struct pen_flight *flight)
{
	uint64_t place = (uintptr_t)flight->op.at | flight->op.offset | flight->op.bytes;
	return (place | flight->moved) % flights->align == 0;
}

/* The kernel says no. Whether to ask once more. */
static bool mend(const struct pen_flights *flights, struct pen_flight *flight, int err)
{
	if (err == -EINTR || err == -EAGAIN)
		return flight->tries-- > 0;
	return err == -EINVAL && flight->op.kind != PEN_DISK_SYNC && !is_aligned(flights, flight) &&
		pen_direct_leave(flight->op.file);
}

/* A read that ended well. */
static void count(struct pen_flights *flights, const struct pen_flight *flight)
{
	struct pen_disk_state *state = flights->state;
	if (flight->op.kind != PEN_DISK_READ)
		return;
	state->reads++;
	state->read_bytes += flight->moved;
	state->fixed_reads += flight->fixed;
	state->direct_reads += pen_direct_is(flight->op.file);
}

static void settle(struct pen_flights *flights, struct pen_flight *flight, int result)
{
	const struct pen_disk_op *op = &flight->op;
	if (result < 0) {
		if (mend(flights, flight, result))
			launch(flights, flight);
		else
			finish(flights, flight, result == -EAGAIN ? -EIO : result);
		return;
	}
	if (op->kind == PEN_DISK_SYNC) {
		finish(flights, flight, 0);
		return;
	}
	flight->moved += (uint32_t)result;
	PEN_CHECK(flight->moved <= op->bytes);
	bool ended = op->kind == PEN_DISK_READ &&
		(!result || (result % SECTOR_BYTES && pen_direct_is(op->file)));
	if (flight->moved == op->bytes || ended) {
		count(flights, flight);
		finish(flights, flight, flight->moved);
	} else if (!result)
		finish(flights, flight, -EIO);
	else {
		launch(flights, flight);
	}
}

unsigned pen_flights_submit(
	struct pen_flights *flights, const struct pen_disk_op *ops, unsigned count)
{
	unsigned taken = 0;
	for (; taken < count && flights->free < PEN_URING_DISK_DEPTH; taken++) {
		const struct pen_disk_op *op = &ops[taken];
		struct pen_flight *flight = &flights->list[pop(flights, &flights->free)];
		*flight = (struct pen_flight){.op = *op, .tries = TRIES};
		if (op->kind > PEN_DISK_SYNC || op->offset > INT64_MAX - UINT32_MAX)
			finish(flights, flight, -EINVAL);
		else
			launch(flights, flight);
	}
	flights->count += taken;
	/* What the kernel has no room for stays in the ring until reap enters it again. */
	io_uring_submit(&flights->ring);
	return taken;
}

/* Take in what the kernel has finished. */
static void collect(struct pen_flights *flights)
{
	struct io_uring_cqe *cqe;
	while (!io_uring_peek_cqe(&flights->ring, &cqe) && cqe) {
		uint64_t index = io_uring_cqe_get_data64(cqe);
		int result = cqe->res;
		PEN_CHECK(index < PEN_URING_DISK_DEPTH);
		io_uring_cqe_seen(&flights->ring, cqe);
		settle(flights, &flights->list[index], result);
	}
	if (io_uring_sq_ready(&flights->ring))
		io_uring_submit(&flights->ring);
}

static void wait_for(struct pen_flights *flights, int64_t wait_ns)
{
	struct io_uring_cqe *cqe;
	struct __kernel_timespec wait = {
		.tv_sec = wait_ns / PEN_NS_PER_S, .tv_nsec = wait_ns % PEN_NS_PER_S};
	io_uring_wait_cqe_timeout(&flights->ring, &cqe, &wait);
}

unsigned pen_flights_reap(
	struct pen_flights *flights, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	int64_t until_ns = wait_ns > 0 ? pen_clock_ns() + wait_ns : 0;
	unsigned count = 0;
	collect(flights);
	/* A completion may be one of the middle of an operation. */
	while (wait_ns > 0 && flights->count && flights->finished == PEN_URING_DISK_DEPTH) {
		int64_t left_ns = until_ns - pen_clock_ns();
		if (left_ns <= 0)
			break;
		wait_for(flights, left_ns);
		collect(flights);
	}
	while (count < max && flights->finished < PEN_URING_DISK_DEPTH) {
		uint32_t index = pop(flights, &flights->finished);
		const struct pen_flight *flight = &flights->list[index];
		done[count++] = (struct pen_disk_done){flight->op.tag, flight->result};
		push(flights, &flights->free, index);
	}
	flights->count -= count;
	return count;
}

int pen_flights_open(struct pen_flights *flights, uint32_t align, struct pen_disk_state *state)
{
	int err = io_uring_queue_init(PEN_URING_DISK_DEPTH, &flights->ring, 0);
	if (err)
		return err;
	flights->align = align;
	flights->state = state;
	flights->free = flights->finished = PEN_URING_DISK_DEPTH;
	for (uint32_t i = PEN_URING_DISK_DEPTH; i-- > 0;)
		push(flights, &flights->free, i);
	return 0;
}

void pen_flights_close(struct pen_flights *flights)
{
	PEN_CHECK(flights->count == 0);
	io_uring_queue_exit(&flights->ring);
}
