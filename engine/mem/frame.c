#include "mem/frame.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/inet.h"

#define UDP_PROTOCOL 17
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static uint16_t big(uint32_t value)
{
	return (uint16_t)(value >> 8 | value << 8);
}

bool pen_net_path_equal(const struct pen_net_path *a, const struct pen_net_path *b)
{
	return !memcmp(a, b, sizeof *a);
}

/* Addresses, protocol and length of the pseudo header, ports and length of UDP's own: everything
 * before the payload but the checksum field. The sum is the same for both directions. */
static uint16_t sum_front(const struct pen_net_path *path, uint32_t bytes)
{
	uint32_t udp_bytes = bytes + 8;
	uint16_t length = big(udp_bytes & UINT16_MAX), sum = big(UDP_PROTOCOL);
	/* Of a mapped address only the last four bytes are on the wire. */
	size_t skip = memcmp(path->local, mapped, sizeof mapped) ? 0 : sizeof mapped;
	sum = pen_inet_add(sum, pen_inet_sum(path->local + skip, sizeof path->local - skip));
	sum = pen_inet_add(sum, pen_inet_sum(path->remote + skip, sizeof path->remote - skip));
	sum = pen_inet_add(sum, big(path->local_port));
	sum = pen_inet_add(sum, big(path->remote_port));
	return pen_inet_add(pen_inet_add(sum, length), length);
}

uint16_t pen_frame_sum(const struct pen_frame *frame)
{
	PEN_CHECK(frame->header_bytes <= PEN_FRAME_HEADER_BYTES_MAX);
	PEN_CHECK(frame->header_bytes % 2 == 0 || !(frame->flags & PEN_FRAME_SUM));
	uint16_t sum = sum_front(frame->path, pen_frame_bytes(frame));
	sum = pen_inet_add(sum, pen_inet_sum(frame->header, frame->header_bytes));
	uint16_t payload = frame->sum;
	if (!(frame->flags & PEN_FRAME_SUM))
		payload = pen_inet_sum(frame->payload, frame->payload_bytes);
	if (frame->header_bytes % 2)
		payload = pen_inet_swap(payload);
	sum = (uint16_t)~pen_inet_add(sum, payload);
	return sum ? sum : UINT16_MAX;
}

bool pen_slice_sum_read(const struct pen_slice *slice)
{
	uint32_t head = slice->bytes < PEN_SLICE_HEAD_BYTES ? slice->bytes : PEN_SLICE_HEAD_BYTES;
	uint16_t sum = pen_inet_add(sum_front(&slice->path, slice->bytes), slice->sum);
	sum = pen_inet_add(sum, pen_inet_sum(slice->head, head));
	if (slice->bytes > head)
		sum = pen_inet_add(sum, pen_inet_sum(slice->tail, slice->bytes - head));
	return sum == UINT16_MAX;
}
