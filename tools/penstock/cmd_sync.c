/* penstock sync: a state's parts from their sources into a database, each proved first. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "cli.h"
#include "core/sync.h"
#include "memory.h"
#include "stop.h"
#include "supply.h"
#include "sync_run.h"

/* A stall limit beyond a day is none. */
#define SYNC_STALL_S_MAX 86400u

struct flags {
	const char *from[SUPPLY_WORDS_MAX];
	struct sync_ask ask;
	struct vault_ask vault;
	bool root_given, shard_given, json;
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
	FLAG_RATE,
	FLAG_CACERT,
	FLAG_BARE,
	FLAG_JSON,
	FLAG_LOG
};

static const struct argp_option options[] = {
	{"from", FLAG_FROM, "SOURCE", 0,
		"HOST:PORT or [V6]:PORT (penstock serve --listen; port " ENDPOINT_PORT
		" if it is left out), http(s)://HOST[:PORT][/PATH], or dir:PATH, a store or a "
		"directory of parts; may be given several times",
		0},
	{"root", FLAG_ROOT, "R", 0, "state root, base58 or hex: the only thing that is trusted", 0},
	{"shard", FLAG_SHARD, "SHARD", 0, "ShardUId as nearcore prints it, such as s7.v3", 0},
	{"of", FLAG_OF, "N", 0, "number of parts, where the sources leave it open", 0},
	{"form", FLAG_FORM, "FORM", 0,
		"nearcore, lean, or any: the form with fewer bytes, where there is a choice (any)",
		0},
	{"db", FLAG_DB, "DIR", 0, "the RocksDB; made if it is not there", 0},
	{"jobs", FLAG_JOBS, "N", 0,
		"workers that prove and apply (all CPUs; beside servers at HOST:PORT all but one)",
		0},
	{"connections", FLAG_CONNECTIONS, "N", 0, "parts fetched at a time (8)", 0},
	{"stall", FLAG_STALL, "SECONDS", 0, "give up on what sends no byte for so long (30)", 0},
	{"tries", FLAG_TRIES, "N", 0, "tries of a part at a source, 1 s doubling between (5)", 0},
	{"memory", FLAG_MEMORY, "SIZE", 0, "take no more memory than this (1GiB)", 0},
	{"rate", FLAG_RATE, "RATE", 0, "receive no more than this, 100Mbit/s or 10MiB/s", 0},
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
	if (flags->ask.words_count == SUPPLY_WORDS_MAX)
		argp_error(state, "--from: more than %u sources", SUPPLY_WORDS_MAX);
	else
		flags->from[flags->ask.words_count++] = word;
}

