/* penstock serve: a store for others to read, until told to stop. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "cli.h"
#include "flow/pacer.h"
#include "front.h"
#include "halls.h"
#include "listen.h"
#include "server_metrics.h"
#include "set.h"
#include "shelf.h"

/* What is under way when the signal comes gets so long to finish. */
#define SERVE_DRAIN_NS (10 * PEN_NS_PER_S)
/* Slower than any line that is worth a server; and a packet a second is no rate. */
#define SERVE_RATE_MIN 8000u
/* CPUs that may be named: as many as the kernel's own set has. */
#define SERVE_CPUS_MAX 1024u
/* What the drivers are to go without (drivers/without.h). */
#define SERVE_WITHOUT "PENSTOCK_WITHOUT"

struct flags {
	const char *http, *store, *index, *cpus;
	const char *listen[HALLS_MAX];
	unsigned listen_count;
	uint64_t rate, memory; /* 0: no cap */
	bool busy;
};

enum {
	FLAG_HTTP = 1,
	FLAG_STORE,
	FLAG_INDEX,
	FLAG_LISTEN,
	FLAG_CPUS,
	FLAG_POLL,
	FLAG_RATE,
	FLAG_MEMORY
};

static const struct argp_option options[] = {
	{"http", FLAG_HTTP, "ADDR:PORT", 0,
		"where to listen; without ADDR only this machine can connect, port 0 is any free "
		"one",
		0},
	{"listen", FLAG_LISTEN, "ADDR:PORT", 0,
		"where to serve by UDP, for penstock fetch and sync; may be repeated, each is a "
		"thread with "
		"a cache of its own; without ADDR as --http",
		0},
	{"store", FLAG_STORE, "DIR", 0, "the store; nearcore's own dump is one", 0},
	{"index", FLAG_INDEX, "DIR", 0,
		"keep the index here instead of in the store, which may then be read-only", 0},
	{"cpus", FLAG_CPUS, "SET", 0,
		"use only these CPUs (0-3,6); each --listen has one to itself, in order, as far as "
		"they go",
		0},
	{"poll", FLAG_POLL, "adaptive|busy", 0,
		"adaptive (the default) sleeps when nothing comes; busy never does, and needs a "
		"CPU for each --listen",
		0},
	{"rate", FLAG_RATE, "RATE", 0,
		"send no more than this by UDP, as 10Gbit/s or 200MiB/s, divided evenly among "
		"--listen",
		0},
	{"memory", FLAG_MEMORY, "SIZE", 0,
		"take no more memory than this, as 1GiB; what is left over is cache", 0},
	{0},
};

static void parse_poll(struct argp_state *state, struct flags *flags, const char *text)
{
	flags->busy = !strcmp(text, "busy");
	if (!flags->busy && strcmp(text, "adaptive") != 0)
		argp_error(state, "--poll is '%s': expected adaptive or busy", text);
}

static void parse_rate(struct argp_state *state, struct flags *flags, const char *text)
{
	flags->rate = cli_rate(state, "--rate", text);
	if (flags->rate < SERVE_RATE_MIN || flags->rate > PEN_PACER_RATE_MAX)
		argp_error(state, "--rate is '%s': expected 64kbit/s to %llu Gbit/s", text,
			(unsigned long long)(PEN_PACER_RATE_MAX / 125000000));
}

