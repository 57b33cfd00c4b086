/* penstock fetch: parts of a state, or a raw object, from their sources into a store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "cli.h"
#include "fetch_report.h"
#include "memory.h"
#include "stop.h"

/* A stall limit beyond a day is none. */
#define FETCH_STALL_S_MAX 86400u

struct flags {
	const char *from[SUPPLY_WORDS_MAX];
	struct fetch_ask ask;
	struct pen_labels labels;
	unsigned labels_given; /* bits */
	bool has_root, both, json;
};

enum {
	FLAG_FROM = 1,
	FLAG_ROOT,
	FLAG_OF,
	FLAG_PARTS,
	FLAG_FORM,
	FLAG_STORE,
	FLAG_CHAIN,
	FLAG_HEIGHT,
	FLAG_EPOCH,
	FLAG_SHARD,
	FLAG_JOBS,
	FLAG_CONNECTIONS,
	FLAG_MEMORY,
	FLAG_RATE,
	FLAG_STALL,
	FLAG_TRIES,
	FLAG_POLL,
	FLAG_CACERT,
	FLAG_JSON,
	FLAG_LOG
};

static const struct argp_option options[] = {
	{"from", FLAG_FROM, "SOURCE", 0,
		"HOST:PORT or [V6]:PORT (penstock serve --listen; port " ENDPOINT_PORT
		" if it is left out), http(s)://HOST[:PORT][/PATH], or dir:PATH, a store or a "
		"directory of parts (of a raw object: where it is raw/ROOT); may be given "
		"several times",
		0},
	{"root", FLAG_ROOT, "R", 0, "state root, or root of the raw object; base58 or hex", 0},
	{"of", FLAG_OF, "N", 0, "number of parts in all, where the sources leave it open", 0},
	{"parts", FLAG_PARTS, "SET", 0, "only these parts, 0-9,17", 0},
	{"form", FLAG_FORM, "FORM", 0,
		"any: each part in the form with fewer bytes (the default); nearcore, lean, both, "
		"or raw",
		0},
	{"store", FLAG_STORE, "DIR", 0, "the store to fetch into; made if it is missing", 0},
	{"chain", FLAG_CHAIN, "ID", 0, "label: the chain (as the sources say, else unknown)", 0},
	{"epoch-height", FLAG_HEIGHT, "H", 0, "label: the epoch's height", 0},
	{"epoch-id", FLAG_EPOCH, "HASH", 0, "label: the epoch's id in base58", 0},
	{"shard", FLAG_SHARD, "SHARD", 0, "label: the shard's number, or a ShardUId", 0},
	{"jobs", FLAG_JOBS, "N", 0, "workers that prove and store (all CPUs but one)", 0},
	{"connections", FLAG_CONNECTIONS, "N", 0, "gets of whole parts at a time (8)", 0},
	{"memory", FLAG_MEMORY, "SIZE", 0, "take no more memory than this (1GiB)", 0},
	{"rate", FLAG_RATE, "RATE", 0, "receive no more than this, 100Mbit/s or 10MiB/s", 0},
	{"stall", FLAG_STALL, "SECONDS", 0, "give up after so long without a byte (30)", 0},
	{"tries", FLAG_TRIES, "N", 0, "tries at a source that does not answer (5)", 0},
	{"poll", FLAG_POLL, "HOW", 0,
		"adaptive: sleep when nothing is to be done (the default); busy: never, which "
		"needs a CPU for each worker and one more",
		0},
	{"cacert", FLAG_CACERT, "FILE", 0,
		"trust the certificates in this PEM file for https (the system's)", 0},
	{"json", FLAG_JSON, NULL, 0, "print the summary as JSON", 0},
	{"log-level", FLAG_LOG, "LEVEL", 0,
		"error: no progress; info; debug: what memory is divided into, "
		"and each step of a part",
		0},
	{0},
};

static void parse_form(struct argp_state *state, struct flags *flags, const char *text)
{
	const unsigned any = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN;
	enum pen_form form = PEN_FORM_NEARCORE;
	flags->both = !strcmp(text, "both");
	flags->ask.forms = any;
	if (!strcmp(text, "any") || flags->both)
		return;
	if (pen_form_parse(text, &form))
		argp_error(
			state, "--form is '%s': expected any, nearcore, lean, both or raw", text);
	flags->ask.raw = form == PEN_FORM_RAW;
	flags->ask.forms = 1u << form;
}

