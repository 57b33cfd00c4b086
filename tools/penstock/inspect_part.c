/* penstock inspect part: what is in a part's file, whatever it claims to be. */
#include <stdio.h>

#include "cli.h"
#include "inspect_lean.h"
#include "part/judge.h"
#include "part/node.h"
#include "part/partial.h"
#include "raw.h"

struct flags {
	const char *file;
	bool raw, bare, json;
};

enum { FLAG_RAW = 1, FLAG_BARE, FLAG_JSON };

static const struct argp_option options[] = {
	{"raw", FLAG_RAW, NULL, 0, "write the uncompressed PartialState to stdout, nothing else",
		0},
	{"bare", FLAG_BARE, NULL, 0, "a PartialState without envelope (before protocol 82)", 0},
	{"json", FLAG_JSON, NULL, 0, "print the result as JSON", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_RAW: flags->raw = true; return 0;
	case FLAG_BARE: flags->bare = true; return 0;
	case FLAG_JSON: flags->json = true; return 0;
	case ARGP_KEY_ARG: flags->file = cli_one(state, "FILE", flags->file, arg); return 0;
	case ARGP_KEY_END:
		if (!flags->file)
			argp_error(state, "FILE is required");
		if (flags->raw && flags->json)
			argp_error(state, "--raw and --json exclude each other");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* Entries by what their bytes could be: a value may look like a node, so this is a reading only. */
struct kinds {
	uint32_t leaves, branches, value_branches, extensions, others;
	size_t largest; /* bytes */
};

static void count_entry(struct kinds *kinds, struct pen_bytes entry)
{
	struct pen_node node;
	if (entry.len > kinds->largest)
		kinds->largest = entry.len;
	if (pen_node_decode(entry, &node)) {
		kinds->others++;
		return;
	}
	kinds->leaves += node.kind == PEN_LEAF;
	kinds->branches += node.kind == PEN_BRANCH;
	kinds->value_branches += node.kind == PEN_BRANCH_VALUE;
	kinds->extensions += node.kind == PEN_EXTENSION;
}

/* Whether the entries stand in order, as nearcore writes them. */
static bool is_sorted(const struct pen_bytes *entries, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		if (pen_bytes_compare(entries[i - 1], entries[i]) >= 0)
			return false;
	}
	return true;
}

static void print_part(const struct flags *flags, size_t stored,
	const struct pen_envelope *envelope, const struct pen_bytes *entries, uint32_t count)
{
	static const char *const forms[] = {"V0", "V1 zstd", "bare"};
	struct kinds kinds = {0};
	for (uint32_t i = 0; i < count; i++)
		count_entry(&kinds, entries[i]);
	printf(flags->json ? "{\"form\": \"nearcore\", \"envelope\": \"%s\", \"stored_bytes\": "
			     "%zu, \"payload_bytes\": %zu, "
			     "\"content_bytes\": %zu, \"entries\": %u, \"sorted\": %s, "
			     "\"like_leaves\": %u, \"like_branches\": %u, "
			     "\"like_value_branches\": %u, \"like_extensions\": %u, "
			     "\"others\": %u, \"largest_entry_bytes\": %zu}\n"
			   : "form           nearcore\nenvelope       %s\nstored         %zu "
			     "bytes\npayload        %zu bytes\n"
			     "content        %zu bytes\nentries        %u\nsorted         %s\n"
			     "like a leaf    %u\nlike a branch  %u\nwith value     %u\n"
			     "like extension %u\nvalues         %u\nlargest entry  %zu bytes\n",
		forms[envelope->kind], stored, envelope->payload.len, envelope->content.len, count,
		flags->json ? (is_sorted(entries, count) ? "true" : "false")
			    : (is_sorted(entries, count) ? "yes" : "no"),
		kinds.leaves, kinds.branches, kinds.value_branches, kinds.extensions, kinds.others,
		kinds.largest);
}

static int inspect_nearcore(const struct flags *flags, struct pen_bytes stored, struct pen_why *why)
{
	struct pen_buf plain = {0}, list = {0};
	struct pen_zstd zstd = {0};
	struct pen_envelope envelope;
	uint32_t count;
	int err = pen_envelope_open(&zstd, stored, flags->bare, &plain, &envelope, why);
	if (!err)
		err = pen_partial_decode(envelope.content, &list, &count, why);
	if (!err && flags->raw)
		err = cli_write_bytes(envelope.content, why);
	else if (!err)
		print_part(flags, stored.len, &envelope, (const struct pen_bytes *)(void *)list.at,
			count);
	pen_zstd_fini(&zstd);
	pen_buf_fini(&list);
	pen_buf_fini(&plain);
	return err;
}

static int run(const struct flags *flags, struct pen_why *why)
{
	struct pen_buf file = {0};
	int err = cli_read(flags->file, PEN_PART_FILE_BYTES_MAX, &file, why);
	struct pen_bytes stored = pen_buf_bytes(&file);
	if (err || flags->bare || pen_judge_form(stored) != PEN_FORM_LEAN)
		err = err ? err : inspect_nearcore(flags, stored, why);
	else if (flags->raw)
		err = inspect_lean_raw(stored, why);
	else
		err = inspect_lean_print(stored, flags->json, why);
	pen_buf_fini(&file);
	return err;
}

int inspect_part(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "FILE",
		"Show what a part in nearcore or lean form holds. Nothing is proved: see 'penstock "
		"verify part'. --raw of a lean part is what nearcore would have made, and is "
		"proved against the root that the part names. A FILE called raw/ROOT is a raw "
		"object.",
		NULL, NULL, NULL};
	struct flags flags = {0};
	struct pen_why why = {0};
	cli_parse(&argp, "penstock inspect part", argc, argv, &flags);
	struct pen_hash named;
	int err = !flags.raw && !flags.bare && raw_named(flags.file, &named)
		? raw_inspect(flags.file, flags.json, &why)
		: run(&flags, &why);
	return cli_end_json("inspect part", flags.json, err, &why);
}
