#include "drivers/uring/fixed.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"

int pen_fixed_find(const struct pen_fixed *fixed, const uint8_t *at, size_t bytes)
{
	for (unsigned i = 0; i < fixed->count; i++) {
		const uint8_t *base = fixed->pieces[i].iov_base;
		if (at >= base && bytes <= fixed->pieces[i].iov_len &&
			(size_t)(at - base) <= fixed->pieces[i].iov_len - bytes)
			return (int)i;
	}
	return PEN_FIXED_NONE;
}

/* Arenas in pieces; a block is aligned to its size, so no piece ends within one. */
static void cut_pieces(struct pen_fixed *fixed, const struct pen_disk_options *options)
{
	static_assert(PEN_URING_PIECE_BYTES % PEN_BLOCK_BYTES == 0, "whole blocks");
	for (unsigned i = 0; i < options->arena_count; i++) {
		const struct pen_arena *arena = options->arenas[i];
		for (size_t from = 0; from < arena->bytes; from += PEN_URING_PIECE_BYTES) {
			size_t bytes = arena->bytes - from;
			if (fixed->count == PEN_URING_PIECES_MAX)
				return;
			if (bytes > PEN_URING_PIECE_BYTES)
				bytes = PEN_URING_PIECE_BYTES;
			fixed->pieces[fixed->count++] = (struct iovec){arena->at + from, bytes};
		}
	}
}

uint64_t pen_fixed_register(
	struct pen_fixed *fixed, struct io_uring *ring, const struct pen_disk_options *options)
{
	uint64_t bytes = 0;
	PEN_CHECK(!fixed->count);
	cut_pieces(fixed, options);
	if (!fixed->count)
		return 0;
	bool may = !(options->without & PEN_WITHOUT_REGISTERED);
	int err = may ? io_uring_register_buffers(ring, fixed->pieces, fixed->count) : -EOPNOTSUPP;
	for (unsigned i = 0; !err && i < fixed->count; i++)
		bytes += fixed->pieces[i].iov_len;
	if (!err)
		return bytes;
	fixed->count = 0;
	pen_notes_add(options->notes,
		"memory for reading is not registered with the kernel (%s): a little more work for "
		"each read; mend it: ulimit -l unlimited, or as root: setcap cap_ipc_lock+ep "
		"PENSTOCK",
		strerror(-err));
	return 0;
}