static void parse_log(struct argp_state *state, struct flags *flags, const char *text)
{
	flags->ask.debug = !strcmp(text, "debug");
	flags->ask.quiet = !strcmp(text, "error");
	if (!flags->ask.debug && !flags->ask.quiet && strcmp(text, "info") != 0)
		argp_error(state, "--log-level is '%s': expected error, info or debug", text);
}

static void parse_poll(struct argp_state *state, struct flags *flags, const char *text)
{
	flags->ask.busy = !strcmp(text, "busy");
	if (!flags->ask.busy && strcmp(text, "adaptive") != 0)
		argp_error(state, "--poll is '%s': expected adaptive or busy", text);
}

static void check_raw(struct argp_state *state, const struct flags *flags)
{
	if (flags->ask.n || flags->ask.parts || flags->labels_given)
		argp_error(state, "a raw object has no --of, no --parts and no labels");
}

static void check(struct argp_state *state, struct flags *flags)
{
	const struct fetch_ask *ask = &flags->ask;
	struct pen_why why;
	if (!ask->words_count || !flags->has_root || !ask->store)
		argp_error(state, "--from, --root and --store are required");
	if (flags->labels_given && flags->labels_given != 15)
		argp_error(state, "--chain, --epoch-height, --epoch-id and --shard: all or none");
	if (supply_count_check(flags->from, ask->words_count, &why))
		argp_error(state, "--from: %s", why.text);
	if (ask->raw)
		check_raw(state, flags);
	if (ask->busy && pen_cpu_count() < ask->jobs + 1)
		argp_error(state,
			"--poll=busy with %u CPUs: the loop and %u workers need one each; --jobs "
			"%u, or adaptive",
			pen_cpu_count(), ask->jobs, pen_cpu_count() - 1);
}

static void add_from(struct argp_state *state, struct flags *flags, const char *word)
{
	if (flags->ask.words_count == SUPPLY_WORDS_MAX)
		argp_error(state, "--from: more than %u sources", SUPPLY_WORDS_MAX);
	else
		flags->from[flags->ask.words_count++] = word;
}

/* Flags of labels. False if it is another. */
static bool parse_label(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	struct pen_labels *labels = &flags->labels;
	switch (key) {
	case FLAG_CHAIN: cli_chain(state, "--chain", arg, labels->chain); break;
	case FLAG_HEIGHT:
		labels->epoch_height = cli_number(state, "--epoch-height", arg, 0, UINT64_MAX);
		break;
	case FLAG_EPOCH: labels->epoch_id = cli_hash(state, "--epoch-id", arg); break;
	case FLAG_SHARD: labels->shard = cli_shard_number(state, "--shard", arg); break;
	default: return false;
	}
	flags->labels_given |= 1u << (key - FLAG_CHAIN);
	return true;
}

