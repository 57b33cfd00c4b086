/* The first 32 bytes of a packet: a header that says its length, or that of DATA, never both. */
#include "fuzz.h"
#include "wire/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes bytes = {data, len < PEN_WIRE_HEAD_BYTES ? len : PEN_WIRE_HEAD_BYTES};
	const struct pen_wire_head *head = pen_wire_head_decode(bytes, len);
	const struct pen_wire_data *packet = pen_wire_data_decode(bytes, len);
	PEN_CHECK(!head || !packet);
	if (head)
		PEN_CHECK(head->body_bytes + PEN_WIRE_HEAD_BYTES == len);
	if (packet)
		PEN_CHECK(len > PEN_WIRE_HEAD_BYTES);
	return 0;
}
