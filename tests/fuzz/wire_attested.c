/* Bodies of ATTESTED: a digest of what is held, else none. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_attested *got = pen_wire_attested_decode(body);
	if (!got)
		return 0;
	struct pen_wire_attested made = {.object = got->object, .state = got->state};
	if (got->state == PEN_WIRE_ATTESTED_HELD) {
		PEN_CHECK(got->bytes >= 1 && got->bytes <= PEN_WIRE_PIECE_BYTES_MAX);
		made.bytes = got->bytes;
		MADE_COPY(made, got, digest);
	}
	MADE_CHECK(made, body);
	made_object(&got->object);
	PEN_CHECK(got->state >= 1 && got->state <= PEN_WIRE_ATTESTED_BUSY);
	return 0;
}