/* Flags of how much. False if it is another. */
static bool parse_amount(int key, char *arg, struct argp_state *state)
{
	struct fetch_ask *ask = &((struct flags *)state->input)->ask;
	switch (key) {
	case FLAG_JOBS:
		ask->jobs = (unsigned)cli_number(state, "--jobs", arg, 1, PEN_HANDS_MAX);
		return true;
	case FLAG_CONNECTIONS:
		ask->connections = (unsigned)cli_number(
			state, "--connections", arg, 1, PEN_CONNECTIONS_MAX);
		return true;
	case FLAG_MEMORY: ask->memory_bytes = cli_size(state, "--memory", arg); return true;
	case FLAG_RATE: ask->rate = cli_rate(state, "--rate", arg); return true;
	case FLAG_STALL:
		ask->stall_ns = PEN_NS_PER_S *
			(int64_t)cli_number(state, "--stall", arg, 1, FETCH_STALL_S_MAX);
		return true;
	case FLAG_TRIES:
		ask->tries = (unsigned)cli_number(state, "--tries", arg, 1, PEN_TRIES_MAX);
		return true;
	default: return false;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	struct fetch_ask *ask = &flags->ask;
	if (parse_label(key, arg, state) || parse_amount(key, arg, state))
		return 0;
	switch (key) {
	case FLAG_FROM: add_from(state, flags, arg); return 0;
	case FLAG_ROOT:
		ask->root = cli_hash(state, "--root", arg);
		flags->has_root = true;
		return 0;
	case FLAG_OF: ask->n = (uint32_t)cli_number(state, "--of", arg, 1, PEN_PARTS_MAX); return 0;
	case FLAG_PARTS: ask->parts = arg; return 0;
	case FLAG_FORM: parse_form(state, flags, arg); return 0;
	case FLAG_STORE: ask->store = arg; return 0;
	case FLAG_POLL: parse_poll(state, flags, arg); return 0;
	case FLAG_CACERT: ask->cacert = arg; return 0;
	case FLAG_JSON: flags->json = true; return 0;
	case FLAG_LOG: parse_log(state, flags, arg); return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END: check(state, flags); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* Fetch what is missing. 0 or a code. */
static int work(struct fetch *fetch, struct pen_why *why)
{
	struct fetch_report report;
	int err;
	fetch_report_begin(&report, fetch, pen_clock_ns());
	while (!(err = fetch_next(fetch, stop_asked(), why)))
		fetch_report_turn(&report, pen_clock_ns());
	fetch_report_end(&report);
	return err < 0 ? err : 0;
}

/* Fetch parts in one form, or in any of some. */
static int fetch_forms(
	const struct fetch_ask *ask, struct fetch_sum *sum, uint32_t *n, struct pen_why *why)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);
	if (!fetch)
		return pen_fail(why, -ENOMEM, "no memory");
	int err = fetch_open(fetch, ask, why);
	if (!err)
		err = work(fetch, why);
	else if (err == 1 && !ask->quiet)
		fprintf(stderr, "penstock fetch: it is all in the store already\n");
	fetch_sum_add(sum, fetch);
	*n = fetch->n;
	fetch_close(fetch);
	free(fetch);
	return err < 0 ? err : 0;
}

static int run(const struct flags *flags, struct fetch_sum *sum, struct pen_why *why)
{
	struct fetch_ask ask = flags->ask;
	if (pen_hash_is_zero(&ask.root) && !ask.raw) {
		fprintf(stderr, "penstock fetch: the empty state has no parts\n");
		return 0;
	}
	if (!flags->both)
		return fetch_forms(&ask, sum, &ask.n, why);
	/* One after the other, and the second of as many parts as the first. */
	ask.forms = 1u << PEN_FORM_LEAN;
	int err = fetch_forms(&ask, sum, &ask.n, why);
	ask.forms = 1u << PEN_FORM_NEARCORE;
	return err ? err : fetch_forms(&ask, sum, &ask.n, why);
}

int cmd_fetch(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Fetch the parts of a state, or a raw object, prove them and put them into a "
		"store. What is proved stays: started again, it goes on from there.",
		NULL, NULL, NULL};
	unsigned cpus = pen_cpu_count();
	struct flags flags = {.ask = {.jobs = cpus > 1 ? cpus - 1 : 1,
				      .forms = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN,
				      .connections = 8,
				      .tries = 5,
				      .stall_ns = 30 * PEN_NS_PER_S,
				      .memory_bytes = PEN_BUDGET_BYTES_DEFAULT}};
	struct fetch_sum sum = {0};
	struct pen_why why = {0};
	cli_parse(&argp, "penstock fetch", argc, argv, &flags);
	flags.ask.words = flags.from;
	flags.ask.verb = "fetch";
	flags.ask.one_n = true;
	flags.ask.labels = flags.labels_given ? &flags.labels : NULL;
	memory_fix();
	stop_install();
	int64_t begun_ns = pen_clock_ns();
	int err = run(&flags, &sum, &why);
	sum.seconds = (double)(pen_clock_ns() - begun_ns) / PEN_NS_PER_S;
	if (flags.json)
		fetch_sum_json(&sum, err, &why);
	else if (!err && sum.parts)
		fetch_sum_text(&sum);
	return cli_end("fetch", err, &why);
}
