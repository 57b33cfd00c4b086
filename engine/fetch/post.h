/*
 * post: control packets that wait for their turn at the net port, and those that the device has.
 *
 * A packet is put together in a cell of arena memory, waits here with its path, leaves in a burst,
 * and its cell is free again when the port returns its tag. All is bounded: when no cell is left
 * there is nothing to write to, and whoever wanted to send asks again later. Taken at open; one
 * thread.
 */
#ifndef PEN_FETCH_POST_H
#define PEN_FETCH_POST_H

#include "mem/cells.h"
#include "port/net.h"
#include "wire/encode.h"

/* Packets that wait: some for each server, in one turn of the loop. */
#define PEN_POST_WAITING_MAX PEN_NET_BURST_MAX
/* Blocks that are cut into cells, at most: for devices that keep some thousands of frames. */
#define PEN_POST_BLOCKS_MAX 8u
/* Of a cell: the largest control packet in whole cache lines. */
#define PEN_POST_CELL_BYTES 1280u

struct pen_post {
	struct pen_cells cells[PEN_POST_BLOCKS_MAX]; /* of `blocks` blocks */
	unsigned blocks;
	uint64_t tag; /* tags are this, plus the cell */
	uint32_t writing; /* cell that is being written, or PEN_CELL_NONE; cells are numbered block
			     by block */
	unsigned waiting;
	uint32_t cell[PEN_POST_WAITING_MAX]; /* that wait, in order */
	uint16_t bytes[PEN_POST_WAITING_MAX];
	struct pen_net_path path[PEN_POST_WAITING_MAX];
	uint64_t sent, full; /* packets taken by the port; times that there was no room */
};

/*
 * Blocks of the pool that a post takes for a port that may keep `lag` frames until more is sent
 * (port/net.h, caps.tx_lag): one can always be sent beyond them. At most PEN_POST_BLOCKS_MAX.
 */
unsigned pen_post_blocks(uint32_t lag);

/* Take the blocks for this lag. `tag` has its lower 32 bits clear, and tells our tags from others
 * of the same port. 0 or -ENOMEM. */
int pen_post_open(struct pen_post *post, struct pen_block_pool *pool, uint64_t tag, uint32_t lag);

/* After the port was closed, or returned all tags. NULL and zeroed are fine. */
void pen_post_close(struct pen_post *post);

/* Where to write the next packet, or NULL. Then put it, or leave it. */
struct pen_wire_packet *pen_post_write(struct pen_post *post);

/* Is there somewhere to write? */
bool pen_post_room(const struct pen_post *post);

/* What was written, `bytes` of it, goes to `path` (copied). */
void pen_post_put(struct pen_post *post, size_t bytes, const struct pen_net_path *path);

/* Offer what waits to a queue of a port. */
void pen_post_flush(struct pen_post *post, struct pen_net *net, unsigned queue, int64_t now_ns);

/* Take all tags that a queue of a port gives back now. They are the post's: nobody else sends by
 * that queue. */
void pen_post_reap(struct pen_post *post, struct pen_net *net, unsigned queue);

/* A tag came back from the port: false if it is none of ours. */
bool pen_post_reaped(struct pen_post *post, uint64_t tag);

#endif
