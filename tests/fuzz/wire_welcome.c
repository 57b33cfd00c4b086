/* Bodies of WELCOME. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_welcome *got = pen_wire_welcome_decode(body);
	if (!got)
		return 0;
	struct pen_wire_welcome made = {.session = got->session,
		.version = got->version,
		.flags = got->flags & PEN_WIRE_SUM_ABSENT_OK,
		.size = got->size,
		.slots = got->slots,
		.idle_s = got->idle_s};
	MADE_COPY(made, got, ephemeral);
	MADE_COPY(made, got, key);
	MADE_COPY(made, got, signature);
	MADE_COPY(made, got, reset);
	MADE_CHECK(made, body);
	PEN_CHECK(got->session && got->version && got->size < PEN_WIRE_SIZES);
	PEN_CHECK(got->slots >= 1 && got->slots <= PEN_WIRE_SLOTS_MAX);
	PEN_CHECK(got->idle_s >= 1 && got->idle_s <= PEN_WIRE_IDLE_S_MAX);
	return 0;
}
