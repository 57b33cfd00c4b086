/* penstock verify part: the verdict that nearcore would give. */
#include <stdio.h>

#include "cli.h"
#include "part/judge.h"
#include "raw.h"

struct flags {
	const char *file;
	struct pen_part_id id;
	bool root, part, of, bare, json;
	bool raw; /* --form raw, or a name that says it */
};

enum { FLAG_ROOT = 1, FLAG_PART, FLAG_OF, FLAG_FORM, FLAG_BARE, FLAG_JSON };

static const struct argp_option options[] = {
	{"root", FLAG_ROOT, "R", 0, "state root, base58 or hex", 0},
	{"part", FLAG_PART, "K", 0, "number of the part, from 0", 0},
	{"of", FLAG_OF, "N", 0, "number of parts in all", 0},
	{"form", FLAG_FORM, "FORM", 0, "raw: FILE is the raw object with root R, no part", 0},
	{"bare", FLAG_BARE, NULL, 0, "a PartialState without envelope (before protocol 82)", 0},
	{"json", FLAG_JSON, NULL, 0, "print the result as JSON", 0},
	{0},
};

/* A raw object may be called by its root, and has no number. */
static void check_given(struct argp_state *state, struct flags *flags)
{
	struct pen_hash named;
	if (!flags->file)
		argp_error(state, "FILE is required");
	flags->raw = flags->raw || raw_named(flags->file, &named);
	if (flags->raw && (flags->part || flags->of || flags->bare))
		argp_error(state, "a raw object has no --part, --of and --bare");
	if (!flags->raw && (!flags->root || !flags->part || !flags->of))
		argp_error(state, "FILE, --root, --part and --of are required");
}

static void parse_form(struct argp_state *state, struct flags *flags, const char *text)
{
	enum pen_form form;
	if (pen_form_parse(text, &form) || form != PEN_FORM_RAW)
		argp_error(state, "--form is '%s': expected raw; parts say theirs", text);
	flags->raw = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_ROOT:
		flags->id.root = cli_hash(state, "--root", arg);
		flags->root = true;
		return 0;
	case FLAG_PART:
		flags->id.k = cli_number(state, "--part", arg, 0, UINT64_MAX - 1);
		flags->part = true;
		return 0;
	case FLAG_OF:
		flags->id.n = cli_number(state, "--of", arg, 0, UINT64_MAX);
		flags->of = true;
		return 0;
	case FLAG_FORM: parse_form(state, flags, arg); return 0;
	case FLAG_BARE: flags->bare = true; return 0;
	case FLAG_JSON: flags->json = true; return 0;
	case ARGP_KEY_ARG: flags->file = cli_one(state, "FILE", flags->file, arg); return 0;
	case ARGP_KEY_END: check_given(state, flags); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void print_counts(
	const struct flags *flags, enum pen_form form, const struct pen_part_counts *counts)
{
	printf(flags->json
			? "{\"verdict\": \"ok\", \"form\": \"%s\", \"part\": %llu, \"of\": %llu, "
			  "\"entries\": %llu, \"bytes\": %llu, \"keys\": %llu, "
			  "\"nodes\": %llu, \"proof_nodes\": %llu}\n"
			: "%s part %llu of %llu: ok, %llu entries (%llu bytes): %llu keys, "
			  "%llu nodes, %llu entries that only prove\n",
		pen_form_text(form), (unsigned long long)flags->id.k,
		(unsigned long long)flags->id.n, (unsigned long long)counts->entries,
		(unsigned long long)counts->bytes, (unsigned long long)counts->values,
		(unsigned long long)counts->nodes, (unsigned long long)counts->proof_nodes);
}

static int run(const struct flags *flags, struct pen_why *why)
{
	struct pen_buf file = {0};
	struct pen_judge judge = {.bare = flags->bare};
	struct pen_part_counts counts;
	int err = cli_read(flags->file, PEN_PART_FILE_BYTES_MAX, &file, why);
	if (!err)
		err = pen_judge_part(&judge, &flags->id, pen_buf_bytes(&file), why);
	if (!err) {
		pen_judge_counts(&judge, &counts);
		print_counts(flags, judge.form, &counts);
	}
	pen_judge_fini(&judge);
	pen_buf_fini(&file);
	return err;
}

int verify_part(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "FILE",
		"Prove that FILE, in nearcore or lean form, is part K of N of the state with root "
		"R. Exits 4 with nearcore's own reason if it is not, or with ours for lean form. "
		"A FILE called raw/ROOT is a raw object, and proved to be that.",
		NULL, NULL, NULL};
	struct flags flags = {0};
	struct pen_why why = {0};
	cli_parse(&argp, "penstock verify part", argc, argv, &flags);
	int err = flags.raw
		? raw_verify(flags.file, flags.root ? &flags.id.root : NULL, flags.json, &why)
		: run(&flags, &why);
	if (err && flags.json) {
		printf("{\"verdict\": ");
		cli_json_string(pen_err_text(err));
		printf(", \"reason\": ");
		cli_json_string(why.text);
		printf("}\n");
	}
	return cli_end("verify part", err, &why);
}
