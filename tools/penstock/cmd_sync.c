/* penstock sync: a state's parts from their sources into a database, each proved first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "cli.h"
#include "drivers/table.h"
#include "memory.h"
#include "progress.h"
#include "stop.h"
#include "supply.h"

/* A stall limit beyond a day is none. */
#define SYNC_STALL_S_MAX 86400u

struct flags {
	const char *from[SUPPLY_ORIGINS_MAX];
	unsigned from_count;
	struct pen_hash root;
	struct pen_shard shard;
	const char *db;
	const char *cacert; /* NULL: the system's */
	uint64_t memory_bytes;
	uint32_t of; /* 0: not given */
	unsigned jobs, connections, stall_s, tries;
	unsigned forms; /* bit i: parts in form i are taken */
	bool root_given, shard_given, bare, json, debug, quiet;
};

enum {
	FLAG_FROM = 1,
	FLAG_ROOT,
	FLAG_SHARD,
	FLAG_OF,
	FLAG_FORM,
	FLAG_DB,
	FLAG_JOBS,
	FLAG_CONNECTIONS,
	FLAG_STALL,
	FLAG_TRIES,
	FLAG_MEMORY,
	FLAG_CACERT,
	FLAG_BARE,
	FLAG_JSON,
	FLAG_LOG
};

static const struct argp_option options[] = {
	{"from", FLAG_FROM, "SOURCE", 0,
		"http(s)://HOST[:PORT][/PATH] or dir:PATH, a store or a directory of parts; may be "
		"given several times",
		0},
	{"root", FLAG_ROOT, "R", 0, "state root, base58 or hex: the only thing that is trusted", 0},
	{"shard", FLAG_SHARD, "SHARD", 0, "ShardUId as nearcore prints it, such as s7.v3", 0},
	{"of", FLAG_OF, "N", 0, "number of parts, where the sources leave it open", 0},
	{"form", FLAG_FORM, "FORM", 0,
		"nearcore, lean, or any: the form with fewer bytes, where there is a choice (any)",
		0},
	{"db", FLAG_DB, "DIR", 0, "the RocksDB; made if it is not there", 0},
	{"jobs", FLAG_JOBS, "N", 0, "workers that prove and apply (all CPUs)", 0},
	{"connections", FLAG_CONNECTIONS, "N", 0, "parts fetched at a time (8)", 0},
	{"stall", FLAG_STALL, "SECONDS", 0, "give up on what sends no byte for so long (30)", 0},
	{"tries", FLAG_TRIES, "N", 0, "tries of a part at a source, 1 s doubling between (5)", 0},
	{"memory", FLAG_MEMORY, "SIZE", 0, "take no more memory than this (1GiB)", 0},
	{"cacert", FLAG_CACERT, "FILE", 0,
		"trust the certificates in this PEM file for https (the system's)", 0},
	{"bare", FLAG_BARE, NULL, 0, "parts have no envelope (before protocol version 82)", 0},
	{"json", FLAG_JSON, NULL, 0, "print the summary as JSON", 0},
	{"log-level", FLAG_LOG, "LEVEL", 0,
		"error: no progress; info; debug: a line for each step of a part", 0},
	{0},
};

static void from_add(struct flags *flags, const char *word, struct argp_state *state)
{
	if (flags->from_count == SUPPLY_ORIGINS_MAX)
		argp_error(state, "--from: more than %u sources", SUPPLY_ORIGINS_MAX);
	else
		flags->from[flags->from_count++] = word;
}

static void log_level(struct flags *flags, const char *level, struct argp_state *state)
{
	if (strcmp(level, "error") && strcmp(level, "info") && strcmp(level, "debug"))
		argp_error(state, "--log-level is '%s': expected error, info or debug", level);
	flags->debug = !strcmp(level, "debug");
	flags->quiet = !strcmp(level, "error");
}

static unsigned form_parse(const char *text, struct argp_state *state)
{
	const unsigned any = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN;
	enum pen_form form;
	if (!strcmp(text, "any"))
		return any;
	if (pen_form_parse(text, &form) || !(any >> form & 1))
		argp_error(state, "--form is '%s': expected nearcore, lean or any", text);
	return 1u << form;
}

