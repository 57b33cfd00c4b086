#include "core/sync.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

const char *pen_sync_event_text(enum pen_sync_event event)
{
	static const char *const texts[PEN_SYNC_EVENTS] = {
		"fetch", "wait", "prove", "put", "commit", "done"};
	PEN_CHECK(event < PEN_SYNC_EVENTS);
	return texts[event];
}

static void tell(const struct pen_sync *sync, uint32_t k, enum pen_sync_event event)
{
	if (sync->config.on_event)
		sync->config.on_event(sync->config.context, k, event);
}

static void on_start(void *context, const struct pen_slot *slot)
{
	struct pen_sync *sync = context;
	/* Nothing else is under way: what workers keep is needed, too. */
	if (slot->alone)
		pen_pool_trim(sync->pool);
	tell(sync, slot->part, PEN_SYNC_FETCH);
}

static void on_full(void *context, uint32_t k)
{
	tell(context, k, PEN_SYNC_WAIT);
}

static void on_stage(void *context, uint32_t k, enum pen_stage stage)
{
	switch (stage) {
	case PEN_STAGE_OPENING: tell(context, k, PEN_SYNC_PROVE); break;
	case PEN_STAGE_PUTTING: tell(context, k, PEN_SYNC_PUT); break;
	case PEN_STAGE_COMMITTING: tell(context, k, PEN_SYNC_COMMIT); break;
	default: break;
	}
}

static int budget_open(struct pen_sync *sync, struct pen_why *why)
{
	const struct pen_sync_config *config = &sync->config;
	struct pen_budget_ask ask = {.memory_bytes = config->memory_bytes
			? config->memory_bytes
			: PEN_BUDGET_BYTES_DEFAULT,
		.connections = config->connections,
		.jobs = config->jobs ? config->jobs : 1,
		.sink_bytes = config->sink->memory_bytes,
		.batch_copies = config->sink->batch_copies};
	int err = pen_budget_make(&sync->budget, &ask, why);
	snprintf(sync->limit, sizeof sync->limit,
		"--memory %llu MiB leaves room for a part of %zu MiB; the largest that there can "
		"be needs %llu MiB",
		(unsigned long long)(ask.memory_bytes >> 20),
		sync->budget.alone.allowance.content_bytes >> 20,
		(unsigned long long)(sync->budget.largest_bytes >> 20));
	return err;
}

static int plan_open(struct pen_sync *sync)
{
	const struct pen_sync_config *config = &sync->config;
	struct pen_plan_config plan = {.parts = config->shard.parts,
		.sources = config->sources_count,
		.tries = config->tries,
		.connections = sync->budget.connections,
		.stall_ns = config->stall_ns,
		.applied = config->applied,
		.reversed = config->reversed};
	memcpy(plan.ranks, config->ranks, sizeof plan.ranks);
	int err = pen_plan_init(&sync->plan, &plan);
	for (unsigned s = 0; !err && s < config->sources_count; s++) {
		if (config->absent >> s & 1)
			pen_plan_absent(&sync->plan, s);
	}
	return err;
}

static int pull_open(struct pen_sync *sync)
{
	struct pen_pull_config pull = {.sources = sync->config.sources,
		.slots = sync->budget.slots,
		.part_bytes = sync->budget.part.wire_bytes,
		.alone_bytes = sync->budget.alone.wire_bytes,
		.limit = sync->limit,
		.wake = pen_pool_wake(sync->pool),
		.on_start = on_start,
		.on_full = on_full,
		.context = sync};
	sync->tasks = calloc(pull.slots, sizeof *sync->tasks);
	if (!sync->tasks)
		return -ENOMEM;
	return pen_pull_open(&sync->pull, &sync->plan, &pull);
}

int pen_sync_open(struct pen_sync *sync, const struct pen_sync_config *config, struct pen_why *why)
{
	memset(sync, 0, sizeof *sync);
	sync->config = *config;
	sync->apply = (struct pen_apply){.sink = config->sink,
		.shard = config->shard,
		.bare = config->bare,
		.on_stage = on_stage,
		.context = sync};
	int err = budget_open(sync, why);
	if (err)
		return err;
	err = plan_open(sync);
	if (err)
		return pen_fail(why, err, "no memory for %u parts", config->shard.parts);
	unsigned jobs = config->jobs ? sync->budget.jobs : 0;
	err = pen_pool_open(&sync->apply, jobs, &sync->pool, why);
	if (!err && (err = pull_open(sync)))
		pen_fail(why, err, "no memory for %u gets", config->connections);
	if (err)
		pen_sync_close(sync);
	return err;
}

void pen_sync_close(struct pen_sync *sync)
{
	/* The workers read the slots' bytes: they go first. */
	pen_pool_close(sync->pool);
	sync->pool = NULL;
	pen_pull_close(&sync->pull);
	pen_plan_fini(&sync->plan);
	free(sync->tasks);
	sync->tasks = NULL;
}

