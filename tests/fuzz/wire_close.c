/* Bodies of CLOSE and CLOSED. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_close *got = pen_wire_close_decode(body);
	if (!got)
		return 0;
	struct pen_wire_close made = {.reason = got->reason};
	MADE_CHECK(made, body);
	return 0;
}
