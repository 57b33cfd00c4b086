/* penstock: one binary, one verb at a time. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "drivers/table.h"
#include "engine.h"
#include "streams.h"

static const struct cli_verb verbs[] = {
	{"generate", "write a made-up state to measure on", cmd_generate},
	{"make", "cut a state into parts and put them into a store", cmd_make},
	{"inspect", "show what a state, a part or a header holds", cmd_inspect},
	{"fetch", "copy parts or an object from servers into a store", cmd_fetch},
	{"sync", "fetch, prove and apply the parts of a state", cmd_sync},
	{"serve", "serve a store to others", cmd_serve},
	{"verify", "prove a part, a store or a database", cmd_verify},
	{0},
};

static void print_help(FILE *out)
{
	fprintf(out,
		"Usage: penstock VERB [FLAG...]\n"
		"Move blockchain state parts, prove them and apply them.\n\n");
	for (size_t i = 0; verbs[i].name; i++)
		fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(out,
		"\n'penstock VERB --help' lists a verb's flags. Exit codes: 0 done, 1 bug, "
		"2 usage or refused,\n3 not found, 4 bad bytes, 5 stalled, 6 network, "
		"7 interrupted, 8 disk full, 9 machine says no.\n");
}

static void print_version(void)
{
	printf("penstock %s\ndrivers:", pen_version());
	for (const char *const *name = pen_driver_names(); *name; name++)
		printf(" %s", *name);
	printf("\n");
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return PEN_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return PEN_EXIT_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		print_version();
		return PEN_EXIT_OK;
	}
	for (size_t i = 0; verbs[i].name; i++) {
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "penstock: no verb '%s'; 'penstock --help' lists them\n", argv[1]);
	return PEN_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	streams_open();
	return streams_code(run(argc, argv));
}
