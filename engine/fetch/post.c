#include "fetch/post.h"

#include <string.h>

#include "base/check.h"

static_assert(PEN_POST_CELL_BYTES >= sizeof(struct pen_wire_packet), "a packet fits a cell");

#define CELLS_OF_BLOCK ((uint32_t)(PEN_BLOCK_BYTES / PEN_POST_CELL_BYTES))

unsigned pen_post_blocks(uint32_t lag)
{
	uint32_t blocks = (lag + PEN_POST_WAITING_MAX) / CELLS_OF_BLOCK + 1;
	return blocks < PEN_POST_BLOCKS_MAX ? blocks : PEN_POST_BLOCKS_MAX;
}

int pen_post_open(struct pen_post *post, struct pen_block_pool *pool, uint64_t tag, uint32_t lag)
{
	PEN_CHECK((uint32_t)tag == 0);
	memset(post, 0, sizeof *post);
	post->tag = tag;
	post->writing = PEN_CELL_NONE;
	for (unsigned i = 0; i < pen_post_blocks(lag); i++) {
		int code = pen_cells_init(&post->cells[i], pool, PEN_POST_CELL_BYTES);
		if (code) {
			pen_post_close(post);
			return code;
		}
		post->blocks++;
	}
	return 0;
}

void pen_post_close(struct pen_post *post)
{
	if (!post)
		return;
	for (unsigned i = 0; i < post->blocks; i++)
		pen_cells_fini(&post->cells[i]);
	memset(post, 0, sizeof *post);
}

static uint32_t take_cell(struct pen_post *post)
{
	for (unsigned i = 0; i < post->blocks; i++) {
		uint32_t cell = pen_cells_take(&post->cells[i]);
		if (cell != PEN_CELL_NONE)
			return i * CELLS_OF_BLOCK + cell;
	}
	return PEN_CELL_NONE;
}

static uint8_t *cell_at(const struct pen_post *post, uint32_t cell)
{
	PEN_CHECK(cell / CELLS_OF_BLOCK < post->blocks);
	return pen_cells_at(&post->cells[cell / CELLS_OF_BLOCK], cell % CELLS_OF_BLOCK);
}

bool pen_post_room(const struct pen_post *post)
{
	bool free = post->writing != PEN_CELL_NONE;
	for (unsigned i = 0; i < post->blocks; i++)
		free |= post->cells[i].free > 0;
	return free && post->waiting < PEN_POST_WAITING_MAX;
}

struct pen_wire_packet *pen_post_write(struct pen_post *post)
{
	if (!pen_post_room(post)) {
		post->full++;
		return NULL;
	}
	if (post->writing == PEN_CELL_NONE)
		post->writing = take_cell(post);
	return (struct pen_wire_packet *)cell_at(post, post->writing);
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
				.payload = cell_at(post, post->cell[i]),
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
	uint32_t cell = (uint32_t)tag;
	PEN_CHECK(cell / CELLS_OF_BLOCK < post->blocks);
	pen_cells_put(&post->cells[cell / CELLS_OF_BLOCK], cell % CELLS_OF_BLOCK);
	return true;
}

void pen_post_reap(struct pen_post *post, struct pen_net *net, unsigned queue)
{
	uint64_t tags[PEN_NET_BURST_MAX];
	unsigned count;
	while ((count = net->ops->tx_reap(net, queue, tags, PEN_NET_BURST_MAX))) {
		for (unsigned i = 0; i < count; i++)
			PEN_CHECK(pen_post_reaped(post, tags[i]));
	}
}
