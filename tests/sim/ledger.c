#include "sim/ledger.h"

#include <errno.h>
#include <string.h>

#include "apply/audit.h"
#include "apply/job.h"
#include "base/check.h"
#include "mem/block.h"
#include "part/partial.h"
#include "sim/golden.h"

/* A part of a golden state is put in up to some fifty calls, which mostly all succeed. */
#define GOLDEN_PUT_PPM 5000

unsigned ledger_blocks(struct pen_bytes bytes)
{
	return (unsigned)((bytes.len + PEN_BLOCK_BYTES - 1) / PEN_BLOCK_BYTES);
}

struct pen_bytes ledger_block(struct pen_bytes bytes, unsigned block)
{
	size_t at = (size_t)block * PEN_BLOCK_BYTES, left = bytes.len - at;
	PEN_CHECK(at < bytes.len);
	return (struct pen_bytes){bytes.at + at, left < PEN_BLOCK_BYTES ? left : PEN_BLOCK_BYTES};
}

/* The row of a block: its number is the key, `number` the key's memory. */
static struct pen_row row_of(const uint32_t *number, struct pen_bytes block)
{
	return (struct pen_row){.column = PEN_COLUMN_FLAT,
		.key = {(const uint8_t *)number, sizeof *number},
		.value = block};
}

/* Whether a row that the sink is given is one of the object's. */
static bool row_right(const void *context, uint32_t k, const struct pen_row *row)
{
	const struct ledger *ledger = context;
	struct pen_bytes part = ledger->object->parts[k].bytes;
	uint32_t block;
	if (ledger->object->golden)
		return golden_has(ledger->object->golden, row);
	if (row->key.len != sizeof block)
		return false;
	memcpy(&block, row->key.at, sizeof block);
	return block < ledger_blocks(part) &&
		!pen_bytes_compare(row->value, ledger_block(part, block));
}

static void expect(struct ledger *ledger)
{
	for (unsigned k = 0; k < ledger->object->n; k++) {
		struct pen_bytes part = ledger->object->parts[k].bytes;
		for (uint32_t i = 0; i < ledger_blocks(part); i++) {
			struct pen_row row = row_of(&i, ledger_block(part, i));
			pen_sim_digest_add(&ledger->expected[k], &row);
		}
	}
	ledger->sink.expected = ledger->expected;
}

static struct pen_sink_state shard_of(const struct ledger *ledger)
{
	return (struct pen_sink_state){.root = ledger->object->root, .parts = ledger->object->n};
}

void ledger_open(struct ledger *ledger, struct pen_sim_clock *clock, uint64_t stream,
	const struct object *object, int64_t apply_ns)
{
	static const struct pen_sim_sink_faults faults = {.bad_open = PEN_SIM_PPM(50000),
		.bad_put = PEN_SIM_PPM(50000),
		.bad_commit = PEN_SIM_PPM(50000),
		.torn_commit = PEN_SIM_PPM(50000)};
	*ledger = (struct ledger){.object = object, .apply_ns = apply_ns};
	pen_sim_sink_init(&ledger->sink, clock, stream, &faults);
	ledger->sink.keeps = object->golden;
	ledger->sink.right = row_right;
	ledger->sink.right_context = ledger;
	if (object->golden)
		ledger->sink.faults.bad_put = PEN_SIM_PPM(GOLDEN_PUT_PPM);
	else
		expect(ledger);
}

void ledger_close(struct ledger *ledger)
{
	pen_sim_sink_fini(&ledger->sink);
}

/* The sink is opened anew: what it has of the object. */
static void reopen(struct ledger *ledger)
{
	struct pen_sink *sink = &ledger->sink.sink;
	const struct pen_sink_state want = shard_of(ledger);
	struct pen_sink_state have;
	uint8_t applied[(PLAN_PARTS_MAX + 7) / 8] = {0};
	pen_sim_sink_restart(&ledger->sink);
	PEN_CHECK(!sink->ops->begin(sink, &want, &have, applied, NULL));
	ledger->applied = 0;
	for (unsigned k = 0; k < ledger->object->n && !ledger->again; k++)
		ledger->applied |= (uint32_t)(applied[k / 8] >> k % 8 & 1) << k;
}

void ledger_start(struct ledger *ledger)
{
	PEN_CHECK(ledger->batch == NULL);
	ledger->free_ns = 0;
	reopen(ledger);
}

/* A part was committed, or not. Nobody knows what became of one that broke the sink. */
static void committed(struct ledger *ledger, unsigned k, int err)
{
	if (!err)
		ledger->applied |= 1u << k;
	else if (err == -EIO)
		reopen(ledger);
}

/* The batch is over, well or not. */
static void batch_end(struct ledger *ledger, bool commit)
{
	struct pen_sink *sink = &ledger->sink.sink;
	int err = sink->ops->close(sink, ledger->batch, commit, NULL);
	ledger->batch = NULL;
	if (commit || err)
		committed(ledger, ledger->batch_k, err);
}

/* One step of a part whose bytes are opaque. */
static void step(struct ledger *ledger, unsigned k, const struct pen_bytes *parts)
{
	struct pen_sink *sink = &ledger->sink.sink;
	const struct pen_sink_state shard = shard_of(ledger);
	if (!ledger->batch) {
		ledger->batch_k = k;
		ledger->rows = 0;
		if (sink->ops->open(sink, &shard, k, &ledger->batch, NULL))
			ledger->batch = NULL;
		return;
	}
	struct pen_bytes part = parts[ledger->batch_k];
	if (ledger->rows == ledger_blocks(part)) {
		batch_end(ledger, true);
		return;
	}
	const uint32_t number = ledger->rows++;
	const struct pen_row row = row_of(&number, ledger_block(part, number));
	if (sink->ops->put(sink, ledger->batch, &row, 1, NULL))
		batch_end(ledger, false);
}

