#include "drivers/sim/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* XXH3_state_t on the stack */
#include <xxhash.h>

#include "base/check.h"
#include "drivers/sim/weather.h"

struct pen_batch {
	uint32_t k;
	unsigned life; /* of the sink when it was opened */
	bool bad; /* a put failed: only to be aborted */
	struct pen_sim_digest digest;
	struct pen_sim_rows rows; /* of a sink that keeps them */
};

static struct pen_sim_sink *self(struct pen_sink *sink)
{
	return (struct pen_sim_sink *)sink;
}

static bool is_applied(const struct pen_sim_sink *sink, uint32_t k)
{
	return sink->applied[k >> 3] >> (k & 7) & 1;
}

void pen_sim_digest_add(struct pen_sim_digest *digest, const struct pen_row *row)
{
	const uint64_t front[] = {
		row->column, (uint64_t)row->refs, row->key.len, row->head.len + row->value.len};
	XXH3_state_t state;
	XXH3_128bits_reset(&state);
	XXH3_128bits_update(&state, front, sizeof front);
	XXH3_128bits_update(&state, row->key.at, row->key.len);
	if (row->head.len)
		XXH3_128bits_update(&state, row->head.at, row->head.len);
	if (row->value.len)
		XXH3_128bits_update(&state, row->value.at, row->value.len);
	XXH128_hash_t hash = XXH3_128bits_digest(&state);
	digest->low += hash.low64;
	digest->high += hash.high64;
	digest->rows++;
}

static bool same_shard(const struct pen_sim_sink *sink, const struct pen_sink_state *want)
{
	return sink->shard.parts == want->parts && pen_hash_equal(&sink->shard.root, &want->root);
}

static int begin(struct pen_sink *base, const struct pen_sink_state *want,
	struct pen_sink_state *have, uint8_t *applied, struct pen_why *why)
{
	struct pen_sim_sink *sink = self(base);
	PEN_CHECK(want->parts <= PEN_SIM_PARTS_MAX);
	if (sink->broken)
		return pen_fail(why, -EIO, "sim: the sink is broken");
	if (want->parts && !same_shard(sink, want)) {
		if (sink->commits || sink->shard.done)
			return pen_fail(why, PEN_EREFUSED, "sim: the sink holds another state");
		sink->shard = *want;
		sink->shard.done = false;
	}
	sink->shard.applied = (uint32_t)sink->commits;
	*have = sink->shard;
	if (applied)
		memcpy(applied, sink->applied, (want->parts + 7) / 8);
	return 0;
}

/* Under the lock: whether part k's turn to fail is now, by name or by chance. */
static bool fails(struct pen_sim_sink *sink, uint32_t k, uint32_t of, uint32_t chance)
{
	bool now = of == k + 1 || pen_sim_chance(chance, &sink->rng);
	sink->failed += now;
	return now;
}

static int open_batch(struct pen_sink *base, const struct pen_sink_state *shard, uint32_t k,
	struct pen_batch **batch, struct pen_why *why)
{
	struct pen_sim_sink *sink = self(base);
	if (k >= shard->parts || !same_shard(sink, shard))
		pen_sim_breach(sink->clock, "sink: part %u of a state that was not begun", k);
	struct pen_batch *fresh = calloc(1, sizeof *fresh);
	if (!fresh)
		return -ENOMEM;
	pthread_mutex_lock(&sink->lock);
	*fresh = (struct pen_batch){.k = k, .life = sink->life};
	bool broken = sink->broken;
	bool full = !broken && fails(sink, k, sink->faults.open_of, sink->faults.bad_open);
	sink->batches += !broken && !full;
	pthread_mutex_unlock(&sink->lock);
	if (broken || full) {
		free(fresh);
		return broken ? pen_fail(why, -EIO, "sim: the sink is broken")
			      : pen_fail(why, -ENOSPC, "sim: no space for a batch");
	}
	*batch = fresh;
	return 0;
}

static int put(struct pen_sink *base, struct pen_batch *batch, const struct pen_row *rows,
	unsigned count, struct pen_why *why)
{
	struct pen_sim_sink *sink = self(base);
	if (batch->bad)
		pen_sim_breach(sink->clock, "sink: put into a batch that failed");
	pthread_mutex_lock(&sink->lock);
	batch->bad = fails(sink, batch->k,
		batch->life != sink->life ? batch->k + 1 : sink->faults.put_of,
		sink->faults.bad_put);
	pthread_mutex_unlock(&sink->lock);
	if (batch->bad)
		return pen_fail(why, -ENOSPC, "sim: no space for rows");
	for (unsigned i = 0; i < count; i++) {
		bool state = rows[i].column == PEN_COLUMN_STATE;
		if (state && (rows[i].refs <= 0 || rows[i].head.len))
			pen_sim_breach(sink->clock, "sink: a State row with %lld uses and a head",
				(long long)rows[i].refs);
		if (sink->right && !sink->right(sink->right_context, batch->k, &rows[i]))
			pen_sim_breach(sink->clock, "sink: a row of part %u is wrong", batch->k);
		pen_sim_digest_add(&batch->digest, &rows[i]);
		if (sink->keeps)
			pen_sim_rows_put(&batch->rows, &rows[i]);
	}
	return 0;
}