static void log_level(struct flags *flags, const char *level, struct argp_state *state)
{
	if (strcmp(level, "error") && strcmp(level, "info") && strcmp(level, "debug"))
		argp_error(state, "--log-level is '%s': expected error, info or debug", level);
	flags->ask.debug = !strcmp(level, "debug");
	flags->ask.quiet = !strcmp(level, "error");
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
	struct pen_why why;
	if (!flags->ask.words_count)
		argp_error(state, "--from is required: where do the parts come from?");
	if (!flags->root_given)
		argp_error(state, "--root is required: it is what every part is proved against");
	if (!flags->shard_given)
		argp_error(state, "--shard is required: under which ShardUId is the state kept?");
	if (!flags->vault.dir)
		argp_error(state, "--db is required: where does the state go?");
	if (supply_count_check(flags->from, flags->ask.words_count, &why))
		argp_error(state, "--from: %s", why.text);
	if (flags->ask.bare && supply_count_peers(flags->from, flags->ask.words_count))
		argp_error(state, "--bare: servers at HOST:PORT have parts with envelopes alone");
	if (flags->ask.bare && flags->ask.forms == 1u << PEN_FORM_LEAN)
		argp_error(state, "--bare and --form lean: lean parts have no envelope to miss");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_FROM: from_add(flags, arg, state); return 0;
	case FLAG_ROOT:
		flags->vault.root = cli_hash(state, "--root", arg);
		flags->root_given = true;
		return 0;
	case FLAG_SHARD:
		flags->vault.shard = cli_shard(state, "--shard", arg);
		flags->shard_given = true;
		return 0;
	case FLAG_OF:
		flags->vault.parts = (uint32_t)cli_number(state, "--of", arg, 1, PEN_PARTS_MAX);
		return 0;
	case FLAG_FORM: flags->ask.forms = form_parse(arg, state); return 0;
	case FLAG_DB: flags->vault.dir = arg; return 0;
	case FLAG_JOBS:
		flags->ask.jobs = (unsigned)cli_number(state, "--jobs", arg, 1, PEN_POOL_JOBS_MAX);
		return 0;
	case FLAG_CONNECTIONS:
		flags->ask.connections = (unsigned)cli_number(
			state, "--connections", arg, 1, PEN_CONNECTIONS_MAX);
		return 0;
	case FLAG_STALL:
		flags->ask.stall_ns = PEN_NS_PER_S *
			(int64_t)cli_number(state, "--stall", arg, 1, SYNC_STALL_S_MAX);
		return 0;
	case FLAG_TRIES:
		flags->ask.tries = (unsigned)cli_number(state, "--tries", arg, 1, PEN_TRIES_MAX);
		return 0;
	case FLAG_MEMORY: flags->ask.memory_bytes = cli_size(state, "--memory", arg); return 0;
	case FLAG_RATE: flags->ask.rate = cli_rate(state, "--rate", arg); return 0;
	case FLAG_CACERT: flags->ask.cacert = arg; return 0;
	case FLAG_BARE: flags->ask.bare = true; return 0;
	case FLAG_JSON: flags->json = true; return 0;
	case FLAG_LOG: log_level(flags, arg, state); return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END: flags_check(flags, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* Success without any work: nothing was missing. */
static int nothing_to_do(const struct flags *flags, uint32_t n, const char *sentence)
{
	char root[PEN_HASH_TEXT_BYTES], shard[PEN_SHARD_TEXT_BYTES];
	pen_base58(&flags->vault.root, root);
	pen_shard_text(flags->vault.shard, shard);
	if (flags->json)
		printf("{\"root\": \"%s\", \"shard\": \"%s\", \"of\": %u, \"parts\": 0, "
		       "\"kept\": %u, \"done\": true}\n",
			root, shard, n, n);
	else
		printf("%s of shard %s: %s\n", root, shard, sentence);
	return 0;
}

/* No part to fetch, but a record that this is what the shard holds. */
static int sync_empty(struct sync_run *run, const struct flags *flags, struct pen_why *why)
{
	struct vault_ask ask = flags->vault;
	ask.parts = 0;
	int err = vault_open(&run->vault, &ask, why);
	if (!err)
		err = vault_finish(&run->vault, why);
	return err ? err : nothing_to_do(flags, 0, "the empty state has no parts");
}

/* What came of parts that were to be brought. */
static int sync_end(struct sync_run *run, bool json, int err, struct pen_why *why)
{
	const struct pen_why reason = *why;
	if (err)
		pen_fail(why, err, "%s%s; %u of %u parts are kept", reason.text,
			cli_way_out(err, reason.text), run->sum.kept + run->sum.parts,
			run->vault.want.parts);
	if (json)
		sync_sum_json(run, err, why);
	else if (!err)
		sync_sum_text(run);
	return err;
}

static int sync_state(struct sync_run *run, const struct flags *flags, struct pen_why *why)
{
	if (pen_hash_is_zero(&flags->vault.root))
		return sync_empty(run, flags, why);
	int err = supply_count_peers(run->ask.words, run->ask.words_count)
		? sync_peers(run, &flags->vault, why)
		: sync_origins(run, &flags->vault, why);
	if (err == 1)
		return nothing_to_do(flags, run->vault.want.parts, "all parts were applied before");
	return vault_is_begun(&run->vault) ? sync_end(run, flags->json, err, why) : err;
}

/* The loop that takes packets has a CPU of its own, if there are two. */
static unsigned jobs_default(const struct sync_ask *ask)
{
	unsigned cpus = pen_cpu_count();
	return cpus > 1 && supply_count_peers(ask->words, ask->words_count) ? cpus - 1 : cpus;
}

int cmd_sync(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Fetch the parts of a state, prove each against its root and put it into a "
		"database. "
		"What is applied stays: started again, it goes on from there.",
		NULL, NULL, NULL};
	struct flags flags = {.ask = {.forms = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN,
				      .connections = 8,
				      .stall_ns = 30 * PEN_NS_PER_S,
				      .tries = 5,
				      .memory_bytes = PEN_BUDGET_BYTES_DEFAULT}};
	struct sync_run run = {0};
	struct pen_why why = {0};
	cli_parse(&argp, "penstock sync", argc, argv, &flags);
	flags.ask.words = flags.from;
	if (!flags.ask.jobs)
		flags.ask.jobs = jobs_default(&flags.ask);
	flags.vault.quiet = flags.ask.quiet;
	run.ask = flags.ask;
	memory_fix();
	stop_install();
	int err = sync_state(&run, &flags, &why);
	bool printed = vault_is_begun(&run.vault);
	vault_close(&run.vault);
	return cli_end_json("sync", flags.json && !printed, err, &why);
}
