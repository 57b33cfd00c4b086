#include "serve/outbox.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

/* What the lower bits of a tag are. */
#define TAG_CELL (UINT64_C(1) << 32)
#define TAG_INDEX UINT64_C(0xffffffff)
/* Tags that are taken back in one call. */
#define REAP_BURST 256u

int pen_outbox_open(struct pen_outbox *outbox, const struct pen_outbox_config *config)
{
	*outbox = (struct pen_outbox){.net = config->net,
		.queue = config->queue,
		.owner = (uint64_t)config->owner << PEN_OUTBOX_OWNER_SHIFT,
		.cache = config->cache};
	outbox->flying = calloc(config->cache->count, sizeof *outbox->flying);
	outbox->frames = calloc(PEN_OUTBOX_FRAMES, sizeof *outbox->frames);
	outbox->paths = calloc(PEN_OUTBOX_FRAMES, sizeof *outbox->paths);
	int err = outbox->flying && outbox->frames && outbox->paths ? 0 : -ENOMEM;
	if (!err)
		err = pen_cells_init(&outbox->cells, config->pool, PEN_OUTBOX_CELL_BYTES);
	if (err)
		pen_outbox_close(outbox);
	return err;
}

void pen_outbox_close(struct pen_outbox *outbox)
{
	if (!outbox)
		return;
	for (uint32_t i = 0; outbox->flying && i < outbox->cache->count; i++)
		for (; outbox->flying[i]; outbox->flying[i]--)
			pen_cache_put(outbox->cache, i);
	pen_cells_fini(&outbox->cells);
	free(outbox->flying);
	free(outbox->frames);
	free(outbox->paths);
	*outbox = (struct pen_outbox){.net = NULL};
}

uint32_t pen_outbox_room(const struct pen_outbox *outbox)
{
	return PEN_OUTBOX_FRAMES - outbox->count;
}

/* The place behind the last frame, which counts as taken then. Frames lie in one piece: when the
 * end of the array is reached, what waits moves to its front. */
static struct pen_frame *push(struct pen_outbox *outbox, const struct pen_net_path *path)
{
	PEN_CHECK(outbox->count < PEN_OUTBOX_FRAMES);
	if (outbox->head + outbox->count == PEN_OUTBOX_FRAMES) {
		memmove(outbox->frames, outbox->frames + outbox->head,
			outbox->count * sizeof *outbox->frames);
		memmove(outbox->paths, outbox->paths + outbox->head,
			outbox->count * sizeof *outbox->paths);
		outbox->head = 0;
	}
	uint32_t at = outbox->head + outbox->count++;
	outbox->paths[at] = *path;
	outbox->packets++;
	return &outbox->frames[at];
}

bool pen_outbox_packet(struct pen_outbox *outbox, const struct pen_net_path *path,
	const struct pen_wire_packet *packet, size_t bytes)
{
	PEN_CHECK(bytes > 0);
	PEN_CHECK(bytes <= sizeof *packet);
	uint32_t cell = outbox->count < PEN_OUTBOX_FRAMES ? pen_cells_take(&outbox->cells)
							  : PEN_CELL_NONE;
	if (cell == PEN_CELL_NONE) {
		outbox->no_cell++;
		return false;
	}
	uint8_t *at = pen_cells_at(&outbox->cells, cell);
	memcpy(at, packet, bytes);
	*push(outbox, path) = (struct pen_frame){.payload = at,
		.payload_bytes = (uint16_t)bytes,
		.tag = outbox->owner | TAG_CELL | cell};
	return true;
}

void pen_outbox_data(struct pen_outbox *outbox, const struct pen_net_path *path,
	const struct pen_outbox_data *data)
{
	PEN_CHECK(data->bytes > 0);
	pen_cache_keep(outbox->cache, data->entry);
	outbox->flying[data->entry]++;
	outbox->data++;
	struct pen_frame *frame = push(outbox, path);
	frame->payload = data->payload;
	frame->tag = outbox->owner | data->entry;
	frame->payload_bytes = data->bytes;
	frame->header_bytes = sizeof data->head;
	frame->flags = data->flags;
	frame->ecn = 0;
	memcpy(frame->header, &data->head, sizeof data->head);
}

unsigned pen_outbox_flush(struct pen_outbox *outbox, int64_t now_ns)
{
	unsigned sent = 0;
	while (outbox->count) {
		uint32_t burst = outbox->count < PEN_NET_BURST_MAX ? outbox->count
								   : PEN_NET_BURST_MAX;
		struct pen_frame *frames = outbox->frames + outbox->head;
		/* Only now: frames may have moved since they were put in. */
		for (uint32_t i = 0; i < burst; i++)
			frames[i].path = &outbox->paths[outbox->head + i];
		unsigned taken = outbox->net->ops->tx_burst(
			outbox->net, outbox->queue, now_ns, frames, burst);
		PEN_CHECK(taken <= burst);
		outbox->head += taken;
		outbox->count -= taken;
		sent += taken;
		if (taken < burst)
			break;
	}
	if (outbox->count == 0)
		outbox->head = 0;
	return sent;
}

bool pen_outbox_owns(const struct pen_outbox *outbox, uint64_t tag)
{
	return tag >> PEN_OUTBOX_OWNER_SHIFT == outbox->owner >> PEN_OUTBOX_OWNER_SHIFT;
}

void pen_outbox_done(struct pen_outbox *outbox, uint64_t tag)
{
	uint32_t index = (uint32_t)(tag & TAG_INDEX);
	PEN_CHECK(pen_outbox_owns(outbox, tag));
	if (tag & TAG_CELL) {
		pen_cells_put(&outbox->cells, index);
		return;
	}
	PEN_CHECK(index < outbox->cache->count);
	PEN_CHECK(outbox->flying[index] > 0);
	outbox->flying[index]--;
	pen_cache_put(outbox->cache, index);
}

unsigned pen_outbox_reap(struct pen_outbox *outbox)
{
	uint64_t tags[REAP_BURST];
	unsigned total = 0, count;
	do {
		count = outbox->net->ops->tx_reap(outbox->net, outbox->queue, tags, REAP_BURST);
		for (unsigned i = 0; i < count; i++)
			pen_outbox_done(outbox, tags[i]);
		total += count;
	} while (count == REAP_BURST);
	return total;
}
