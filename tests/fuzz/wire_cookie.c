/* Bodies of COOKIE, which is never that of a HELLO without one. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_cookie *got = pen_wire_cookie_decode(body);
	if (!got)
		return 0;
	struct pen_wire_cookie made = {.when_s = got->when_s};
	MADE_COPY(made, got, mac);
	MADE_CHECK(made, body);
	PEN_CHECK(!pen_wire_cookie_absent(got));
	return 0;
}
