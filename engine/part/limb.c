#include "part/limb.h"

#include <errno.h>

/* A limb in the queue; its path and its node are offsets, because both buffers move. */
struct queued {
	struct pen_limb limb;
	size_t path_at;
	uint32_t waiting;
	struct pen_held held;
};

void pen_limb_queue_fini(struct pen_limb_queue *queue)
{
	if (!queue)
		return;
	pen_buf_fini(&queue->waiting);
	pen_buf_fini(&queue->paths);
	pen_buf_fini(&queue->nodes);
}

void pen_limb_queue_reset(struct pen_limb_queue *queue)
{
	queue->waiting.len = queue->paths.len = queue->nodes.len = 0;
}

int pen_limb_queue_hold(struct pen_limb_queue *queue, struct pen_bytes node, struct pen_held *held)
{
	*held = (struct pen_held){queue->nodes.len, node.len};
	return pen_buf_append(&queue->nodes, node.at, node.len);
}

int pen_limb_queue_push(struct pen_limb_queue *queue, const struct pen_limb_new *limb)
{
	struct queued queued = {limb->limb, queue->paths.len, limb->waiting, limb->held};
	uint32_t len = limb->limb.path_len;
	if (pen_buf_grow(&queue->paths, len + 1))
		return -ENOMEM;
	uint8_t *path = queue->paths.at + queue->paths.len;
	for (uint32_t i = 0; i < len; i++)
		path[i] = i % 2 ? limb->key[i / 2] & 15 : limb->key[i / 2] >> 4;
	if (limb->last >= 0)
		path[len - 1] = (uint8_t)limb->last;
	queue->paths.len += len;
	return pen_buf_append(&queue->waiting, &queued, sizeof queued);
}

int pen_limb_queue_give(
	struct pen_limb_queue *queue, const struct pen_batch *batch, pen_limb_fn fn, void *context)
{
	const struct queued *queued = (const struct queued *)(void *)queue->waiting.at;
	size_t count = queue->waiting.len / sizeof *queued;
	int err = 0;
	for (size_t i = 0; i < count && fn && !err; i++) {
		struct pen_limb limb = queued[i].limb;
		limb.path = queue->paths.at + queued[i].path_at;
		if (queued[i].held.len)
			limb.node = (struct pen_bytes){
				queue->nodes.at + queued[i].held.at, queued[i].held.len};
		if (queued[i].waiting != PEN_BATCH_NONE) {
			limb.hash = *pen_batch_hash(batch, queued[i].waiting);
			limb.node = pen_batch_bytes(batch, queued[i].waiting);
		}
		err = fn(context, &limb);
	}
	queue->waiting.len = queue->paths.len = 0;
	return err;
}
