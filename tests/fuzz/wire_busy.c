/* Bodies of BUSY. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_busy *got = pen_wire_busy_decode(body);
	if (!got)
		return 0;
	struct pen_wire_busy made = {.reason = got->reason, .retry_ms = got->retry_ms};
	MADE_CHECK(made, body);
	return 0;
}