static void task_sum(
	struct pen_sync *sync, const struct pen_task *task, const struct pen_slot *slot)
{
	struct pen_sync_sum *sum = &sync->sum;
	sum->prove_ns += task->ns[PEN_STAGE_OPENING] + task->ns[PEN_STAGE_PROVING];
	sum->commit_ns += task->ns[PEN_STAGE_PUTTING] + task->ns[PEN_STAGE_COMMITTING];
	if (task->result)
		return;
	sum->parts++;
	sum->forms[sync->config.sources[slot->source].form]++;
	sum->keys += task->counts.values;
	sum->entries += task->counts.entries - task->counts.proof_nodes;
	sum->content_bytes += task->counts.bytes;
}

static void task_bad(struct pen_sync *sync, struct pen_task *task, const struct pen_slot *slot)
{
	const char *label = sync->config.sources[slot->source].origin->label;
	struct pen_plan_event event = {
		.part = task->k, .source = slot->source, .result = task->result, .why = &task->why};
	pen_fail_prefix(&task->why, task->result, "%s/%s", label, slot->name);
	pen_plan_bad(&sync->plan, &event);
}

/* It takes more than it was allowed: alone it may have more, and then there is no more. */
static void task_large(struct pen_sync *sync, struct pen_task *task, const struct pen_slot *slot)
{
	if (!slot->alone) {
		pen_plan_large(&sync->plan, task->k, slot->source);
		return;
	}
	struct pen_why what = task->why;
	pen_fail(&task->why, PEN_ELARGE, "%s: %s", what.text, sync->limit);
	task_bad(sync, task, slot);
}

/* The machine or the sink failed: no other source can help. */
static void task_broken(struct pen_sync *sync, struct pen_task *task)
{
	pen_plan_dropped(&sync->plan, task->k);
	pen_fail_prefix(&task->why, task->result, "part %u of %u, %s", task->k,
		sync->config.shard.parts,
		pen_stage_text(atomic_load_explicit(&task->stage, memory_order_relaxed)));
	pen_plan_stop(&sync->plan, task->result, &task->why);
}

static void task_end(struct pen_sync *sync, struct pen_task *task)
{
	struct pen_slot *slot = task->owner;
	task_sum(sync, task, slot);
	if (task->result == 0) {
		pen_plan_applied(&sync->plan, task->k);
		tell(sync, task->k, PEN_SYNC_DONE);
	} else if (task->result == PEN_ELARGE) {
		task_large(sync, task, slot);
	} else if (pen_task_is_bad(task)) {
		task_bad(sync, task, slot);
	} else {
		task_broken(sync, task);
	}
	pen_pull_give(&sync->pull, slot);
}

static bool task_submit(struct pen_sync *sync, struct pen_slot *slot)
{
	struct pen_task *task = &sync->tasks[slot - sync->pull.slots];
	memset(task, 0, sizeof *task);
	task->k = slot->part;
	task->bytes = &slot->bytes;
	task->owner = slot;
	task->allowance = slot->alone ? &sync->budget.alone.allowance
				      : &sync->budget.part.allowance;
	return pen_pool_submit(sync->pool, task);
}

/* Stopping: what no worker has begun is not begun. */
static void drop(struct pen_sync *sync, struct pen_slot *slot)
{
	pen_plan_dropped(&sync->plan, slot->part);
	pen_pull_give(&sync->pull, slot);
}

/* Hand fetched parts to workers and take back what they ended; true if anything moved. */
static bool apply_turn(struct pen_sync *sync)
{
	bool moved = false;
	for (struct pen_task *task; (task = pen_pool_reap(sync->pool)); moved = true)
		task_end(sync, task);
	for (struct pen_slot *slot; (slot = pen_pull_take(&sync->pull)); moved = true) {
		if (sync->plan.stopping) {
			drop(sync, slot);
		} else if (!task_submit(sync, slot)) {
			pen_pull_untake(slot);
			break;
		}
	}
	return moved;
}

bool pen_sync_turn(struct pen_sync *sync, int64_t now_ns)
{
	struct pen_plan_action action;
	do {
		action = pen_pull_turn(&sync->pull, now_ns);
	} while (apply_turn(sync));
	sync->until_ns = action.until_ns;
	sync->over = action.act == PEN_PLAN_END;
	return !sync->over;
}

void pen_sync_wait(struct pen_sync *sync, int64_t now_ns)
{
	int64_t ns = sync->until_ns - now_ns;
	if (ns > PEN_SYNC_SLEEP_NS)
		ns = PEN_SYNC_SLEEP_NS;
	if (ns > 0)
		pen_pull_wait(&sync->pull, ns);
}

void pen_sync_wake(const struct pen_sync *sync)
{
	pen_wake_signal(pen_pool_wake(sync->pool));
}

void pen_sync_stop(struct pen_sync *sync, int code, const struct pen_why *why)
{
	pen_plan_stop(&sync->plan, code, why);
}

int pen_sync_finish(struct pen_sync *sync, struct pen_why *why)
{
	PEN_CHECK(sync->over);
	int err = pen_plan_result(&sync->plan, why);
	if (err)
		return err;
	return sync->config.sink->ops->finish(sync->config.sink, &sync->config.shard, why);
}
