#include "drivers/uring/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/check.h"
#include "base/clock.h"

/* A file system that moves nothing so many times in a row never will. */
#define TRIES 16u
/* The smallest logical block of a disk: a direct read that ends elsewhere ended the file. */
#define SECTOR_BYTES 512u
#define NO_PIECE (-1)

/* An operation that is in flight. */
struct flight {
	struct pen_disk_op op;
	uint32_t moved; /* bytes */
	uint32_t tries; /* left for an operation that moves nothing */
	bool fixed; /* the last piece of it went into registered memory */
	uint32_t next; /* while free or finished */
	int64_t result; /* when finished */
};

struct uring_disk {
	struct pen_disk disk; /* first: the port's view */
	struct pen_disk *names; /* opens, closes, renames and lists */
	struct io_uring ring;
	unsigned piece_count;
	struct iovec pieces[PEN_URING_PIECES_MAX]; /* registered memory */
	struct flight flights[PEN_URING_DISK_DEPTH];
	uint32_t free; /* the first free flight; PEN_URING_DISK_DEPTH: none */
	uint32_t finished; /* the first that reap returns, likewise */
	unsigned count; /* submitted and not reaped */
	bool direct; /* files may be */
	struct pen_disk_state state;
};

static struct uring_disk *self(struct pen_disk *disk)
{
	return (struct uring_disk *)disk;
}

static uint32_t pop(struct uring_disk *uring, uint32_t *list)
{
	uint32_t index = *list;
	PEN_CHECK(index < PEN_URING_DISK_DEPTH);
	*list = uring->flights[index].next;
	return index;
}

static void push(struct uring_disk *uring, uint32_t *list, uint32_t index)
{
	PEN_CHECK(index < PEN_URING_DISK_DEPTH);
	uring->flights[index].next = *list;
	*list = index;
}

/* The registered piece that holds all of it. */
static int piece_of(const struct uring_disk *uring, const uint8_t *at, size_t bytes)
{
	for (unsigned i = 0; i < uring->piece_count; i++) {
		const uint8_t *base = uring->pieces[i].iov_base;
		if (at >= base && bytes <= uring->pieces[i].iov_len &&
			(size_t)(at - base) <= uring->pieces[i].iov_len - bytes)
			return (int)i;
	}
	return NO_PIECE;
}

static void prepare(struct uring_disk *uring, struct io_uring_sqe *sqe, struct flight *flight)
{
	const struct pen_disk_op *op = &flight->op;
	uint8_t *at = (uint8_t *)op->at + flight->moved;
	uint32_t bytes = op->bytes - flight->moved;
	uint64_t offset = op->offset + flight->moved;
	int piece = op->kind == PEN_DISK_SYNC ? NO_PIECE : piece_of(uring, at, bytes);
	flight->fixed = piece != NO_PIECE;
	switch (op->kind) {
	case PEN_DISK_READ:
		if (piece != NO_PIECE)
			io_uring_prep_read_fixed(sqe, op->file, at, bytes, offset, piece);
		else
			io_uring_prep_read(sqe, op->file, at, bytes, offset);
		break;
	case PEN_DISK_WRITE:
		if (piece != NO_PIECE)
			io_uring_prep_write_fixed(sqe, op->file, at, bytes, offset, piece);
		else
			io_uring_prep_write(sqe, op->file, at, bytes, offset);
		break;
	case PEN_DISK_SYNC: io_uring_prep_fsync(sqe, op->file, 0); break;
	}
	io_uring_sqe_set_data64(sqe, (uint64_t)(flight - uring->flights));
}

static void finish(struct uring_disk *uring, struct flight *flight, int64_t result)
{
	flight->result = result;
	push(uring, &uring->finished, (uint32_t)(flight - uring->flights));
}

/* Hand it, or the rest of it, to the kernel with the next enter. */
static void launch(struct uring_disk *uring, struct flight *flight)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
	/* There are as many entries as flights, and each flight has at most one. */
	PEN_CHECK(sqe);
	prepare(uring, sqe, flight);
}

static bool is_direct(int file)
{
	int flags = fcntl(file, F_GETFL);
	return flags >= 0 && flags & O_DIRECT;
}

static bool make_buffered(int file)
{
	int flags = fcntl(file, F_GETFL);
	return flags >= 0 && flags & O_DIRECT && fcntl(file, F_SETFL, flags & ~O_DIRECT) == 0;
}

/* Whether what is left lies as a direct file wants it. */
static bool is_aligned(const struct uring_disk *uring, const struct flight *flight)
{
	uint64_t place = (uintptr_t)flight->op.at | flight->op.offset | flight->op.bytes;
	return (place | flight->moved) % uring->disk.align == 0;
}

/* The kernel says no. Whether to ask once more. */
static bool mend(const struct uring_disk *uring, struct flight *flight, int err)
{
	if (err == -EINTR || err == -EAGAIN)
		return flight->tries-- > 0;
	return err == -EINVAL && flight->op.kind != PEN_DISK_SYNC && !is_aligned(uring, flight) &&
		make_buffered(flight->op.file);
}

