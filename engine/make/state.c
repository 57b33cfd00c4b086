#include "make/state.h"

/* A stream being read: into `state`, or only to be summed up. */
struct reading {
	struct pen_state *state; /* NULL: only the sum */
	const struct pen_tick *tick; /* or NULL */
	struct pen_build build;
	struct pen_trie_sum sum; /* when it is done */
};

/* Values that repeat are copied once: contracts that many accounts share make up half a state. */
static int add_entry(struct pen_state *state, const struct pen_hash *hash, struct pen_bytes bytes)
{
	if (pen_entries_find(&state->entries, hash) != PEN_ENTRY_NONE)
		return 0;
	struct pen_bytes kept;
	int err = pen_chunks_copy(&state->chunks, bytes, &kept);
	if (!err)
		err = pen_entries_add(&state->entries, hash, kept);
	return err < 0 ? err : 0;
}

static int take_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	return add_entry(context, hash, bytes);
}

static int push(struct reading *reading, const struct pen_pair *pair)
{
	struct pen_hash hash;
	pen_sha256(pair->value, &hash);
	int err = reading->state ? add_entry(reading->state, &hash, pair->value) : 0;
	if (err)
		return err;
	return pen_build_push(&reading->build, pair->key, (uint32_t)pair->value.len, &hash);
}

static int tick_now(const struct pen_tick *tick, const struct pen_pairs *pairs)
{
	if (!tick || pairs->order.count % PEN_STATE_TICK_PAIRS)
		return 0;
	return tick->fn(
		tick->context, pairs->order.count, pairs->window.offset, pairs->window.file_bytes);
}

static int read_all(struct reading *reading, struct pen_pairs *pairs, struct pen_why *why)
{
	struct pen_pair pair;
	int got;
	while ((got = pen_pairs_next(pairs, &pair, why)) > 0) {
		int err = push(reading, &pair);
		if (err)
			return pen_fail(why, err, "%s: record %llu: %s", pairs->label,
				(unsigned long long)pairs->order.count, pen_err_text(err));
		err = tick_now(reading->tick, pairs);
		if (err)
			return pen_fail(why, err, "%s", pen_err_text(err));
	}
	return got;
}

static int run(struct reading *reading, struct pen_pairs *pairs, struct pen_why *why)
{
	pen_build_init(&reading->build, reading->state ? take_node : NULL, reading->state);
	int err = read_all(reading, pairs, why);
	if (!err) {
		err = pen_build_finish(&reading->build, &reading->sum);
		if (err)
			pen_fail(why, err, "%s: %s", pairs->label, pen_err_text(err));
	}
	pen_build_fini(&reading->build);
	return err;
}

void pen_state_fini(struct pen_state *state)
{
	if (!state)
		return;
	pen_entries_fini(&state->entries);
	pen_chunks_fini(&state->chunks);
	*state = (struct pen_state){0};
}

int pen_state_load(struct pen_state *state, struct pen_pairs *pairs, const struct pen_tick *tick,
	struct pen_why *why)
{
	struct reading reading = {.state = state, .tick = tick};
	int err = run(&reading, pairs, why);
	state->sum = reading.sum;
	return err;
}

int pen_state_sum(struct pen_pairs *pairs, const struct pen_tick *tick, struct pen_trie_sum *out,
	struct pen_why *why)
{
	struct reading reading = {.tick = tick};
	int err = run(&reading, pairs, why);
	*out = reading.sum;
	return err;
}