static void flags_check(const struct flags *flags, struct argp_state *state)
{
	if (!flags->from_count)
		argp_error(state, "--from is required: where do the parts come from?");
	if (!flags->root_given)
		argp_error(state, "--root is required: it is what every part is proved against");
	if (!flags->shard_given)
		argp_error(state, "--shard is required: under which ShardUId is the state kept?");
	if (!flags->db)
		argp_error(state, "--db is required: where does the state go?");
	if (flags->bare && flags->forms == 1u << PEN_FORM_LEAN)
		argp_error(state, "--bare and --form lean: lean parts have no envelope to miss");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_FROM: from_add(flags, arg, state); return 0;
	case FLAG_ROOT:
		flags->root = cli_hash(state, "--root", arg);
		flags->root_given = true;
		return 0;
	case FLAG_SHARD:
		flags->shard = cli_shard(state, "--shard", arg);
		flags->shard_given = true;
		return 0;
	case FLAG_OF:
		flags->of = (uint32_t)cli_number(state, "--of", arg, 1, PEN_PARTS_MAX);
		return 0;
	case FLAG_FORM: flags->forms = form_parse(arg, state); return 0;
	case FLAG_DB: flags->db = arg; return 0;
	case FLAG_JOBS:
		flags->jobs = (unsigned)cli_number(state, "--jobs", arg, 1, PEN_POOL_JOBS_MAX);
		return 0;
	case FLAG_CONNECTIONS:
		flags->connections = (unsigned)cli_number(
			state, "--connections", arg, 1, PEN_CONNECTIONS_MAX);
		return 0;
	case FLAG_STALL:
		flags->stall_s = (unsigned)cli_number(state, "--stall", arg, 1, SYNC_STALL_S_MAX);
		return 0;
	case FLAG_TRIES:
		flags->tries = (unsigned)cli_number(state, "--tries", arg, 1, PEN_TRIES_MAX);
		return 0;
	case FLAG_MEMORY: flags->memory_bytes = cli_size(state, "--memory", arg); return 0;
	case FLAG_CACERT: flags->cacert = arg; return 0;
	case FLAG_BARE: flags->bare = true; return 0;
	case FLAG_JSON: flags->json = true; return 0;
	case FLAG_LOG: log_level(flags, arg, state); return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END: flags_check(flags, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* One run of the command. */
struct run {
	const struct flags *flags;
	struct pen_sink *sink;
	struct pen_sink_state want; /* root, shard, and N once it is known */
	struct pen_sink_state had; /* what the database had of the shard at the start */
	uint8_t *applied; /* bitmap of the parts that the database has */
	struct supply supply;
	struct pen_sync sync;
	struct progress progress;
	bool printed; /* the JSON is on standard output */
	double seconds;
	uint32_t kept_before;
};

/* What the database has of the shard, before any source is asked. 1: all of it. */
static int database_look(struct run *run, struct pen_why *why)
{
	struct pen_sink_state ask = run->want;
	ask.parts = 0; /* look only: nothing is started before a source has the state */
	int err = pen_sink_open_rocks(run->flags->db, true, &run->sink, why);
	if (!err)
		err = run->sink->ops->begin(run->sink, &ask, &run->had, NULL, why);
	/* Without a part applied it is a note that binds nobody. */
	if (err || (run->had.applied == 0 && !run->had.done))
		return err;
	/* Another root or N is refused by the sink, in its own words. */
	if (run->want.parts == 0)
		run->want.parts = run->had.parts;
	/* It holds the empty state: refused once N is known, as with 0 the sink only reads. */
	if (run->want.parts == 0)
		return 0;
	err = run->sink->ops->begin(run->sink, &run->want, &run->had, NULL, why);
	return err ? err : run->had.done;
}

/* Say once that what an earlier run began, and applied nothing of, is forgotten. */
static void replaced_say(const struct run *run)
{
	const struct pen_sink_state *had = &run->had, *want = &run->want;
	char root[PEN_HASH_TEXT_BYTES], shard[PEN_SHARD_TEXT_BYTES], now[PEN_HASH_TEXT_BYTES];
	if (had->parts == 0 || run->flags->quiet ||
		(had->parts == want->parts && pen_hash_equal(&had->root, &want->root)))
		return;
	fprintf(stderr,
		"%s: shard %s was begun for %s in %u parts and has none of them: begun anew for %s "
		"in %u\n",
		run->flags->db, pen_shard_text(run->flags->shard, shard),
		pen_base58(&had->root, root), had->parts, pen_base58(&want->root, now),
		want->parts);
}

static int database_begin(struct run *run, struct pen_why *why)
{
	struct pen_sink_state have;
	run->applied = calloc(1, (run->want.parts + 7) / 8);
	if (!run->applied)
		return pen_fail(why, -ENOMEM, "no memory for %u parts", run->want.parts);
	int err = run->sink->ops->begin(run->sink, &run->want, &have, run->applied, why);
	if (!err)
		replaced_say(run);
	return err;
}

/* From workers and from the main thread: one call, one line. */
static void on_event(void *context, uint32_t k, enum pen_sync_event event)
{
	(void)context;
	fprintf(stderr, "part %u %s\n", k, pen_sync_event_text(event));
}

static int sync_open(struct run *run, struct pen_why *why)
{
	const struct flags *flags = run->flags;
	struct pen_sync_config config = {.sink = run->sink,
		.shard = run->want,
		.applied = run->applied,
		.sources = run->supply.sources,
		.sources_count = run->supply.count,
		.absent = run->supply.absent,
		.reversed = run->supply.reversed.len ? run->supply.reversed.at : NULL,
		.tries = flags->tries,
		.connections = flags->connections,
		.jobs = flags->jobs,
		.memory_bytes = flags->memory_bytes,
		.stall_ns = flags->stall_s * PEN_NS_PER_S,
		.bare = flags->bare,
		.on_event = flags->debug ? on_event : NULL};
	memcpy(config.ranks, run->supply.ranks, sizeof config.ranks);
	int err = pen_sync_open(&run->sync, &config, why);
	if (!err && !flags->quiet)
		memory_say(&run->sync.budget, !flags->debug);
	return err;
}

static void interrupt(struct run *run)
{
	struct pen_why why;
	pen_fail(&why, PEN_EINTERRUPTED, "interrupted");
	pen_sync_stop(&run->sync, PEN_EINTERRUPTED, &why);
}

/* A source that sent what failed its proof is named, also when another one made up for it. */
static void liars_say(const struct run *run)
{
	const struct pen_plan *plan = &run->sync.plan;
	for (unsigned s = 0; s < plan->config.sources; s++) {
		const struct pen_plan_source *source = &plan->source[s];
		if (source->bad)
			fprintf(stderr, "%s sent %u bad parts%s; its last failure: %s\n",
				run->supply.sources[s].origin->label, source->bad,
				source->aside ? " and was left aside" : "", source->why.text);
	}
}

static int sync_run(struct run *run, struct pen_why *why)
{
	const struct flags *flags = run->flags;
	int64_t begin = pen_clock_ns(), now = begin;
	int err = sync_open(run, why);
	if (err)
		return err;
	run->kept_before = run->sync.plan.count[PEN_PART_APPLIED];
	progress_init(&run->progress, &run->sync, flags->quiet, now);
	if (run->kept_before && !flags->quiet)
		fprintf(stderr, "%u of %u parts are kept from before\n", run->kept_before,
			run->want.parts);
	while (pen_sync_turn(&run->sync, now)) {
		if (stop_asked())
			interrupt(run);
		supply_turn(&run->supply, &run->sync.plan);
		progress_turn(&run->progress, now);
		pen_sync_wait(&run->sync, now);
		now = pen_clock_ns();
	}
	progress_end(&run->progress);
	liars_say(run);
	err = pen_sync_finish(&run->sync, why);
	run->seconds = (double)(pen_clock_ns() - begin) / 1e9;
	return err;
}

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

/* What a run came to, also one that failed: then it ends in the reason. */
static void summary_json(struct run *run, int err, const struct pen_why *why)
{
	char root[PEN_HASH_TEXT_BYTES], shard[PEN_SHARD_TEXT_BYTES];
	const struct pen_sync *sync = &run->sync;
	printf("{\"root\": \"%s\", \"shard\": \"%s\", \"of\": %u, \"parts\": %u, \"kept\": %u, ",
		pen_base58(&run->want.root, root), pen_shard_text(run->flags->shard, shard),
		run->want.parts, sync->sum.parts, run->kept_before);
	printf("\"forms\": {\"nearcore\": %u, \"lean\": %u}, ", sync->sum.forms[PEN_FORM_NEARCORE],
		sync->sum.forms[PEN_FORM_LEAN]);
	printf("\"keys\": %llu, \"wire_bytes\": %llu, \"content_bytes\": %llu, ",
		(unsigned long long)sync->sum.keys, (unsigned long long)sync->pull.bytes_wire,
		(unsigned long long)sync->sum.content_bytes);
	printf("\"seconds\": %.3f, \"fetch_seconds\": %.3f, \"prove_seconds\": %.3f, "
	       "\"commit_seconds\": %.3f, \"done\": %s",
		run->seconds, seconds(sync->pull.busy_ns), seconds(sync->sum.prove_ns),
		seconds(sync->sum.commit_ns), err ? "false" : "true");
	if (err) {
		printf(", \"error\": ");
		cli_json_string(pen_err_text(err));
		printf(", \"reason\": ");
		cli_json_string(why->text);
	}
	printf("}\n");
	run->printed = true;
}

static void summary_text(const struct run *run)
{
	char root[PEN_HASH_TEXT_BYTES], shard[PEN_SHARD_TEXT_BYTES];
	const struct pen_sync *sync = &run->sync;
	printf("%s of shard %s: all %u parts are applied (%u now, %u before)\n",
		pen_base58(&run->want.root, root), pen_shard_text(run->flags->shard, shard),
		run->want.parts, sync->sum.parts, run->kept_before);
	if (sync->sum.forms[PEN_FORM_LEAN])
		printf("%u of them came in lean form\n", sync->sum.forms[PEN_FORM_LEAN]);
	printf("%llu keys and %.1f MB (%.1f MB on the wire) in %.1f s; all workers together: "
	       "fetched %.1f s, proved %.1f s, committed %.1f s\n",
		(unsigned long long)sync->sum.keys, (double)sync->sum.content_bytes / 1e6,
		(double)sync->pull.bytes_wire / 1e6, run->seconds, seconds(sync->pull.busy_ns),
		seconds(sync->sum.prove_ns), seconds(sync->sum.commit_ns));
}

/* Success without any work: nothing was missing. */
static int nothing_to_do(const struct run *run, const char *sentence)
{
	char root[PEN_HASH_TEXT_BYTES], shard[PEN_SHARD_TEXT_BYTES];
	pen_base58(&run->want.root, root);
	if (run->flags->json)
		printf("{\"root\": \"%s\", \"shard\": \"%s\", \"of\": %u, \"parts\": 0, "
		       "\"kept\": %u, \"done\": true}\n",
			root, pen_shard_text(run->flags->shard, shard), run->want.parts,
			run->want.parts);
	else
		printf("%s of shard %s: %s\n", root, pen_shard_text(run->flags->shard, shard),
			sentence);
	return 0;
}

static int fetch_all(struct run *run, struct pen_why *why)
{
	int err = supply_locate(&run->supply, &run->want.root, &run->want.parts, why);
	if (!err)
		err = database_begin(run, why);
	if (err)
		return err;
	err = sync_run(run, why);
	uint32_t kept = run->kept_before + run->sync.sum.parts;
	if (err) {
		struct pen_why reason = *why;
		pen_fail(why, err, "%s; %u of %u parts are kept", reason.text, kept,
			run->want.parts);
	}
	if (run->flags->json)
		summary_json(run, err, why);
	else if (!err)
		summary_text(run);
	return err;
}

/* No part to fetch, but a record that this is what the shard holds. */
static int sync_empty(struct run *run, struct pen_why *why)
{
	run->want.parts = 0;
	int err = pen_sink_open_rocks(run->flags->db, true, &run->sink, why);
	if (!err)
		err = run->sink->ops->finish(run->sink, &run->want, why);
	return err ? err : nothing_to_do(run, "the empty state has no parts");
}

static int sync_state(struct run *run, struct pen_why *why)
{
	const struct flags *flags = run->flags;
	struct supply_ask ask = {.words = flags->from,
		.options = {.cacert = flags->cacert},
		.count = flags->from_count,
		.forms = flags->bare ? 1u << PEN_FORM_NEARCORE : flags->forms,
		.tries = flags->tries,
		.stall_ns = flags->stall_s * PEN_NS_PER_S,
		.stop = stop_asked};
	if (pen_hash_is_zero(&flags->root))
		return sync_empty(run, why);
	int err = supply_open(&run->supply, &ask, why);
	if (err)
		return err;
	err = database_look(run, why);
	if (err == 1)
		return nothing_to_do(run, "all parts were applied before");
	return err ? err : fetch_all(run, why);
}

int cmd_sync(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Fetch the parts of a state, prove each against its root and put it into a "
		"database. "
		"What is applied stays: started again, it goes on from there.",
		NULL, NULL, NULL};
	struct flags flags = {.jobs = pen_cpu_count(),
		.forms = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN,
		.connections = 8,
		.stall_s = 30,
		.tries = 5,
		.memory_bytes = PEN_BUDGET_BYTES_DEFAULT};
	struct run run = {.flags = &flags};
	struct pen_why why = {0};
	cli_parse(&argp, "penstock sync", argc, argv, &flags);
	run.want = (struct pen_sink_state){.shard_version = flags.shard.version,
		.shard_id = flags.shard.id,
		.root = flags.root,
		.parts = flags.of};
	memory_fix();
	stop_install();
	int err = sync_state(&run, &why);
	pen_sync_close(&run.sync);
	supply_close(&run.supply);
	if (run.sink)
		run.sink->ops->shut(run.sink);
	free(run.applied);
	return cli_end_json("sync", flags.json && !run.printed, err, &why);
}
