/* A sync from directories and web servers: core/sync with what they supply. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "memory.h"
#include "progress.h"
#include "stop.h"
#include "supply.h"
#include "sync_run.h"

struct origins {
	struct sync_run *run;
	struct supply supply;
	struct pen_sync sync;
	struct progress progress;
};

/* From workers and from the main thread: one call, one line. */
static void on_event(void *context, uint32_t k, enum pen_sync_event event)
{
	(void)context;
	fprintf(stderr, "part %u %s\n", k, pen_sync_event_text(event));
}

static int core_open(struct origins *origins, struct pen_why *why)
{
	const struct sync_ask *ask = &origins->run->ask;
	const struct vault *vault = &origins->run->vault;
	const struct supply *supply = &origins->supply;
	struct pen_sync_config config = {.sink = vault->sink,
		.shard = vault->want,
		.applied = vault->applied.at,
		.sources = supply->sources,
		.sources_count = supply->count,
		.absent = supply->absent,
		.reversed = supply->reversed.len ? supply->reversed.at : NULL,
		.tries = ask->tries,
		.connections = ask->connections,
		.jobs = ask->jobs,
		.memory_bytes = ask->memory_bytes,
		.stall_ns = ask->stall_ns,
		.bare = ask->bare,
		.on_event = ask->debug ? on_event : NULL};
	memcpy(config.ranks, supply->ranks, sizeof config.ranks);
	int err = pen_sync_open(&origins->sync, &config, why);
	if (!err && !ask->quiet)
		memory_say(&origins->sync.budget, !ask->debug);
	return err;
}

static void interrupt(struct origins *origins)
{
	struct pen_why why;
	pen_fail(&why, PEN_EINTERRUPTED, "interrupted");
	pen_sync_stop(&origins->sync, PEN_EINTERRUPTED, &why);
}

/* A source that sent what failed its proof is named, also when another one made up for it. */
static void liars_say(const struct origins *origins)
{
	const struct pen_plan *plan = &origins->sync.plan;
	for (unsigned s = 0; s < plan->config.sources; s++) {
		const struct pen_plan_source *source = &plan->source[s];
		if (source->bad)
			fprintf(stderr, "%s sent %u bad parts%s; its last failure: %s\n",
				origins->supply.sources[s].origin->label, source->bad,
				source->aside ? " and was left aside" : "", source->why.text);
	}
}

static void sum_fill(struct origins *origins)
{
	const struct pen_sync *sync = &origins->sync;
	struct sync_sum *sum = &origins->run->sum;
	sum->parts = sync->sum.parts;
	memcpy(sum->forms, sync->sum.forms, sizeof sum->forms);
	sum->keys = sync->sum.keys;
	sum->wire_bytes = sync->pull.bytes_wire;
	sum->content_bytes = sync->sum.content_bytes;
	sum->fetch_ns = sync->pull.busy_ns;
	sum->prove_ns = sync->sum.prove_ns;
	sum->commit_ns = sync->sum.commit_ns;
}

static int bring(struct origins *origins, struct pen_why *why)
{
	struct sync_run *run = origins->run;
	int64_t begin_ns = pen_clock_ns(), now_ns = begin_ns;
	int err = core_open(origins, why);
	if (err)
		return err;
	run->sum.kept = origins->sync.plan.count[PEN_PART_APPLIED];
	progress_init(&origins->progress, &origins->sync, run->ask.quiet, begin_ns);
	if (run->sum.kept && !run->ask.quiet)
		fprintf(stderr, "%u of %u parts are kept from before\n", run->sum.kept,
			run->vault.want.parts);
	while (pen_sync_turn(&origins->sync, now_ns)) {
		if (stop_asked())
			interrupt(origins);
		supply_turn(&origins->supply, &origins->sync.plan);
		progress_turn(&origins->progress, now_ns);
		pen_sync_wait(&origins->sync, now_ns);
		now_ns = pen_clock_ns();
	}
	progress_end(&origins->progress);
	liars_say(origins);
	err = pen_sync_finish(&origins->sync, why);
	sum_fill(origins);
	run->sum.seconds = (double)(pen_clock_ns() - begin_ns) / PEN_NS_PER_S;
	return err;
}

static int find(struct origins *origins, const struct vault_ask *ask, struct pen_why *why)
{
	struct sync_run *run = origins->run;
	const struct supply_ask supply = {.words = run->ask.words,
		.options = {.cacert = run->ask.cacert,
			.rate = supply_web_rate(
				run->ask.words, run->ask.words_count, run->ask.rate)},
		.count = run->ask.words_count,
		.forms = run->ask.bare ? 1u << PEN_FORM_NEARCORE : run->ask.forms,
		.tries = run->ask.tries,
		.stall_ns = run->ask.stall_ns,
		.stop = stop_asked};
	uint32_t n;
	int err = supply_open(&origins->supply, &supply, why);
	if (err || (err = vault_open(&run->vault, ask, why)))
		return err;
	n = run->vault.want.parts;
	err = supply_locate(&origins->supply, &ask->root, &n, why);
	return err ? err : vault_begin(&run->vault, n, why);
}

int sync_origins(struct sync_run *run, const struct vault_ask *ask, struct pen_why *why)
{
	struct origins origins = {.run = run};
	int err = find(&origins, ask, why);
	if (!err)
		err = bring(&origins, why);
	pen_sync_close(&origins.sync);
	supply_close(&origins.supply);
	return err;
}
