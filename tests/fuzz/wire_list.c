/* Bodies of LIST: what no filter names is zero. */
#include "made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_list *got = pen_wire_list_decode(body);
	if (!got)
		return 0;
	struct pen_wire_list made = {.from = got->from, .filters = got->filters};
	if (got->filters & PEN_WIRE_BY_ROOT)
		MADE_COPY(made, got, root);
	if (got->filters & PEN_WIRE_BY_EPOCH)
		made.epoch_height = got->epoch_height;
	if (got->filters & PEN_WIRE_BY_SHARD)
		made.shard = got->shard;
	if (got->filters & PEN_WIRE_BY_FORM)
		made.form = got->form;
	if (got->filters & PEN_WIRE_BY_CHAIN) {
		PEN_CHECK(got->chain_bytes > 0);
		made.chain_bytes = got->chain_bytes;
		made_chain(made.chain, got->chain, got->chain_bytes);
	}
	MADE_CHECK(made, body);
	PEN_CHECK(got->filters < PEN_WIRE_BY_FORM << 1);
	return 0;
}
