/*
 * job: one part, in nearcore or lean form, from the bytes that came to the rows that a sink keeps:
 * take the envelope off, prove the content against the root, then put all it adds into one batch
 * and commit it with the part's marker. Nothing reaches the sink before the proof is through, and
 * nothing of a part stays there unless all of it does.
 *
 * A job is the memory of one worker and is used for one part after the other, by one thread. A
 * task is the part and what became of it; it belongs to whoever runs it until that is over. Only
 * task->stage may be looked at meanwhile, from anywhere.
 */
#ifndef PEN_APPLY_JOB_H
#define PEN_APPLY_JOB_H

#include <stdatomic.h>

#include "base/buf.h"
#include "part/column.h"
#include "part/judge.h"
#include "port/sink.h"

/* Where a part stands; only moves forward. */
enum pen_stage {
	PEN_STAGE_IDLE, /* waits for a worker */
	PEN_STAGE_OPENING, /* envelope and decompression */
	PEN_STAGE_PROVING,
	PEN_STAGE_PUTTING, /* rows into the batch; nothing is visible */
	PEN_STAGE_COMMITTING,
	PEN_STAGE_DONE, /* visible, with its marker */
	PEN_STAGES,
};

/*
 * What one part may take beside the bytes that came: the content that is decompressed, the entries
 * that are proved, and the rows that are put into a batch. Beyond any of them it is PEN_ELARGE.
 */
struct pen_allowance {
	size_t content_bytes;
	uint32_t entries;
	unsigned window_log; /* of the decompressor, as in part/envelope.h */
	size_t batch_bytes; /* of rows, PEN_JOB_ROW_BYTES a row added */
	bool alone; /* nothing of the scratch is kept for the next part */
};

/* What a row takes in a batch beside its bytes: lengths, tags, a prefix, a count. */
#define PEN_JOB_ROW_BYTES 32u
/* Memory of the proof for one entry: its place in the list, its digest, its record, its key in the
 * table and the table's slots at their sparsest. */
#define PEN_JOB_ENTRY_BYTES (16u + 32u + 24u + 32u + 16u)

/* One part to apply. */
struct pen_task {
	uint32_t k; /* which part of the shard's N */
	struct pen_buf *bytes; /* what came over the wire; borrowed, not changed */
	void *owner; /* whatever whoever submits wants to find again */
	const struct pen_allowance *allowance; /* NULL: the limits of the format; borrowed */
	_Atomic unsigned stage; /* enum pen_stage: where it is, or where it failed */
	int result; /* 0, or why it failed */
	struct pen_why why; /* the sentence when result is not 0 */
	struct pen_part_counts counts; /* of a part that was applied */
	int64_t ns[PEN_STAGES]; /* time spent in each stage */
};

/* What all jobs of one sync share; read only while they run. */
struct pen_apply {
	struct pen_sink *sink;
	struct pen_sink_state shard; /* begun; root and parts name what is proved */
	bool bare; /* parts come without envelope (before protocol version 82) */
	/* May be NULL: called by the worker whenever a task enters a stage. Must not block. */
	void (*on_stage)(void *context, uint32_t k, enum pen_stage stage);
	void *context;
};

/* Rows that go to the sink in one call: a few hundred kB of borrowed bytes at most in one go. */
#define PEN_JOB_ROWS 64u

/* Zeroed is valid. */
struct pen_job {
	const struct pen_apply *apply; /* set by pen_job_run */
	struct pen_judge judge; /* the part under way, in whatever form it came */
	struct pen_batch *batch;
	struct pen_row rows[PEN_JOB_ROWS]; /* not yet put; they borrow the arrays below */
	unsigned rows_count;
	size_t batch_bytes; /* of the batch under way */
	const struct pen_allowance *allowance; /* of the task under way */
	uint8_t heads[PEN_JOB_ROWS][PEN_FLAT_HEAD_BYTES_MAX];
	uint8_t keys[PEN_JOB_ROWS][PEN_KEY_BYTES_MAX];
};

/* Give all memory back; zeroed is fine, and the job is zeroed and may be used again. */
void pen_job_fini(struct pen_job *job);

/*
 * Apply one part. task->result becomes 0, the code of envelope or proof (stage OPENING or PROVING:
 * the bytes are at fault), what the sink said (stage PUTTING or COMMITTING: the machine is), or
 * PEN_ELARGE (the allowance is, at any stage before COMMITTING).
 */
void pen_job_run(struct pen_job *job, const struct pen_apply *apply, struct pen_task *task);

/* True if it was the part's bytes that made the task fail, not the machine, sink or allowance. */
bool pen_task_is_bad(const struct pen_task *task);

/* A word for a stage: "wait", "open", "prove", "put", "commit", "done". */
const char *pen_stage_text(enum pen_stage stage);

#endif