/* A read that ended well. */
static void count(struct uring_disk *uring, const struct flight *flight)
{
	struct pen_disk_state *state = &uring->state;
	if (flight->op.kind != PEN_DISK_READ)
		return;
	state->reads++;
	state->read_bytes += flight->moved;
	state->fixed_reads += flight->fixed;
	state->direct_reads += is_direct(flight->op.file);
}

static void settle(struct uring_disk *uring, struct flight *flight, int result)
{
	const struct pen_disk_op *op = &flight->op;
	if (result < 0) {
		if (mend(uring, flight, result))
			launch(uring, flight);
		else
			finish(uring, flight, result == -EAGAIN ? -EIO : result);
		return;
	}
	if (op->kind == PEN_DISK_SYNC) {
		finish(uring, flight, 0);
		return;
	}
	flight->moved += (uint32_t)result;
	PEN_CHECK(flight->moved <= op->bytes);
	bool ended = op->kind == PEN_DISK_READ &&
		(!result || (result % SECTOR_BYTES && is_direct(op->file)));
	if (flight->moved == op->bytes || ended) {
		count(uring, flight);
		finish(uring, flight, flight->moved);
	} else if (!result)
		finish(uring, flight, -EIO);
	else {
		launch(uring, flight);
	}
}

static unsigned disk_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	struct uring_disk *uring = self(disk);
	unsigned taken = 0;
	for (; taken < count && uring->free < PEN_URING_DISK_DEPTH; taken++) {
		const struct pen_disk_op *op = &ops[taken];
		struct flight *flight = &uring->flights[pop(uring, &uring->free)];
		*flight = (struct flight){.op = *op, .tries = TRIES};
		if (op->kind > PEN_DISK_SYNC || op->offset > INT64_MAX - UINT32_MAX)
			finish(uring, flight, -EINVAL);
		else
			launch(uring, flight);
	}
	uring->count += taken;
	/* What the kernel has no room for stays in the ring until reap enters it again. */
	io_uring_submit(&uring->ring);
	return taken;
}

/* Take in what the kernel has finished. */
static void collect(struct uring_disk *uring)
{
	struct io_uring_cqe *cqe;
	while (!io_uring_peek_cqe(&uring->ring, &cqe) && cqe) {
		uint64_t index = io_uring_cqe_get_data64(cqe);
		int result = cqe->res;
		PEN_CHECK(index < PEN_URING_DISK_DEPTH);
		io_uring_cqe_seen(&uring->ring, cqe);
		settle(uring, &uring->flights[index], result);
	}
	if (io_uring_sq_ready(&uring->ring))
		io_uring_submit(&uring->ring);
}

static void wait_for(struct uring_disk *uring, int64_t wait_ns)
{
	struct io_uring_cqe *cqe;
	struct __kernel_timespec wait = {
		.tv_sec = wait_ns / PEN_NS_PER_S, .tv_nsec = wait_ns % PEN_NS_PER_S};
	io_uring_wait_cqe_timeout(&uring->ring, &cqe, &wait);
}

static unsigned disk_reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	struct uring_disk *uring = self(disk);
	int64_t until_ns = wait_ns > 0 ? pen_clock_ns() + wait_ns : 0;
	unsigned count = 0;
	collect(uring);
	/* A completion may be one of the middle of an operation. */
	while (wait_ns > 0 && uring->count && uring->finished == PEN_URING_DISK_DEPTH) {
		int64_t left_ns = until_ns - pen_clock_ns();
		if (left_ns <= 0)
			break;
		wait_for(uring, left_ns);
		collect(uring);
	}
	while (count < max && uring->finished < PEN_URING_DISK_DEPTH) {
		uint32_t index = pop(uring, &uring->finished);
		const struct flight *flight = &uring->flights[index];
		done[count++] = (struct pen_disk_done){flight->op.tag, flight->result};
		push(uring, &uring->free, index);
	}
	uring->count -= count;
	return count;
}

/* Not every file system says; where it says that direct reads are coarser than ours, or none, the
 * page cache does better. */
static void ask_alignment(struct pen_disk *disk, int file)
{
#ifdef STATX_DIOALIGN
	struct statx stat;
	if (statx(file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stat) < 0 ||
		!(stat.stx_mask & STATX_DIOALIGN))
		return;
	if (!stat.stx_dio_offset_align || stat.stx_dio_offset_align > disk->align ||
		stat.stx_dio_mem_align > disk->align)
		make_buffered(file);
#else
	(void)disk, (void)file;
#endif
}

static int disk_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *out)
{
	struct uring_disk *uring = self(disk);
	unsigned how = uring->direct ? flags : flags & ~(unsigned)PEN_DISK_DIRECT;
	int file = uring->names->ops->open(uring->names, name, how, out);
	if (file >= 0 && how & PEN_DISK_DIRECT)
		ask_alignment(disk, file);
	if (file >= 0 && flags & PEN_DISK_DIRECT)
		uring->state.buffered_files += !is_direct(file);
	return file;
}

