/* penstock inspect header: the root node of a nearcore state header. */
#include <stdio.h>

#include "cli.h"
#include "part/header.h"

struct flags {
	const char *file;
	struct pen_hash root;
	bool has_root, json;
};

enum { FLAG_ROOT = 1, FLAG_JSON };

static const struct argp_option options[] = {
	{"root", FLAG_ROOT, "R", 0, "accept only this state root, base58 or hex", 0},
	{"json", FLAG_JSON, NULL, 0, "print the result as JSON", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_ROOT:
		flags->root = cli_hash(state, "--root", arg);
		flags->has_root = true;
		return 0;
	case FLAG_JSON: flags->json = true; return 0;
	case ARGP_KEY_ARG: flags->file = cli_one(state, "FILE", flags->file, arg); return 0;
	case ARGP_KEY_END:
		if (!flags->file)
			argp_error(state, "FILE is required");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void print_header(const struct flags *flags, const struct pen_header *header)
{
	char base58[PEN_HASH_TEXT_BYTES], hex[PEN_HASH_HEX_BYTES];
	pen_base58(&header->root, base58);
	pen_hex((struct pen_bytes){header->root.bytes, PEN_HASH_BYTES}, hex);
	printf(flags->json ? "{\"version\": %u, \"root\": \"%s\", \"root_hex\": \"%s\", "
			     "\"memory_usage\": %llu, \"parts\": %llu}\n"
			   : "version       V%u\nstate root    %s\n              %s\n"
			     "memory_usage  %llu\nparts         %llu\n",
		header->version, base58, hex, (unsigned long long)header->memory_usage,
		(unsigned long long)header->parts);
	fprintf(stderr,
		"penstock inspect header: checked that the root node hashes to %s.\n"
		"Not checked: the chunk's own proofs, the receipts, and that the chain knows "
		"the block.\n",
		flags->has_root ? "the root asked for" : "a root that the header itself names");
}

int inspect_header(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "FILE",
		"Show state root, memory_usage and number of parts of a nearcore state header.",
		NULL, NULL, NULL};
	struct flags flags = {0};
	struct pen_why why = {0};
	struct pen_buf file = {0};
	struct pen_header header;
	cli_parse(&argp, "penstock inspect header", argc, argv, &flags);
	int err = cli_read(flags.file, PEN_HEADER_BYTES_MAX, &file, &why);
	if (!err)
		err = pen_header_decode(
			pen_buf_bytes(&file), flags.has_root ? &flags.root : NULL, &header, &why);
	if (!err)
		print_header(&flags, &header);
	pen_buf_fini(&file);
	return cli_end_json("inspect header", flags.json, err, &why);
}
