/* Checksums of frames and slices against packets of the kernel's, and copies over the seam. */
#include "mem/frame.h"

#include <criterion/criterion.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/rng.h"

static struct pen_net_path path_make(bool six)
{
	struct pen_net_path path = {.local_port = 0x1234, .remote_port = 0xabcd};
	static const uint8_t four[2][4] = {{192, 0, 2, 1}, {198, 51, 100, 7}};
	for (unsigned i = 0; i < 16; i++) {
		path.local[i] = six ? (uint8_t)(0x20 + i) : i < 10 ? 0 : 0xff;
		path.remote[i] = six ? (uint8_t)(0xf0 - i) : i < 10 ? 0 : 0xff;
	}
	if (!six) {
		memcpy(path.local + 12, four[0], 4);
		memcpy(path.remote + 12, four[1], 4);
	}
	return path;
}

/* The whole pseudo header and packet laid out as RFC 768 and RFC 8200 draw them, and summed. */
static uint16_t by_the_book(
	const struct pen_net_path *path, bool six, const uint8_t *bytes, size_t len)
{
	static uint8_t packet[70000];
	size_t at = 0, address = six ? 16 : 4, udp = len + 8;
	memset(packet, 0, sizeof packet);
	memcpy(packet + at, path->local + 16 - address, address);
	memcpy(packet + at + address, path->remote + 16 - address, address);
	at += 2 * address;
	if (six) {
		packet[at + 2] = (uint8_t)(udp >> 8);
		packet[at + 3] = (uint8_t)udp;
		packet[at + 7] = 17;
		at += 8;
	} else {
		packet[at + 1] = 17;
		packet[at + 2] = (uint8_t)(udp >> 8);
		packet[at + 3] = (uint8_t)udp;
		at += 4;
	}
	uint8_t header[8] = {path->local_port >> 8, path->local_port & 0xff, path->remote_port >> 8,
		path->remote_port & 0xff, (uint8_t)(udp >> 8), (uint8_t)udp};
	memcpy(packet + at, header, 8);
	memcpy(packet + at + 8, bytes, len);
	at += 8 + len;
	uint32_t sum = 0;
	for (size_t i = 0; i < at; i += 2)
		sum += (uint32_t)packet[i] << 8 | packet[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	sum = sum ? sum : 0xffff;
	return (uint16_t)(sum << 8 | sum >> 8);
}

Test(mem_frame, sums_as_the_rfcs_do)
{
	static uint8_t bytes[9000];
	struct pen_rng rng = {3};
	pen_rng_bytes(&rng, bytes, sizeof bytes);
	for (unsigned i = 0; i < 4000; i++) {
		bool six = i & 1;
		struct pen_net_path path = path_make(six);
		struct pen_frame frame = {.path = &path};
		frame.header_bytes = (uint8_t)pen_rng_below(&rng, PEN_FRAME_HEADER_BYTES_MAX + 1);
		frame.payload_bytes = (uint16_t)pen_rng_below(&rng, i % 7 ? 99 : 8192);
		frame.payload = bytes + frame.header_bytes;
		memcpy(frame.header, bytes, frame.header_bytes);
		uint16_t sum = by_the_book(&path, six, bytes, pen_frame_bytes(&frame));
		cr_assert_eq(pen_frame_sum(&frame), sum, "%u", i);
	}
}

Test(mem_frame, uses_the_sum_that_is_known)
{
	struct pen_net_path path = path_make(true);
	uint8_t payload[100] = {1, 2, 3};
	struct pen_frame frame = {
		.path = &path, .payload = payload, .payload_bytes = 100, .header_bytes = 32};
	uint16_t sum = pen_frame_sum(&frame);
	frame.flags = PEN_FRAME_SUM;
	frame.sum = 0x0201 + 3;
	cr_assert_eq(pen_frame_sum(&frame), sum);
	frame.payload = NULL;
	cr_assert_eq(pen_frame_sum(&frame), sum, "the payload is not looked at");
}

Test(mem_frame, is_never_without_a_sum)
{
	/* All words add up to ffff: the inverted sum would say "none". */
	struct pen_net_path path = path_make(false);
	struct pen_frame frame = {.path = &path, .header_bytes = 2};
	uint16_t sum = pen_frame_sum(&frame);
	pen_put_le16(frame.header, sum);
	cr_assert_eq(pen_frame_sum(&frame), 0xffff);
}

/* A slice of what a frame says, in two pieces. */
static struct pen_slice slice_make(const struct pen_frame *frame, uint8_t *bytes)
{
	const struct pen_net_path *path = frame->path;
	struct pen_slice slice = {.head = bytes,
		.bytes = (uint16_t)pen_frame_bytes(frame),
		.sum = pen_frame_sum(frame),
		.path = {.local_port = path->remote_port, .remote_port = path->local_port}};
	memcpy(slice.path.local, path->remote, 16);
	memcpy(slice.path.remote, path->local, 16);
	memcpy(bytes, frame->header, frame->header_bytes);
	memcpy(bytes + frame->header_bytes, frame->payload, frame->payload_bytes);
	memmove(bytes + 4096, bytes + 32, 4000);
	slice.tail = bytes + 4096;
	return slice;
}

Test(mem_frame, sees_what_the_path_did_to_a_slice)
{
	static uint8_t bytes[8192], payload[2000];
	struct pen_rng rng = {4};
	pen_rng_bytes(&rng, payload, sizeof payload);
	for (unsigned i = 0; i < 2000; i++) {
		struct pen_net_path path = path_make(i & 1);
		struct pen_frame frame = {.path = &path,
			.payload = payload,
			.header_bytes = (uint8_t)pen_rng_below(&rng, 65),
			.payload_bytes = (uint16_t)(1 + pen_rng_below(&rng, 1500))};
		pen_rng_bytes(&rng, frame.header, frame.header_bytes);
		struct pen_slice slice = slice_make(&frame, bytes);
		cr_assert(pen_slice_sum_fits(&slice), "%u", i);
		uint32_t at = (uint32_t)pen_rng_below(&rng, slice.bytes);
		uint8_t *bad = at < 32 ? bytes + at : bytes + 4096 + at - 32;
		*bad ^= (uint8_t)(1u << pen_rng_below(&rng, 8));
		cr_assert(!pen_slice_sum_fits(&slice), "%u", i);
		slice.flags = i & 1 ? PEN_SLICE_SUM_GOOD : PEN_SLICE_SUM_ABSENT;
		cr_assert(pen_slice_sum_fits(&slice), "somebody else answers for it");
	}
}

Test(mem_frame, copies_over_the_seam)
{
	static uint8_t bytes[8192], payload[300], out[400];
	struct pen_net_path path = path_make(true);
	for (unsigned i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i + 20);
	struct pen_frame frame = {
		.path = &path, .payload = payload, .payload_bytes = 300, .header_bytes = 20};
	for (unsigned i = 0; i < 20; i++)
		frame.header[i] = (uint8_t)i;
	struct pen_slice slice = slice_make(&frame, bytes);
	for (uint32_t from = 0; from <= slice.bytes; from++) {
		uint32_t len = slice.bytes - from;
		memset(out, 0xee, sizeof out);
		pen_slice_copy(&slice, from, len, out);
		for (uint32_t i = 0; i < len; i++)
			cr_assert_eq(out[i], (uint8_t)(from + i));
		cr_assert_eq(out[len], 0xee);
		pen_slice_copy(&slice, from, len ? 1 : 0, out);
	}
}

Test(mem_frame, compares_paths_whole)
{
	struct pen_net_path a = path_make(true), b = a;
	cr_assert(pen_net_path_equal(&a, &b));
	for (size_t i = 0; i < sizeof a; i++) {
		((uint8_t *)&b)[i] ^= 1;
		cr_assert(!pen_net_path_equal(&a, &b), "%zu", i);
		((uint8_t *)&b)[i] ^= 1;
	}
}
