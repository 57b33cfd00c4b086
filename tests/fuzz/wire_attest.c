/* Bodies of ATTEST. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_object *got = pen_wire_attest_decode(body);
	if (!got)
		return 0;
	struct pen_wire_object made = {.n = got->n,
		.form = got->form,
		.kind = got->kind,
		.block = got->block,
		.part = got->part,
		.piece = got->piece};
	MADE_COPY(made, got, root);
	MADE_CHECK(made, body);
	made_object(got);
	return 0;
}
