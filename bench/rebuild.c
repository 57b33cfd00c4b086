#include "bench/rebuild.h"

#include <errno.h>

#include "base/check.h"
#include "bench/pairs.h"

/* nearcore's FlatStateValue::INLINE_DISK_VALUE_THRESHOLD. */
#define INLINE_BYTES_MAX 4000u

/* A pair whose value flat state names by hash. */
struct ref {
	size_t pair;
	struct pen_hash hash;
};

static int note_ref(struct bench_rebuild *rebuild, size_t pair)
{
	struct ref ref = {.pair = pair};
	pen_sha256(rebuild->flat->list[pair].value, &ref.hash);
	return pen_buf_append(&rebuild->refs, &ref, sizeof ref);
}

int bench_rebuild_open(
	struct bench_rebuild *rebuild, const struct bench_pairs *flat, struct pen_entries *state)
{
	int err = 0;
	*rebuild = (struct bench_rebuild){.flat = flat, .state = state};
	for (size_t i = 0; i < flat->count && !err; i++) {
		if (flat->list[i].value.len > INLINE_BYTES_MAX)
			err = note_ref(rebuild, i);
	}
	return err;
}

void bench_rebuild_close(struct bench_rebuild *rebuild)
{
	pen_buf_fini(&rebuild->refs);
	pen_entries_fini(&rebuild->recorded);
	pen_entries_fini(&rebuild->united);
	pen_buf_fini(&rebuild->values);
	pen_buf_fini(&rebuild->hashes);
	bench_local_fini(&rebuild->local);
	pen_collect_fini(&rebuild->collect);
	*rebuild = (struct bench_rebuild){0};
}

/* Step a: what a search of a bound reads is recorded. */
static int fetch_recorded(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct bench_rebuild *rebuild = context;
	out->index = pen_entries_find(rebuild->state, hash);
	if (out->index == PEN_ENTRY_NONE)
		return PEN_EMISSING;
	const struct pen_entry *entry = pen_entries_at(rebuild->state, out->index);
	out->bytes = (struct pen_bytes){entry->at, entry->len};
	int err = pen_entries_add(&rebuild->recorded, hash, out->bytes);
	return err < 0 ? err : 0;
}

static int find_bounds(
	struct bench_rebuild *rebuild, const struct pen_part_id *id, struct pen_why *why)
{
	struct pen_reader reader = {fetch_recorded, rebuild};
	pen_entries_reset(&rebuild->recorded);
	int err = pen_trie_bound(&reader, &id->root, id->k, id->n, &rebuild->begin, why);
	if (err)
		return err;
	return pen_trie_bound(&reader, &id->root, id->k + 1, id->n, &rebuild->end, why);
}

/* Step b: the first pair that is not below the bound. */
static size_t seek(const struct bench_pairs *flat, const struct pen_bound *bound)
{
	uint8_t key[PEN_KEY_BYTES_MAX];
	size_t low = 0, high = flat->count;
	if (bound->none)
		return flat->count;
	int len = pen_path_key(&bound->path, key);
	PEN_CHECK(len >= 0);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pen_bytes_compare(
			    flat->list[middle].key, (struct pen_bytes){key, (size_t)len}) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct ref *seek_ref(const struct bench_rebuild *rebuild, size_t pair)
{
	const struct ref *refs = (const struct ref *)(void *)rebuild->refs.at;
	size_t low = 0, high = rebuild->refs.len / sizeof *refs;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (refs[middle].pair < pair)
			low = middle + 1;
		else
			high = middle;
	}
	return refs + low;
}

/* Steps b and c: the values of pairs [from, to), long ones out of the state. */
static int gather_values(struct bench_rebuild *rebuild, size_t from, size_t to)
{
	const struct ref *ref = seek_ref(rebuild, from);
	rebuild->values.len = 0;
	int err = pen_buf_reserve(&rebuild->values, (to - from) * sizeof(struct pen_bytes));
	if (err)
		return err;
	struct pen_bytes *values = (struct pen_bytes *)(void *)rebuild->values.at;
	for (size_t i = from; i < to; i++) {
		values[i - from] = rebuild->flat->list[i].value;
		if (values[i - from].len <= INLINE_BYTES_MAX)
			continue;
		uint32_t at = pen_entries_find(rebuild->state, &ref++->hash);
		if (at == PEN_ENTRY_NONE)
			return PEN_EMISSING;
		values[i - from].at = pen_entries_at(rebuild->state, at)->at;
	}
	return 0;
}

static int unite(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct bench_rebuild *rebuild = context;
	int err = pen_entries_add(&rebuild->united, hash, bytes);
	return err < 0 ? err : 0;
}

/* Step d: insert the pairs; their values belong to the set. */
static int insert_all(struct bench_rebuild *rebuild, size_t from, size_t count)
{
	const struct pen_bytes *values = (const struct pen_bytes *)(void *)rebuild->values.at;
	/* The hashes, and behind them what the trie's nodes point at. */
	size_t bytes = count * (sizeof(struct pen_hash) + sizeof(struct bench_local_value));
	int err = pen_buf_reserve(&rebuild->hashes, bytes);
	if (err)
		return err;
	struct pen_hash *hashes = (struct pen_hash *)rebuild->hashes.at;
	struct bench_local_value *refs = (struct bench_local_value *)(void *)(hashes + count);
	pen_sha256_many(values, count, hashes);
	for (size_t i = 0; i < count && !err; i++) {
		refs[i] = (struct bench_local_value){(uint32_t)values[i].len, hashes[i]};
		err = bench_local_insert(
			&rebuild->local, rebuild->flat->list[from + i].key, &refs[i]);
		if (!err)
			err = unite(rebuild, &hashes[i], values[i]);
	}
	return err;
}

/* Step e: the fresh trie's nodes, and what was recorded. */
static int unite_all(struct bench_rebuild *rebuild)
{
	int err = bench_local_nodes(&rebuild->local, unite, rebuild);
	for (uint32_t i = 0; i < rebuild->recorded.count && !err; i++) {
		const struct pen_entry *entry = pen_entries_at(&rebuild->recorded, i);
		err = unite(rebuild, pen_entries_hash(&rebuild->recorded, i),
			(struct pen_bytes){entry->at, entry->len});
	}
	return err;
}

int bench_rebuild_part(struct bench_rebuild *rebuild, const struct pen_part_id *id,
	struct pen_buf *out, struct pen_why *why)
{
	int err = find_bounds(rebuild, id, why);
	if (err)
		return err;
	size_t from = seek(rebuild->flat, &rebuild->begin);
	size_t to = seek(rebuild->flat, &rebuild->end);
	bench_local_reset(&rebuild->local);
	pen_entries_reset(&rebuild->united);
	err = gather_values(rebuild, from, to);
	if (!err)
		err = insert_all(rebuild, from, to - from);
	if (!err)
		err = unite_all(rebuild);
	if (err)
		return pen_fail(why, err, "%s", pen_err_text(err));
	/* Step f. */
	return pen_collect_part(&rebuild->collect, &rebuild->united, id, out, why);
}
