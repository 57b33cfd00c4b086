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
		if (outbox->flying[i])
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

static_assert((PEN_OUTBOX_FRAMES & (PEN_OUTBOX_FRAMES - 1)) == 0, "a ring");

static struct pen_frame *nth(const struct pen_outbox *outbox, uint32_t place)
{
	return &outbox->frames[place % PEN_OUTBOX_FRAMES];
}

/* Room for `count` frames behind the last one, which count as put in then. Where their path lies,
 * at the place that is free last; the first one's place goes to *first. */
static const struct pen_net_path *push(
	struct pen_outbox *outbox, const struct pen_net_path *path, uint32_t count, uint32_t *first)
{
	PEN_CHECK(count <= PEN_OUTBOX_FRAMES - outbox->count);
	*first = outbox->head + outbox->count;
	outbox->count += count;
	outbox->packets += count;
	struct pen_net_path *kept = &outbox->paths[(*first + count - 1) % PEN_OUTBOX_FRAMES];
	*kept = *path;
	return kept;
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
	uint32_t first;
	const struct pen_net_path *kept = push(outbox, path, 1, &first);
	struct pen_frame *frame = nth(outbox, first);
	frame->path = kept;
	frame->payload = at;
	frame->tag = outbox->owner | TAG_CELL | cell;
	frame->payload_bytes = (uint16_t)bytes;
	frame->header_bytes = 0;
	frame->flags = 0;
	return true;
}

/* The frames of a run, whose path is kept. What all have in common is read once: their headers are
 * bytes, which might be anything. */
static void write_frames(struct pen_outbox *outbox, const struct pen_outbox_run *run,
	const struct pen_net_path *path, uint32_t first)
{
	const uint8_t *piece = run->piece, flags = run->flags;
	const uint32_t count = run->count, bytes = run->piece_bytes, each = run->payload_bytes;
	const uint64_t tag = outbox->owner | run->entry;
	const struct pen_wire_data *head = run->heads;
	for (uint32_t i = 0; i < count; i++, head++) {
		struct pen_frame *frame = nth(outbox, first + i);
		uint32_t at = head->index * each, rest = bytes - at;
		PEN_CHECK(at < bytes);
		frame->path = path;
		frame->payload = piece + at;
		frame->tag = tag;
		frame->payload_bytes = (uint16_t)(rest < each ? rest : each);
		frame->header_bytes = sizeof *head;
		frame->flags = flags;
		memcpy(frame->header, head, sizeof *head);
	}
}

void pen_outbox_data(struct pen_outbox *outbox, const struct pen_outbox_run *run)
{
	uint32_t first;
	PEN_CHECK(run->count > 0);
	PEN_CHECK(run->entry < outbox->cache->count);
	const struct pen_net_path *path = push(outbox, run->path, run->count, &first);
	if (outbox->flying[run->entry] == 0)
		pen_cache_keep(outbox->cache, run->entry);
	outbox->flying[run->entry] += run->count;
	outbox->data += run->count;
	write_frames(outbox, run, path, first);
}

/* How many frames to offer at once: no more than a burst, from a ring whose end they do not pass,
 * and no part of a run if that can be. */
static uint32_t burst_of(const struct pen_outbox *outbox, uint32_t head)
{
	uint32_t burst = PEN_OUTBOX_FRAMES - head;
	burst = burst < outbox->count ? burst : outbox->count;
	if (burst <= PEN_NET_BURST_MAX)
		return burst;
	const struct pen_frame *frames = outbox->frames + head;
	for (burst = PEN_NET_BURST_MAX; burst > 1; burst--)
		if (frames[burst - 1].path != frames[burst].path)
			return burst;
	return PEN_NET_BURST_MAX;
}

unsigned pen_outbox_flush(struct pen_outbox *outbox, int64_t now_ns)
{
	unsigned sent = 0;
	while (outbox->count) {
		uint32_t head = outbox->head % PEN_OUTBOX_FRAMES;
		uint32_t burst = burst_of(outbox, head);
		unsigned taken = outbox->net->ops->tx_burst(
			outbox->net, outbox->queue, now_ns, outbox->frames + head, burst);
		PEN_CHECK(taken <= burst);
		outbox->head += taken;
		outbox->count -= taken;
		outbox->taken += taken;
		outbox->left += taken;
		sent += taken;
		if (taken < burst)
			break;
	}
	/* From the front again: no burst ends at the ring's end. */
	if (outbox->count == 0)
		outbox->head = 0;
	return sent;
}

bool pen_outbox_owns(const struct pen_outbox *outbox, uint64_t tag)
{
	return tag >> PEN_OUTBOX_OWNER_SHIFT == outbox->owner >> PEN_OUTBOX_OWNER_SHIFT;
}

/* The device is done with `count` frames of one tag. */
static void done(struct pen_outbox *outbox, uint64_t tag, unsigned count)
{
	uint32_t index = (uint32_t)(tag & TAG_INDEX);
	PEN_CHECK(pen_outbox_owns(outbox, tag));
	PEN_CHECK(outbox->taken >= count);
	outbox->taken -= count;
	if (tag & TAG_CELL) {
		PEN_CHECK(count == 1);
		pen_cells_put(&outbox->cells, index);
		return;
	}
	PEN_CHECK(index < outbox->cache->count);
	PEN_CHECK(outbox->flying[index] >= count);
	outbox->flying[index] -= count;
	if (outbox->flying[index] == 0)
		pen_cache_put(outbox->cache, index);
}

void pen_outbox_done(struct pen_outbox *outbox, uint64_t tag)
{
	done(outbox, tag, 1);
}

/* How many tags are the same as the first: those of a run come back side by side. */
static unsigned alike(const uint64_t *tags, unsigned count)
{
	unsigned same = 1;
	while (same < count && tags[same] == tags[0])
		same++;
	return same;
}

unsigned pen_outbox_reap(struct pen_outbox *outbox)
{
	uint64_t tags[REAP_BURST];
	unsigned total = 0, count;
	while (outbox->taken) {
		count = outbox->net->ops->tx_reap(outbox->net, outbox->queue, tags, REAP_BURST);
		for (unsigned i = 0, same; i < count; i += same) {
			same = alike(tags + i, count - i);
			done(outbox, tags[i], same);
		}
		total += count;
		if (count < REAP_BURST)
			break;
	}
	return total;
}
