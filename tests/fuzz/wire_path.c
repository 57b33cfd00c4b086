/* Bodies of PATH_CHALLENGE and PATH_RESPONSE. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_path *got = pen_wire_path_decode(body);
	if (!got)
		return 0;
	struct pen_wire_path made;
	MADE_COPY(made, got, challenge);
	MADE_CHECK(made, body);
	return 0;
}
