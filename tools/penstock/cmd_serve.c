/* penstock serve: a store for others to read, until told to stop. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli.h"
#include "front.h"
#include "listen.h"
#include "shelf.h"

/* What is under way when the signal comes gets so long to finish. */
#define SERVE_DRAIN_NS (10 * PEN_NS_PER_S)

struct flags {
	const char *http, *store, *index;
};

enum { FLAG_HTTP = 1, FLAG_STORE, FLAG_INDEX };

static const struct argp_option options[] = {
	{"http", FLAG_HTTP, "ADDR:PORT", 0,
		"where to listen; without ADDR only this machine can connect, port 0 is any free "
		"one",
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
	case FLAG_STORE: flags->store = arg; return 0;
	case FLAG_INDEX: flags->index = arg; return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END:
		if (!flags->http || !flags->store)
			argp_error(state, "--http and --store are required");
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

static int serve(
	const struct flags *flags, struct shelf *shelf, const sigset_t *set, struct pen_why *why)
{
	struct front *front = NULL;
	char url[LISTEN_URL_BYTES];
	struct front_config config = {.store = flags->store, .shelf = shelf};
	int err = listen_open(flags->http, &config.listener, url, why);
	if (!err)
		err = front_open(&config, &front, why);
	if (err)
		return err;
	fprintf(stderr, "penstock serve: %s store %s\n", url, flags->store);
	signal_wait(set);
	front_close(front, SERVE_DRAIN_NS);
	return 0;
}

int cmd_serve(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Serve a store over HTTP, read-only, by path and by state root, until SIGINT or "
		"SIGTERM.",
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