/* All of a golden state's part, as a worker does it. */
static void work(struct ledger *ledger, unsigned k, struct pen_bytes part)
{
	static struct pen_job job; /* memory of all clients' workers: one works at a time */
	/* It is not changed. */
	struct pen_buf stored = {(uint8_t *)(uintptr_t)part.at, part.len, part.len};
	const struct pen_apply apply = {.sink = &ledger->sink.sink, .shard = shard_of(ledger)};
	struct pen_task task = {.k = k, .bytes = &stored};
	pen_job_run(&job, &apply, &task);
	if (pen_task_is_bad(&task))
		pen_sim_breach(ledger->sink.clock, "part %u was kept, and fails its proof: %s", k,
			task.why.text);
	committed(ledger, k, task.result);
}

/* Whether all parts are applied, and the sink does not know it. */
static bool finishes(const struct ledger *ledger)
{
	return (unsigned)__builtin_popcount(ledger->applied) == ledger->object->n &&
		!ledger_done(ledger);
}

void ledger_turn(struct ledger *ledger, uint32_t kept, const struct pen_bytes *parts)
{
	struct pen_sink *sink = &ledger->sink.sink;
	const struct pen_sink_state shard = shard_of(ledger);
	int64_t now_ns = ledger->sink.clock->now_ns;
	uint32_t left = kept & ~ledger->applied;
	if (now_ns >= ledger->free_ns && left) {
		unsigned k = (unsigned)__builtin_ctz(left);
		if (ledger->object->golden)
			work(ledger, k, parts[k]);
		else
			step(ledger, k, parts);
		ledger->free_ns = now_ns + ledger->apply_ns;
	}
	if (finishes(ledger))
		PEN_CHECK(!sink->ops->finish(sink, &shard, NULL));
}

int64_t ledger_wait_ns(const struct ledger *ledger, uint32_t kept)
{
	int64_t now_ns = ledger->sink.clock->now_ns;
	if (!(kept & ~ledger->applied))
		return INT64_MAX;
	return ledger->free_ns > now_ns ? ledger->free_ns - now_ns : 0;
}

bool ledger_done(const struct ledger *ledger)
{
	return ledger->sink.shard.done;
}

static void row_taste(struct ledger *ledger, unsigned k, const struct pen_row *row)
{
	struct pen_sink *sink = &ledger->sink.sink;
	const struct pen_sink_state shard = shard_of(ledger);
	struct pen_batch *batch;
	if (sink->ops->open(sink, &shard, k, &batch, NULL))
		return;
	(void)sink->ops->put(sink, batch, row, 1, NULL);
	(void)sink->ops->close(sink, batch, false, NULL);
}

void ledger_taste(struct ledger *ledger, unsigned k, uint32_t block, struct pen_bytes bytes)
{
	const struct pen_row row = row_of(&block, bytes);
	row_taste(ledger, k, &row);
}

void ledger_taste_part(struct ledger *ledger, unsigned k, struct pen_bytes stored)
{
	struct pen_buf plain = {0}, entries = {0};
	struct pen_zstd zstd = {0};
	struct pen_envelope envelope;
	uint32_t count = 0;
	if (!pen_envelope_open(&zstd, stored, false, &plain, &envelope, NULL) &&
		pen_partial_decode(envelope.content, &entries, &count, NULL))
		count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct pen_bytes *entry = (struct pen_bytes *)(void *)entries.at + i;
		struct pen_hash hash;
		pen_sha256(*entry, &hash);
		const struct pen_row row = {.column = PEN_COLUMN_STATE,
			.key = {hash.bytes, sizeof hash.bytes},
			.value = *entry,
			.refs = 1};
		row_taste(ledger, k, &row);
	}
	pen_buf_fini(&entries);
	pen_buf_fini(&plain);
	pen_zstd_fini(&zstd);
}

void ledger_lose(struct ledger *ledger)
{
	struct pen_buf *list = &ledger->sink.rows.list;
	PEN_CHECK(!list->len || list->len >= sizeof(struct pen_sim_row));
	if (list->len)
		list->len -= sizeof(struct pen_sim_row);
}

void ledger_miscount(struct ledger *ledger)
{
	const struct pen_buf *list = &ledger->sink.rows.list;
	struct pen_sim_row *rows = (struct pen_sim_row *)(void *)list->at;
	for (size_t i = list->len / sizeof *rows; i > 0; i--) {
		if (rows[i - 1].column != PEN_COLUMN_STATE)
			continue;
		rows[i - 1].refs++;
		return;
	}
}

void ledger_stop(struct ledger *ledger)
{
	struct pen_sink *sink = &ledger->sink.sink;
	pen_sim_sink_restart(&ledger->sink);
	(void)sink->ops->close(sink, ledger->batch, false, NULL);
	ledger->batch = NULL;
}

int ledger_judge(struct ledger *ledger, struct pen_why *why)
{
	const struct pen_sim_sink *sink = &ledger->sink;
	struct pen_audit audit;
	if (!sink->shard.done || sink->commits != ledger->object->n)
		return pen_fail(why, PEN_EVERIFY, "the sink has %u of %u parts, and is %s",
			(unsigned)sink->commits, ledger->object->n,
			sink->shard.done ? "finished" : "not finished");
	if (!ledger->object->golden)
		return 0;
	return pen_audit_run(
		&ledger->sink.sink, (struct pen_shard){0}, &ledger->object->root, &audit, why);
}
