/* Bodies of CATALOG. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_catalog *got = pen_wire_catalog_decode(body);
	if (!got)
		return 0;
	struct pen_wire_catalog made = made_catalog(got);
	MADE_CHECK(made, body);
	return 0;
}