static void check(struct argp_state *state, const struct flags *flags)
{
	if ((!flags->http && !flags->listen_count) || !flags->store)
		argp_error(state, "--store and --http or --listen are required");
	if (!flags->listen_count && (flags->rate || flags->busy))
		argp_error(state, "--rate and --poll=busy are for --listen");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_HTTP: flags->http = arg; return 0;
	case FLAG_LISTEN:
		if (flags->listen_count == HALLS_MAX)
			argp_error(state, "at most %u times --listen", HALLS_MAX);
		flags->listen[flags->listen_count++] = arg;
		return 0;
	case FLAG_STORE: flags->store = arg; return 0;
	case FLAG_INDEX: flags->index = arg; return 0;
	case FLAG_CPUS: flags->cpus = arg; return 0;
	case FLAG_POLL: parse_poll(state, flags, arg); return 0;
	case FLAG_RATE: parse_rate(state, flags, arg); return 0;
	case FLAG_MEMORY: flags->memory = cli_size(state, "--memory", arg); return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END: check(state, flags); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* Keep both signals from all threads to come; the main one waits for them. */
static void signals_hold(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	/* A client that goes away in the middle of a file is an error code, not a signal. */
	signal(SIGPIPE, SIG_IGN);
}

static void signal_wait(const sigset_t *set)
{
	int number;
	while (sigwait(set, &number))
		continue;
	/* From here on a signal does what it does to anybody: the second one ends us at once. */
	pthread_sigmask(SIG_UNBLOCK, set, NULL);
	fprintf(stderr, "penstock serve: %s: finishing what is under way\n", strsignal(number));
}

/* Keep the process to the CPUs that were named. */
static int cpus_keep(const struct flags *flags, struct pen_why *why)
{
	struct pen_buf bits = {0};
	unsigned missing = 0;
	if (!flags->cpus)
		return 0;
	int err = set_parse(flags->cpus, SERVE_CPUS_MAX, &bits, why);
	if (err == PEN_EUSAGE)
		pen_fail(why, err, "--cpus is '%s': expected numbers and stretches such as 0-3,6",
			flags->cpus);
	else if (!err)
		err = pen_cpu_keep_to(bits.at, SERVE_CPUS_MAX, &missing);
	pen_buf_fini(&bits);
	if (err == -EINVAL)
		return pen_fail(why, PEN_EUSAGE,
			"--cpus names CPU %u, which is not there or not for this process: "
			"'taskset -cp $$' shows those that are",
			missing);
	if (err < 0 && err != PEN_EUSAGE)
		return pen_fail(
			why, err, "cannot keep to the CPUs %s: %s", flags->cpus, pen_err_text(err));
	return err;
}

static int cpus_check(const struct flags *flags, struct pen_why *why)
{
	unsigned cpus = pen_cpu_count();
	if (!flags->busy || flags->listen_count <= cpus)
		return 0;
	return pen_fail(why, PEN_EUSAGE,
		"--poll=busy keeps a CPU busy for each --listen: there are %u of them, and %u "
		"CPUs; "
		"use --poll=adaptive, fewer --listen or more --cpus",
		flags->listen_count, cpus);
}

static int budget_make(const struct flags *flags, struct serve_budget *budget, struct pen_why *why)
{
	char text[PEN_BUDGET_TEXT_BYTES];
	const struct serve_budget_ask ask = {.memory_bytes = flags->memory,
		.halls = flags->listen_count,
		.guests = HALL_GUESTS,
		.http = flags->http != NULL};
	int err = serve_budget_make(budget, &ask, why);
	if (err)
		return err;
	fprintf(stderr, "penstock serve: memory: %s\n", pen_budget_text(&budget->lines, text));
	fprintf(stderr, "penstock serve: memory: a part of over %zu MiB %s\n",
		budget->content_bytes >> 20,
		budget->capped ? "is not offered, unless --memory is larger"
			       : "takes more while it is proved; --memory caps it");
	return 0;
}

/* All that runs, from the first to the last thread. */
struct server {
	const struct flags *flags;
	struct hush hush;
	struct serve_budget budget;
	struct shelf *shelf;
	struct halls halls;
	struct front *front;
	struct server_metrics metrics;
	unsigned without;
};

static int front_start(struct server *server, struct pen_why *why)
{
	char url[LISTEN_URL_BYTES];
	const struct flags *flags = server->flags;
	struct front_config config = {.store = flags->store,
		.shelf = server->shelf,
		.metrics = server_metrics_print,
		.context = &server->metrics};
	if (!flags->http)
		return 0;
	int err = listen_open(flags->http, &config.listener, url, why);
	if (!err)
		err = front_open(&config, &server->front, why);
	if (!err)
		fprintf(stderr, "penstock serve: %s store %s\n", url, flags->store);
	return err;
}

static int halls_start(struct server *server, struct pen_why *why)
{
	const struct flags *flags = server->flags;
	const struct halls_config config = {.listen = flags->listen,
		.count = flags->listen_count,
		.store = flags->store,
		.index = flags->index,
		.shelf = server->shelf,
		.hush = &server->hush,
		.blocks = server->budget.blocks,
		.rate = flags->rate,
		.pinned = flags->cpus || flags->busy,
		.busy = flags->busy,
		.without = server->without};
	return halls_open(&server->halls, &config, why);
}

static int open_all(struct server *server, struct pen_why *why)
{
	const struct flags *flags = server->flags;
	int err = pen_without_parse(getenv(SERVE_WITHOUT), &server->without, why);
	if (err)
		return pen_fail_prefix(why, err, SERVE_WITHOUT);
	err = flags->http ? front_check(why) : 0;
	if (!err)
		err = cpus_keep(flags, why);
	if (!err)
		err = cpus_check(flags, why);
	if (!err)
		err = budget_make(flags, &server->budget, why);
	if (err)
		return err;
	const struct shelf_config config = {.store = flags->store,
		.index = flags->index,
		.hush = &server->hush,
		.content_bytes = server->budget.capped ? server->budget.content_bytes : 0};
	err = shelf_open(&config, &server->shelf, why);
	if (!err)
		err = halls_start(server, why);
	return err ? err : front_start(server, why);
}

static void close_all(struct server *server)
{
	halls_drain(&server->halls, pen_clock_ns() + SERVE_DRAIN_NS);
	front_close(server->front, SERVE_DRAIN_NS);
	halls_close(&server->halls);
	shelf_close(server->shelf);
	hush_fini(&server->hush);
}

int cmd_serve(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Serve a store, read-only, until SIGINT or SIGTERM: over HTTP by path and by state "
		"root, by UDP to penstock fetch and sync.",
		NULL, NULL, NULL};
	struct flags flags = {0};
	struct server server = {.flags = &flags};
	struct pen_why why = {0};
	sigset_t set;
	server.metrics = (struct server_metrics){pen_clock_ns(), &server.budget, &server.halls};
	hush_init(&server.hush, stderr);
	cli_parse(&argp, "penstock serve", argc, argv, &flags);
	signals_hold(&set);
	int err = open_all(&server, &why);
	if (!err)
		signal_wait(&set);
	close_all(&server);
	return cli_end("serve", err, &why);
}
