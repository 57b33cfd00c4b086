/* Bodies of HAVE. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	made_window(pen_wire_have_decode(body), body);
	return 0;
}
