/* penstock inspect state: what a state amounts to. */
#include <stdio.h>

#include "cli.h"
#include "make/state.h"
#include "source.h"

struct inspect {
	const char *src;
	bool json;
	struct pen_why why;
};

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "Print one JSON object", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct inspect *inspect = state->input;
	switch (key) {
	case 'j': inspect->json = true; return 0;
	case ARGP_KEY_ARG: inspect->src = cli_one(state, "SRC", inspect->src, arg); return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which state? SRC is hex:FILE or kv:FILE");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {options, parse, "SRC",
	"Read a whole state, hex:FILE (lines 'key value' in hex, '-' for no bytes) or kv:FILE "
	"(records 'u32 klen, u32 vlen, key, value', little endian), and print its number of keys, "
	"its root, its memory_usage and the number of parts that nearcore cuts it into.",
	NULL, NULL, NULL};

static void print(const struct inspect *inspect, const struct pen_trie_sum *sum)
{
	char base58[PEN_HASH_TEXT_BYTES], hex[PEN_HASH_HEX_BYTES];
	pen_base58(&sum->root, base58);
	pen_hex((struct pen_bytes){sum->root.bytes, PEN_HASH_BYTES}, hex);
	printf(inspect->json ? "{\"keys\":%llu,\"root\":\"%s\",\"root_hex\":\"%s\","
			       "\"memory_usage\":%llu,\"parts\":%llu}\n"
			     : "keys          %llu\nroot          %s\nroot (hex)    %s\n"
			       "memory_usage  %llu\nparts         %llu\n",
		(unsigned long long)sum->keys, base58, hex, (unsigned long long)sum->memory_usage,
		(unsigned long long)pen_part_count(sum->memory_usage));
}

int inspect_state(int argc, char **argv)
{
	struct inspect inspect = {0};
	cli_parse(&argp, "penstock inspect state", argc, argv, &inspect);
	struct source source;
	struct pen_trie_sum sum;
	int err = source_open(&source, inspect.src, &inspect.why);
	if (!err) {
		err = pen_state_sum(&source.pairs, NULL, &sum, &inspect.why);
		source_close(&source);
	}
	if (!err)
		print(&inspect, &sum);
	return cli_end_json("inspect state", inspect.json, err, &inspect.why);
}
