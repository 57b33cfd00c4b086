/* Bodies of LISTED: a state without a chain has no label at all. */
#include "made.h"
#include "wire/encode.h"

static uint8_t again[PEN_WIRE_BODY_BYTES_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_listed *got = pen_wire_listed_decode(body);
	struct pen_wire_state states[PEN_WIRE_STATES_MAX];
	if (!got)
		return 0;
	PEN_CHECK(got->count <= PEN_WIRE_STATES_MAX);
	PEN_CHECK(got->next > got->from || got->next == PEN_WIRE_LIST_END);
	for (unsigned i = 0; i < got->count; i++) {
		const struct pen_wire_state *state = &got->states[i];
		PEN_CHECK(state->held >= 1 && state->held <= state->n);
		PEN_CHECK(state->n <= PEN_WIRE_PARTS_MAX);
		states[i] = (struct pen_wire_state){.memory_usage = state->memory_usage,
			.n = state->n,
			.held = state->held,
			.form = state->form,
			.chain_bytes = state->chain_bytes};
		MADE_COPY(states[i], state, root);
		made_chain(states[i].chain, state->chain, state->chain_bytes);
		if (!state->chain_bytes)
			continue;
		MADE_COPY(states[i], state, epoch_id);
		states[i].epoch_height = state->epoch_height;
		states[i].shard = state->shard;
	}
	struct pen_wire_listed made = {.from = got->from,
		.next = got->next,
		.generation = got->generation,
		.count = got->count};
	made_same((struct pen_bytes){again, pen_wire_listed_encode(&made, states, again)}, body);
	return 0;
}
