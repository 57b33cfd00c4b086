#include "fakes/net.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void fake_close(struct pen_net *net)
{
	(void)net;
}

static unsigned fake_rx(
	struct pen_net *net, unsigned queue, int64_t now_ns, struct pen_slice *out, unsigned max)
{
	struct fake_net *fake = (struct fake_net *)net;
	unsigned count = 0;
	(void)queue, (void)now_ns;
	while (count < max && fake->coming_at < fake->coming_count) {
		const struct fake_packet *packet = &fake->coming[fake->coming_at++];
		out[count++] = (struct pen_slice){.head = packet->at,
			.tail = packet->at + PEN_SLICE_HEAD_BYTES,
			.bytes = (uint16_t)packet->bytes,
			.flags = PEN_SLICE_SUM_GOOD,
			.path = packet->path};
	}
	if (fake->coming_at == fake->coming_count)
		fake->coming_at = fake->coming_count = 0;
	return count;
}

static void fake_put(
	struct pen_net *net, unsigned queue, const struct pen_slice *slices, unsigned count)
{
	(void)net, (void)queue, (void)slices, (void)count;
}

static unsigned fake_tx(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count)
{
	struct fake_net *fake = (struct fake_net *)net;
	unsigned taken = 0;
	(void)queue, (void)now_ns;
	PEN_CHECK(count <= PEN_NET_BURST_MAX);
	for (; taken < count && fake->allowed && fake->sent_count < FAKE_NET_SENT; taken++) {
		const struct pen_frame *frame = &frames[taken];
		struct fake_packet *packet = &fake->sent[fake->sent_count++];
		packet->path = *frame->path;
		packet->tag = frame->tag;
		packet->flags = frame->flags;
		packet->bytes = pen_frame_bytes(frame);
		PEN_CHECK(packet->bytes <= FAKE_NET_BYTES);
		memcpy(packet->at, frame->header, frame->header_bytes);
		memcpy(packet->at + frame->header_bytes, frame->payload, frame->payload_bytes);
		fake->unreaped[fake->unreaped_count++] = frame->tag;
		if (fake->allowed != UINT_MAX)
			fake->allowed--;
	}
	fake->bursts += taken > 0;
	return taken;
}

static unsigned fake_reap(struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max)
{
	struct fake_net *fake = (struct fake_net *)net;
	unsigned count = 0;
	(void)queue;
	/* The last one first: any order is allowed. */
	while (count < max && fake->unreaped_count && !fake->keep)
		tags[count++] = fake->unreaped[--fake->unreaped_count];
	return count;
}

static const struct pen_net_ops fake_ops = {.close = fake_close,
	.rx_burst = fake_rx,
	.rx_put = fake_put,
	.tx_burst = fake_tx,
	.tx_reap = fake_reap};

void fake_net_init(struct fake_net *net)
{
	*net = (struct fake_net){
		.net = {.ops = &fake_ops,
			.label = "fake",
			.queues = 1,
			.epoch = 1,
			.link = true,
			.local_port = 7070,
			.caps = {.payload_bytes = FAKE_NET_BYTES, .run_frames = 64}},
		.allowed = UINT_MAX};
	net->sent = calloc(FAKE_NET_SENT, sizeof *net->sent);
	net->coming = calloc(FAKE_NET_COMING, sizeof *net->coming);
	net->unreaped = calloc(FAKE_NET_SENT * 16, sizeof *net->unreaped);
	PEN_CHECK(net->sent && net->coming && net->unreaped);
}

void fake_net_fini(struct fake_net *net)
{
	free(net->sent);
	free(net->coming);
	free(net->unreaped);
	*net = (struct fake_net){.allowed = 0};
}

void fake_net_come(
	struct fake_net *net, const struct pen_net_path *path, const void *at, size_t bytes)
{
	PEN_CHECK(net->coming_count < FAKE_NET_COMING);
	PEN_CHECK(bytes <= FAKE_NET_BYTES);
	struct fake_packet *packet = &net->coming[net->coming_count++];
	packet->path = *path;
	packet->bytes = (uint32_t)bytes;
	memcpy(packet->at, at, bytes);
}

void fake_net_clear(struct fake_net *net)
{
	net->sent_count = 0;
}
