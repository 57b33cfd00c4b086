/* A vault as a depot: what a worker does with a part that goes into a database. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "vault.h"

struct bench {
	struct pen_apply apply;
	struct pen_job job;
};

static struct vault *self(struct depot *depot)
{
	return (struct vault *)depot;
}

static int look(
	struct depot *depot, uint32_t n, unsigned forms, struct pen_buf *here, struct pen_why *why)
{
	const struct vault *vault = self(depot);
	(void)forms; /* what is applied has none */
	int err = vault_begin(self(depot), n, why);
	here->len = 0;
	if (!err && (err = pen_buf_append(here, vault->applied.at, vault->applied.len)))
		pen_fail(why, err, "no memory for %u parts", n);
	return err;
}

/* One call, one line: workers speak at the same time. */
static void on_stage(void *context, uint32_t k, enum pen_stage stage)
{
	(void)context;
	if (stage != PEN_STAGE_OPENING) /* "open" and "prove" are one to whoever reads it */
		fprintf(stderr, "part %u %s\n", k, pen_stage_text(stage));
}

static int bench_open(struct depot *depot, void **out, struct pen_why *why)
{
	const struct vault *vault = self(depot);
	struct bench *bench = calloc(1, sizeof *bench);
	PEN_CHECK(vault_is_begun(vault));
	if (!bench)
		return pen_fail(why, -ENOMEM, "no memory for a worker");
	bench->apply = (struct pen_apply){.sink = vault->sink,
		.shard = vault->want,
		.on_stage = depot->told ? on_stage : NULL};
	*out = bench;
	return 0;
}

static void bench_trim(void *context)
{
	pen_job_fini(&((struct bench *)context)->job);
}

static void bench_close(void *context)
{
	if (context)
		bench_trim(context);
	free(context);
}

static enum errand_verdict verdict(const struct pen_task *task)
{
	if (task->result == 0)
		return ERRAND_DONE;
	if (task->result == PEN_ELARGE)
		return ERRAND_LARGE;
	return pen_task_is_bad(task) ? ERRAND_REFUTED : ERRAND_BROKEN;
}

static enum errand_verdict part(void *context, struct errand *errand, struct pen_bytes whole)
{
	struct bench *bench = context;
	/* A job changes nothing of the bytes; it says so. */
	struct pen_buf came = {.at = (uint8_t *)(uintptr_t)whole.at, .len = whole.len};
	struct pen_task task = {.k = errand->id.k, .bytes = &came, .allowance = errand->allowance};
	pen_job_run(&bench->job, &bench->apply, &task);
	errand->store_ns = task.ns[PEN_STAGE_PUTTING] + task.ns[PEN_STAGE_COMMITTING];
	errand->err = task.result;
	errand->why = task.why;
	errand->counts = task.counts;
	errand->stored_bytes = whole.len;
	enum errand_verdict said = verdict(&task);
	if (said == ERRAND_BROKEN && *task.why.text)
		pen_fail_prefix(&errand->why, task.result, "%s",
			pen_stage_text(atomic_load_explicit(&task.stage, memory_order_relaxed)));
	return said;
}

const struct depot_ops vault_depot = {.look = look,
	.bench_open = bench_open,
	.bench_close = bench_close,
	.bench_trim = bench_trim,
	.part = part};
