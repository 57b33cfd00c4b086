#include "apply/job.h"

#include <errno.h>

#include "base/check.h"
#include "base/clock.h"

/* Of tasks without allowance: what one huge part made the scratch grow to is given back. */
#define JOB_KEPT_BYTES_MAX ((size_t)128 << 20)

_Static_assert(sizeof(struct pen_bytes) + 2 * sizeof(struct pen_hash) + sizeof(struct pen_entry) +
			4 * sizeof(uint32_t) <=
		PEN_JOB_ENTRY_BYTES,
	"the memory of an entry is what the budget says");

void pen_job_fini(struct pen_job *job)
{
	pen_judge_fini(&job->judge);
}

const char *pen_stage_text(enum pen_stage stage)
{
	static const char *const texts[PEN_STAGES] = {
		"wait", "open", "prove", "put", "commit", "done"};
	PEN_CHECK(stage < PEN_STAGES);
	return texts[stage];
}

bool pen_task_is_bad(const struct pen_task *task)
{
	unsigned stage = atomic_load_explicit(&task->stage, memory_order_relaxed);
	bool ours = task->result == -ENOMEM || task->result == PEN_ELARGE;
	return task->result && !ours && (stage == PEN_STAGE_OPENING || stage == PEN_STAGE_PROVING);
}

static void stage_enter(const struct pen_apply *apply, struct pen_task *task, enum pen_stage stage)
{
	atomic_store_explicit(&task->stage, stage, memory_order_relaxed);
	if (apply->on_stage)
		apply->on_stage(apply->context, task->k, stage);
}

static int rows_put(struct pen_job *job, struct pen_why *why)
{
	struct pen_sink *sink = job->apply->sink;
	unsigned count = job->rows_count;
	job->rows_count = 0;
	return count ? sink->ops->put(sink, job->batch, job->rows, count, why) : 0;
}

static int row_add(struct pen_job *job, const struct pen_row *row, struct pen_why *why)
{
	job->batch_bytes += PEN_JOB_ROW_BYTES + row->key.len + row->head.len + row->value.len;
	if (job->allowance && job->batch_bytes > job->allowance->batch_bytes)
		return pen_fail(why, PEN_ELARGE, "applied it has more than %zu bytes",
			job->allowance->batch_bytes);
	job->rows[job->rows_count++] = *row;
	return job->rows_count == PEN_JOB_ROWS ? rows_put(job, why) : 0;
}

static int state_put(struct pen_job *job, struct pen_why *why)
{
	const struct pen_entries *entries = pen_judge_entries(&job->judge);
	int err = 0;
	for (uint32_t i = 0; i < entries->count && !err; i++) {
		const struct pen_entry *entry = pen_entries_at(entries, i);
		if (entry->refs == 0)
			continue; /* it only proves */
		struct pen_row row = {.column = PEN_COLUMN_STATE,
			.key = {pen_entries_hash(entries, i)->bytes, PEN_HASH_BYTES},
			.value = {entry->at, entry->len},
			.refs = entry->refs};
		err = row_add(job, &row, why);
	}
	return err ? err : rows_put(job, why);
}

struct flat_visit {
	struct pen_job *job;
	struct pen_why *why;
};

static int flat_add(void *context, const struct pen_item *item)
{
	struct flat_visit *visit = context;
	struct pen_job *job = visit->job;
	uint8_t *key = job->keys[job->rows_count], *head = job->heads[job->rows_count];
	int key_len = pen_path_key(item->path, key);
	if (key_len < 0)
		return pen_fail(visit->why, key_len, "a key of %u nibbles ends inside a byte",
			item->path->len);
	size_t head_len;
	const struct pen_hash *hash = pen_entries_hash(
		pen_judge_entries(&job->judge), item->fetched.index);
	bool inlined = pen_flat_head(item->fetched.bytes, hash, head, &head_len);
	struct pen_row row = {.column = PEN_COLUMN_FLAT,
		.key = {key, (size_t)key_len},
		.head = {head, head_len},
		.value = inlined ? item->fetched.bytes : (struct pen_bytes){0}};
	return row_add(job, &row, visit->why);
}

static int flat_put(struct pen_job *job, struct pen_why *why)
{
	struct flat_visit visit = {job, why};
	int err = pen_judge_visit(&job->judge, flat_add, &visit, why);
	return err ? err : rows_put(job, why);
}

static struct pen_part_id id_of(const struct pen_job *job, const struct pen_task *task)
{
	const struct pen_sink_state *shard = &job->apply->shard;
	return (struct pen_part_id){.root = shard->root, .k = task->k, .n = shard->parts};
}

static int stage_open(struct pen_job *job, struct pen_task *task)
{
	const struct pen_allowance *allowance = task->allowance;
	const struct pen_part_id id = id_of(job, task);
	job->judge.bare = job->apply->bare;
	job->judge.bytes_max = allowance ? allowance->content_bytes : 0;
	job->judge.entries_max = allowance ? allowance->entries : 0;
	job->judge.zstd.window_log = allowance ? allowance->window_log : 0;
	return pen_judge_open(&job->judge, &id, pen_buf_bytes(task->bytes), &task->why);
}

static int stage_prove(struct pen_job *job, struct pen_task *task)
{
	const struct pen_part_id id = id_of(job, task);
	return pen_judge_prove(&job->judge, &id, &task->why);
}

static int stage_put(struct pen_job *job, struct pen_task *task)
{
	struct pen_sink *sink = job->apply->sink;
	job->rows_count = 0;
	job->batch_bytes = 0;
	int err = sink->ops->open(sink, &job->apply->shard, task->k, &job->batch, &task->why);
	if (err) {
		job->batch = NULL;
		return err;
	}
	err = state_put(job, &task->why);
	return err ? err : flat_put(job, &task->why);
}

static int stage_commit(struct pen_job *job, struct pen_task *task)
{
	struct pen_sink *sink = job->apply->sink;
	struct pen_batch *batch = job->batch;
	job->batch = NULL;
	return sink->ops->close(sink, batch, true, &task->why);
}

static int stage_run(struct pen_job *job, struct pen_task *task, enum pen_stage stage)
{
	switch (stage) {
	case PEN_STAGE_OPENING: return stage_open(job, task);
	case PEN_STAGE_PROVING: return stage_prove(job, task);
	case PEN_STAGE_PUTTING: return stage_put(job, task);
	case PEN_STAGE_COMMITTING: return stage_commit(job, task);
	default: return 0;
	}
}

static void scratch_trim(struct pen_job *job)
{
	const struct pen_judge *judge = &job->judge;
	if (!job->allowance && judge->plain.cap + judge->rebuild.raw.cap > JOB_KEPT_BYTES_MAX)
		pen_judge_fini(&job->judge);
	if (job->batch)
		job->apply->sink->ops->close(job->apply->sink, job->batch, false, NULL);
	job->batch = NULL;
	if (job->allowance && job->allowance->alone)
		pen_job_fini(job);
}

void pen_job_run(struct pen_job *job, const struct pen_apply *apply, struct pen_task *task)
{
	int err = 0;
	job->apply = apply;
	job->allowance = task->allowance;
	for (enum pen_stage stage = PEN_STAGE_OPENING; stage <= PEN_STAGE_DONE && !err; stage++) {
		stage_enter(apply, task, stage);
		int64_t begin = pen_clock_ns();
		err = stage_run(job, task, stage);
		task->ns[stage] = pen_clock_ns() - begin;
	}
	task->result = err;
	if (!err)
		pen_judge_counts(&job->judge, &task->counts);
	scratch_trim(job);
}
