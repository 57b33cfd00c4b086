/* penstock inspect bounds: where the parts of a state begin, without building its trie. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "make/bounds.h"
#include "make/make.h"
#include "source.h"

struct inspect {
	const char *src;
	uint64_t of;
	bool json;
	struct pen_why why;
};

enum { FLAG_OF = 1 };

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "Print one JSON object", 0},
	{"of", FLAG_OF, "N", 0, "How many parts; nearcore's number if left out", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct inspect *inspect = state->input;
	switch (key) {
	case 'j': inspect->json = true; return 0;
	case FLAG_OF: inspect->of = cli_number(state, "--of", arg, 1, PEN_PARTS_MAX); return 0;
	case ARGP_KEY_ARG: inspect->src = cli_one(state, "SRC", inspect->src, arg); return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which state? SRC is hex:FILE or kv:FILE");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {options, parse, "SRC",
	"Read a whole state, hex:FILE or kv:FILE, and print its number of keys, its memory_usage "
	"and the first key of each part that it is cut into, in hex. Nothing is hashed: it takes a "
	"fraction of the time of `inspect state`, and says no root.",
	NULL, NULL, NULL};

static int print(const struct inspect *inspect, const struct pen_bounds *bounds, uint64_t parts)
{
	char *hex = malloc(2 * PEN_KEY_BYTES_MAX + 1);
	if (!hex)
		return -ENOMEM;
	printf(inspect->json ? "{\"keys\":%llu,\"memory_usage\":%llu,\"parts\":%llu,\"bounds\":["
			     : "keys          %llu\nmemory_usage  %llu\nparts         %llu\n",
		(unsigned long long)bounds->keys, (unsigned long long)bounds->memory_usage,
		(unsigned long long)parts);
	for (uint64_t k = 0; k < parts; k++) {
		struct pen_bytes key = pen_bounds_key(bounds, k);
		const char *text = key.len ? pen_hex(key, hex) : "";
		if (inspect->json)
			printf("%s\"%s\"", k ? "," : "", text);
		else
			printf("part %-8llu %s\n", (unsigned long long)k, key.len ? text : "-");
	}
	if (inspect->json)
		printf("]}\n");
	free(hex);
	return 0;
}

static int run(struct inspect *inspect, const struct source *source, struct pen_bounds *bounds)
{
	uint64_t parts = 0;
	int err = pen_bounds_measure(bounds, &source->from, &inspect->why);
	struct pen_trie_sum sum = {.memory_usage = bounds->memory_usage};
	if (!err)
		err = pen_make_parts(&sum, inspect->of, &parts, &inspect->why);
	if (!err && parts)
		err = pen_bounds_find(bounds, parts, &inspect->why);
	return err ? err : print(inspect, bounds, parts);
}

int inspect_bounds(int argc, char **argv)
{
	struct inspect inspect = {0};
	struct pen_bounds bounds = {0};
	struct source source;
	cli_parse(&argp, "penstock inspect bounds", argc, argv, &inspect);
	int err = source_open(&source, inspect.src, &inspect.why);
	if (!err) {
		err = run(&inspect, &source, &bounds);
		pen_bounds_fini(&bounds);
		source_close(&source);
	}
	return cli_end_json("inspect bounds", inspect.json, err, &inspect.why);
}
