/* A sync with servers of our protocol among its sources: a fetch that ends in the vault. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fetch_report.h"
#include "stop.h"
#include "sync_run.h"

static struct fetch_ask fetch_ask(struct sync_run *run)
{
	const struct sync_ask *ask = &run->ask;
	run->vault.depot.told = ask->debug;
	return (struct fetch_ask){.words = ask->words,
		.words_count = ask->words_count,
		.root = run->vault.want.root,
		.n = run->vault.want.parts,
		.forms = ask->forms,
		.depot = &run->vault.depot,
		.cacert = ask->cacert,
		.jobs = ask->jobs,
		.connections = ask->connections,
		.tries = ask->tries,
		.stall_ns = ask->stall_ns,
		.memory_bytes = ask->memory_bytes,
		.rate = ask->rate,
		.quiet = ask->quiet,
		.debug = ask->debug,
		.verb = "sync"};
}

static void sum_fill(struct sync_sum *sum, const struct fetch *fetch)
{
	sum->kept = fetch->kept;
	sum->parts = docket_stored(&fetch->docket);
	memcpy(sum->forms, fetch->docket.stored, sizeof sum->forms);
	sum->keys = fetch->workshop.values;
	sum->wire_bytes = fetch_bytes(fetch);
	sum->content_bytes = fetch->workshop.content_bytes;
	sum->fetch_ns = fetch->mirror.pull.busy_ns;
	for (unsigned i = 0; i < fetch->radios.count; i++)
		sum->fetch_ns += fetch->radios.list[i].busy_ns;
	sum->prove_ns = fetch->workshop.prove_ns;
	sum->commit_ns = fetch->workshop.store_ns;
}

/* What is missing, if anything is. */
static int bring(struct fetch *fetch, struct sync_sum *sum, struct pen_why *why)
{
	struct fetch_report report;
	int64_t begin_ns = pen_clock_ns();
	int err;
	fetch_report_begin(&report, fetch, begin_ns);
	while (!(err = fetch_next(fetch, stop_asked(), why)))
		fetch_report_turn(&report, pen_clock_ns());
	fetch_report_end(&report);
	sum->seconds = (double)(pen_clock_ns() - begin_ns) / PEN_NS_PER_S;
	return err < 0 ? err : 0;
}

int sync_peers(struct sync_run *run, const struct vault_ask *ask, struct pen_why *why)
{
	int err = vault_open(&run->vault, ask, why);
	if (err)
		return err;
	struct fetch *fetch = calloc(1, sizeof *fetch);
	if (!fetch)
		return pen_fail(why, -ENOMEM, "no memory");
	const struct fetch_ask of = fetch_ask(run);
	err = fetch_open(fetch, &of, why);
	if (!err)
		err = bring(fetch, &run->sum, why);
	/* All parts may have been there, and only this was left to do. */
	if (err >= 0)
		err = vault_finish(&run->vault, why);
	sum_fill(&run->sum, fetch);
	fetch_close(fetch);
	free(fetch);
	return err;
}
