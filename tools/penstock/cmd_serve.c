/* penstock serve: a store for others to read, until told to stop. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli.h"
#include "front.h"
#include "hall.h"
#include "listen.h"
#include "shelf.h"

/* What is under way when the signal comes gets so long to finish. */
#define SERVE_DRAIN_NS (10 * PEN_NS_PER_S)

/* UDP addresses of one server. */
#define SERVE_HALLS_MAX 8u

struct flags {
	const char *http, *store, *index;
	const char *listen[SERVE_HALLS_MAX];
	unsigned listen_count;
};

enum { FLAG_HTTP = 1, FLAG_STORE, FLAG_INDEX, FLAG_LISTEN };

static const struct argp_option options[] = {
	{"http", FLAG_HTTP, "ADDR:PORT", 0,
		"where to listen; without ADDR only this machine can connect, port 0 is any free "
		"one",
		0},
	{"listen", FLAG_LISTEN, "ADDR:PORT", 0,
		"where to serve by UDP, for penstock fetch; may be repeated; without ADDR as "
		"--http",
		0},
	{"store", FLAG_STORE, "DIR", 0, "the store; nearcore's own dump is one", 0},
	{"index", FLAG_INDEX, "DIR", 0,
		"keep the index here instead of in the store, which may then be read-only", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_HTTP: flags->http = arg; return 0;
	case FLAG_LISTEN:
		if (flags->listen_count == SERVE_HALLS_MAX)
			argp_error(state, "at most %u times --listen", SERVE_HALLS_MAX);
		flags->listen[flags->listen_count++] = arg;
		return 0;
	case FLAG_STORE: flags->store = arg; return 0;
	case FLAG_INDEX: flags->index = arg; return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END:
		if ((!flags->http && !flags->listen_count) || !flags->store)
			argp_error(state, "--store and --http or --listen are required");
		return 0;
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

static int front_start(
	const struct flags *flags, struct shelf *shelf, struct front **front, struct pen_why *why)
{
	char url[LISTEN_URL_BYTES];
	struct front_config config = {.store = flags->store, .shelf = shelf};
	if (!flags->http)
		return 0;
	int err = listen_open(flags->http, &config.listener, url, why);
	if (!err)
		err = front_open(&config, front, why);
	if (!err)
		fprintf(stderr, "penstock serve: %s store %s\n", url, flags->store);
	return err;
}

/* Open every address; those that are open stay so when one fails. */
static int halls_open(
	const struct flags *flags, struct shelf *shelf, struct hall **halls, struct pen_why *why)
{
	struct identity identity;
	char text[ENDPOINT_TEXT_BYTES];
	int err = flags->listen_count ? identity_load(flags->store, flags->index, &identity, why)
				      : 0;
	for (unsigned i = 0; !err && i < flags->listen_count; i++) {
		struct hall_config config = {.core = (uint8_t)i,
			.identity = &identity,
			.store = flags->store,
			.index = flags->index,
			.shelf = shelf};
		err = endpoint_parse(flags->listen[i], true, &config.at, why);
		if (!err)
			err = hall_open(&config, &halls[i], why);
		if (!err)
			fprintf(stderr, "penstock serve: udp %s store %s\n",
				endpoint_text(&config.at, text), flags->store);
	}
	return err;
}

static int serve(
	const struct flags *flags, struct shelf *shelf, const sigset_t *set, struct pen_why *why)
{
	struct front *front = NULL;
	struct hall *halls[SERVE_HALLS_MAX] = {0};
	int err = halls_open(flags, shelf, halls, why);
	if (!err)
		err = front_start(flags, shelf, &front, why);
	if (!err)
		signal_wait(set);
	for (unsigned i = 0; i < flags->listen_count; i++)
		hall_close(halls[i]);
	if (front)
		front_close(front, SERVE_DRAIN_NS);
	return err;
}

int cmd_serve(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Serve a store, read-only, until SIGINT or SIGTERM: over HTTP by path and by state "
		"root, by UDP to penstock fetch.",
		NULL, NULL, NULL};
	struct flags flags = {0};
	struct shelf *shelf = NULL;
	struct pen_why why = {0};
	sigset_t set;
	cli_parse(&argp, "penstock serve", argc, argv, &flags);
	signals_hold(&set);
	const struct shelf_config config = {flags.store, flags.index};
	int err = shelf_open(&config, &shelf, &why);
	if (!err)
		err = serve(&flags, shelf, &set, &why);
	shelf_close(shelf);
	return cli_end("serve", err, &why);
}
