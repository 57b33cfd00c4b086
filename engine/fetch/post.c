#include "fetch/post.h"

#include <string.h>

#include "base/check.h"

static_assert(PEN_POST_CELL_BYTES >= sizeof(struct pen_wire_packet), "a packet fits a cell");

int pen_post_open(struct pen_post *post, struct pen_block_pool *pool, uint64_t tag)
{
	PEN_CHECK((uint32_t)tag == 0);
	memset(post, 0, sizeof *post);
	post->tag = tag;
	post->writing = PEN_CELL_NONE;
	return pen_cells_init(&post->cells, pool, PEN_POST_CELL_BYTES);
}

void pen_post_close(struct pen_post *post)
{
	if (!post)
		return;
	pen_cells_fini(&post->cells);
	memset(post, 0, sizeof *post);
}

struct pen_wire_packet *pen_post_write(struct pen_post *post)
{
	if (post->writing == PEN_CELL_NONE)
		post->writing = pen_cells_take(&post->cells);
	if (post->waiting == PEN_POST_WAITING_MAX || post->writing == PEN_CELL_NONE) {
		post->full++;
		return NULL;
	}
	return (struct pen_wire_packet *)pen_cells_at(&post->cells, post->writing);
}

void pen_post_put(struct pen_post *post, size_t bytes, const struct pen_net_path *path)
{
	PEN_CHECK(post->waiting < PEN_POST_WAITING_MAX);
	PEN_CHECK(post->writing != PEN_CELL_NONE);
	PEN_CHECK(bytes >= PEN_WIRE_HEAD_BYTES);
	PEN_CHECK(bytes <= PEN_WIRE_PACKET_BYTES_MAX);
	unsigned i = post->waiting++;
	post->cell[i] = post->writing;
	post->writing = PEN_CELL_NONE;
	post->bytes[i] = (uint16_t)bytes;
	post->path[i] = *path;
}

/* What was taken leaves the front. */
static void shift(struct pen_post *post, unsigned taken)
{
	unsigned rest = post->waiting - taken;
	memmove(post->cell, post->cell + taken, rest * sizeof post->cell[0]);
	memmove(post->bytes, post->bytes + taken, rest * sizeof post->bytes[0]);
	memmove(post->path, post->path + taken, rest * sizeof post->path[0]);
	post->waiting = rest;
	post->sent += taken;
}

void pen_post_flush(struct pen_post *post, struct pen_net *net, unsigned queue, int64_t now_ns)
{
	struct pen_frame frames[16];
	while (post->waiting) {
		unsigned count = post->waiting < PEN_COUNT(frames) ? post->waiting
								   : PEN_COUNT(frames);
		for (unsigned i = 0; i < count; i++) {
			frames[i] = (struct pen_frame){
				.path = &post->path[i],
				.payload = pen_cells_at(&post->cells, post->cell[i]),
				.payload_bytes = post->bytes[i],
				.tag = post->tag | post->cell[i],
			};
		}
		unsigned taken = net->ops->tx_burst(net, queue, now_ns, frames, count);
		PEN_CHECK(taken <= count);
		shift(post, taken);
		if (taken < count)
			return;
	}
}

bool pen_post_reaped(struct pen_post *post, uint64_t tag)
{
	if ((tag & ~(uint64_t)UINT32_MAX) != post->tag)
		return false;
	pen_cells_put(&post->cells, (uint32_t)tag);
	return true;
}
