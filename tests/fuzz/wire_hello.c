/* Bodies of HELLO: versions without a gap, no signature before a cookie. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_hello *got = pen_wire_hello_decode(body);
	if (!got)
		return 0;
	struct pen_wire_hello made = {.client = got->client,
		.flags = got->flags & PEN_WIRE_SUM_ABSENT_OK,
		.size = got->size,
		.cookie = {.when_s = got->cookie.when_s}};
	for (unsigned i = 0; i < PEN_WIRE_VERSIONS_MAX && got->versions[i]; i++)
		made.versions[i] = got->versions[i];
	MADE_COPY(made, got, ephemeral);
	MADE_COPY(made, got, key);
	MADE_COPY(made, got, cookie.mac);
	if (!pen_wire_cookie_absent(&got->cookie))
		MADE_COPY(made, got, signature);
	MADE_CHECK(made, body);
	PEN_CHECK(got->client && got->versions[0] && got->size < PEN_WIRE_SIZES);
	return 0;
}