static void disk_close(struct pen_disk *disk, int file)
{
	self(disk)->names->ops->close(self(disk)->names, file);
}

static int disk_rename(struct pen_disk *disk, const char *from, const char *to)
{
	return self(disk)->names->ops->rename(self(disk)->names, from, to);
}

static int disk_unlink(struct pen_disk *disk, const char *name)
{
	return self(disk)->names->ops->unlink(self(disk)->names, name);
}

static int disk_list(struct pen_disk *disk, const char *name, pen_disk_list_fn fn, void *context)
{
	return self(disk)->names->ops->list(self(disk)->names, name, fn, context);
}

static int disk_watch(struct pen_disk *disk, const char *name)
{
	return self(disk)->names->ops->watch(self(disk)->names, name);
}

static const struct pen_disk_ops disk_ops = {
	.open = disk_open,
	.close = disk_close,
	.submit = disk_submit,
	.reap = disk_reap,
	.rename = disk_rename,
	.unlink = disk_unlink,
	.list = disk_list,
	.watch = disk_watch,
};

/* Arenas in pieces; a block is aligned to its size, so no piece ends within one. */
static void cut_pieces(struct uring_disk *uring, const struct pen_disk_options *options)
{
	static_assert(PEN_URING_PIECE_BYTES % PEN_BLOCK_BYTES == 0, "whole blocks");
	for (unsigned i = 0; i < options->arena_count; i++) {
		const struct pen_arena *arena = options->arenas[i];
		for (size_t from = 0; from < arena->bytes; from += PEN_URING_PIECE_BYTES) {
			size_t bytes = arena->bytes - from;
			if (uring->piece_count == PEN_URING_PIECES_MAX)
				return;
			if (bytes > PEN_URING_PIECE_BYTES)
				bytes = PEN_URING_PIECE_BYTES;
			uring->pieces[uring->piece_count++] = (struct iovec){
				arena->at + from, bytes};
		}
	}
}

static void register_pieces(struct uring_disk *uring, const struct pen_disk_options *options)
{
	cut_pieces(uring, options);
	if (!uring->piece_count)
		return;
	bool may = !(options->without & PEN_WITHOUT_REGISTERED);
	int err = may ? io_uring_register_buffers(&uring->ring, uring->pieces, uring->piece_count)
		      : -EOPNOTSUPP;
	for (unsigned i = 0; !err && i < uring->piece_count; i++)
		uring->state.registered_bytes += uring->pieces[i].iov_len;
	if (!err)
		return;
	uring->piece_count = 0;
	pen_notes_add(options->notes,
		"memory for reading is not registered with the kernel (%s): a little more work for "
		"each read; mend it: ulimit -l unlimited, or as root: setcap cap_ipc_lock+ep "
		"PENSTOCK",
		strerror(-err));
}

int pen_uring_disk_open(const char *root, bool create, const struct pen_disk_options *options,
	struct pen_disk **disk, struct pen_why *why)
{
	struct uring_disk *uring = calloc(1, sizeof *uring);
	if (!uring)
		return pen_fail(why, -ENOMEM, "no memory for the directory %s", root);
	int err = pen_disk_open_dir(root, create, &uring->names, why);
	if (err) {
		free(uring);
		return err;
	}
	err = io_uring_queue_init(PEN_URING_DISK_DEPTH, &uring->ring, 0);
	if (err) {
		pen_disk_shut(uring->names);
		free(uring);
		return pen_fail(why, err, "no io_uring for %s: %s", root, strerror(-err));
	}
	uring->disk = *uring->names;
	uring->disk.ops = &disk_ops;
	uring->disk.depth_max = PEN_URING_DISK_DEPTH;
	uring->direct = !(options->without & PEN_WITHOUT_DIRECT);
	uring->state.queued = true;
	uring->free = uring->finished = PEN_URING_DISK_DEPTH;
	for (uint32_t i = PEN_URING_DISK_DEPTH; i-- > 0;)
		push(uring, &uring->free, i);
	register_pieces(uring, options);
	*disk = &uring->disk;
	return 0;
}

bool pen_uring_disk_is(const struct pen_disk *disk)
{
	return disk->ops == &disk_ops;
}

void pen_uring_disk_shut(struct pen_disk *disk)
{
	struct uring_disk *uring = self(disk);
	PEN_CHECK(pen_uring_disk_is(disk));
	PEN_CHECK(uring->count == 0);
	io_uring_queue_exit(&uring->ring);
	pen_disk_shut(uring->names);
	free(uring);
}

struct pen_disk_state pen_uring_disk_state(const struct pen_disk *disk)
{
	PEN_CHECK(pen_uring_disk_is(disk));
	return ((const struct uring_disk *)disk)->state;
}

unsigned pen_uring_disk_pieces(const struct pen_disk *disk)
{
	PEN_CHECK(pen_uring_disk_is(disk));
	return ((const struct uring_disk *)disk)->piece_count;
}