static void keep(struct pen_sim_sink *sink, const struct pen_batch *batch)
{
	uint32_t k = batch->k;
	if (is_applied(sink, k))
		pen_sim_breach(sink->clock, "sink: part %u was committed before", k);
	if (sink->expected && memcmp(&sink->expected[k], &batch->digest, sizeof batch->digest))
		pen_sim_breach(sink->clock, "sink: part %u is not what it should be", k);
	sink->applied[k >> 3] |= (uint8_t)(1u << (k & 7));
	sink->parts[k] = batch->digest;
	pen_sim_rows_add(&sink->rows, &batch->rows);
	sink->commits++;
	pen_sim_trace(sink->clock, PEN_SIM_STORED, k ^ batch->digest.low);
}

static int commit(struct pen_sim_sink *sink, const struct pen_batch *batch, struct pen_why *why)
{
	if (batch->bad)
		pen_sim_breach(sink->clock, "sink: commit of a batch that failed");
	if (sink->broken || batch->life != sink->life)
		return pen_fail(why, -EIO, "sim: the sink is broken");
	if (sink->faults.commit_of == batch->k + 1 ||
		pen_sim_chance(sink->faults.bad_commit, &sink->rng))
		return pen_fail(why, -ENOSPC, "sim: no space to commit");
	bool torn = pen_sim_chance(sink->faults.torn_commit, &sink->rng);
	if (!torn || pen_rng_below(&sink->rng, 2))
		keep(sink, batch);
	sink->broken = torn;
	return torn ? pen_fail(why, -EIO, "sim: nobody knows what became of the commit") : 0;
}

static int close_batch(
	struct pen_sink *base, struct pen_batch *batch, bool wanted, struct pen_why *why)
{
	struct pen_sim_sink *sink = self(base);
	int err = 0;
	if (!batch)
		return 0;
	pthread_mutex_lock(&sink->lock);
	PEN_CHECK(sink->batches > 0);
	sink->batches--;
	if (wanted)
		err = commit(sink, batch, why);
	sink->failed += err < 0;
	sink->aborts += !wanted || err;
	pthread_mutex_unlock(&sink->lock);
	pen_sim_rows_fini(&batch->rows);
	free(batch);
	return err;
}

static int finish(struct pen_sink *base, const struct pen_sink_state *shard, struct pen_why *why)
{
	struct pen_sim_sink *sink = self(base);
	if (sink->batches)
		pen_sim_breach(sink->clock, "sink: finish with %u batches open", sink->batches);
	if (sink->broken)
		return pen_fail(why, -EIO, "sim: the sink is broken");
	if (shard->parts && !same_shard(sink, shard))
		return pen_fail(why, PEN_EREFUSED, "sim: the sink holds another state");
	if (sink->commits < shard->parts)
		return pen_fail(why, PEN_EREFUSED, "sim: %u of %u parts are there",
			(unsigned)sink->commits, shard->parts);
	sink->shard.done = true;
	sink->finishes++;
	return 0;
}

static int scan(struct pen_sink *base, enum pen_column column, const struct pen_sink_state *shard,
	struct pen_cursor *cursor, struct pen_scanned *rows, unsigned max, struct pen_why *why)
{
	struct pen_sim_sink *sink = self(base);
	(void)shard;
	if (!sink->keeps)
		return pen_fail(why, -ENOTSUP, "sim: only digests are kept");
	return pen_sim_rows_scan(&sink->rows, column, cursor, rows, max);
}

/* The sink lies in the test's own memory. */
static void shut(struct pen_sink *base)
{
	(void)base;
}

static const struct pen_sink_ops ops = {.begin = begin,
	.open = open_batch,
	.put = put,
	.close = close_batch,
	.finish = finish,
	.scan = scan,
	.shut = shut};

void pen_sim_sink_init(struct pen_sim_sink *sink, struct pen_sim_clock *clock, uint64_t stream,
	const struct pen_sim_sink_faults *faults)
{
	*sink = (struct pen_sim_sink){.sink = {.ops = &ops, .label = "sim"},
		.clock = clock,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.rng = pen_sim_clock_rng(clock, stream),
		.faults = *faults};
}

void pen_sim_sink_fini(struct pen_sim_sink *sink)
{
	PEN_CHECK(sink->batches == 0);
	pen_sim_rows_fini(&sink->rows);
}

void pen_sim_sink_tame(struct pen_sim_sink *sink, struct pen_sim_clock *clock,
	const struct pen_hash *root, uint32_t parts)
{
	static const struct pen_sim_sink_faults none;
	const struct pen_sink_state want = {
		.shard_version = 3, .shard_id = 7, .root = *root, .parts = parts};
	struct pen_sink_state have;
	PEN_CHECK(parts > 0);
	pen_sim_clock_init(clock, 1);
	pen_sim_sink_init(sink, clock, 1, &none);
	PEN_CHECK(!begin(&sink->sink, &want, &have, NULL, NULL));
	PEN_CHECK(have.applied == 0);
}

void pen_sim_sink_restart(struct pen_sim_sink *sink)
{
	sink->broken = false;
	sink->life++;
	pen_sim_trace(sink->clock, PEN_SIM_CHANGED, sink->life);
}
