/* penstock verify db: root, counts and flat state of one shard of a database. */
#include <inttypes.h>
#include <stdio.h>

#include "apply/audit.h"
#include "cli.h"
#include "drivers/table.h"

struct flags {
	const char *dir;
	struct pen_shard shard;
	struct pen_hash root;
	bool shard_given, root_given, json;
};

enum { FLAG_SHARD = 1, FLAG_ROOT, FLAG_JSON };

static const struct argp_option options[] = {
	{"shard", FLAG_SHARD, "SHARD", 0, "ShardUId as nearcore prints it, such as s7.v3", 0},
	{"root", FLAG_ROOT, "R", 0, "state root, base58 or hex", 0},
	{"json", FLAG_JSON, NULL, 0, "print the result as JSON", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_SHARD:
		flags->shard = cli_shard(state, "--shard", arg);
		flags->shard_given = true;
		return 0;
	case FLAG_ROOT:
		flags->root = cli_hash(state, "--root", arg);
		flags->root_given = true;
		return 0;
	case FLAG_JSON: flags->json = true; return 0;
	case ARGP_KEY_ARG: flags->dir = cli_one(state, "DIR", flags->dir, arg); return 0;
	case ARGP_KEY_END:
		if (!flags->dir || !flags->shard_given || !flags->root_given)
			argp_error(state, "DIR, --shard and --root are required");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void print_text(const struct flags *flags, const struct pen_audit *audit)
{
	char shard[PEN_SHARD_TEXT_BYTES], root[PEN_HASH_TEXT_BYTES];
	printf("shard %s: ok, root %s\n", pen_shard_text(flags->shard, shard),
		pen_base58(&audit->sum.root, root));
	printf("%" PRIu64 " keys, %" PRIu64 " nodes; %" PRIu64 " distinct entries (%" PRIu64
	       " bytes), %" PRIu64 " references\n",
		audit->sum.keys, audit->sum.nodes, audit->entries, audit->payload_bytes,
		audit->references);
}

/* What is wrong, a line each; the verdict's own sentence comes last. */
static void print_findings(const struct pen_findings *findings)
{
	char text[PEN_FINDING_TEXT_BYTES];
	unsigned kept = pen_findings_kept(findings);
	for (unsigned i = 0; i < kept; i++)
		fprintf(stderr, "%s\n", pen_finding_text(&findings->first[i], text));
	if (findings->total > kept || findings->cut)
		fprintf(stderr, "and %s%" PRIu64 " more\n", findings->cut ? "at least " : "",
			findings->total - kept);
}

static void print_findings_json(const struct pen_findings *findings)
{
	char text[PEN_FINDING_TEXT_BYTES];
	for (unsigned i = 0; i < pen_findings_kept(findings); i++) {
		const struct pen_finding *finding = &findings->first[i];
		printf("%s{\"kind\": \"%s\", \"text\": ", i ? ", " : "",
			pen_finding_word(finding->kind));
		cli_json_string(pen_finding_text(finding, text));
		printf("}");
	}
}

static void print_json(const struct pen_audit *audit, int err, const struct pen_why *why)
{
	char root[PEN_HASH_TEXT_BYTES];
	printf("{\"verdict\": ");
	cli_json_string(err ? pen_err_text(err) : "ok");
	if (err) {
		printf(", \"reason\": ");
		cli_json_string(why->text);
	}
	printf(", \"root\": \"%s\", \"keys\": %" PRIu64 ", \"nodes\": %" PRIu64
	       ", \"entries\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"references\": %" PRIu64,
		pen_base58(&audit->sum.root, root), audit->sum.keys, audit->sum.nodes,
		audit->entries, audit->payload_bytes, audit->references);
	printf(", \"parts\": %" PRIu32 ", \"applied\": %" PRIu32 ", \"wrong\": %" PRIu64
	       ", \"wrong_at_least\": %s, \"findings\": [",
		audit->state.parts, audit->state.applied, audit->findings.total,
		audit->findings.cut ? "true" : "false");
	print_findings_json(&audit->findings);
	printf("]}\n");
}

static int run(const struct flags *flags, struct pen_why *why)
{
	struct pen_audit audit = {0};
	struct pen_sink *sink = NULL;
	int err = pen_sink_open_rocks(flags->dir, false, &sink, why);
	if (!err) {
		err = pen_audit_run(sink, flags->shard, &flags->root, &audit, why);
		sink->ops->shut(sink);
	}
	if (flags->json)
		print_json(&audit, err, why);
	else if (!err)
		print_text(flags, &audit);
	if (err && !flags->json)
		print_findings(&audit.findings);
	return err;
}

int verify_db(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "DIR",
		"Check that the database in DIR holds exactly the state with root R for the shard: "
		"the root, every count, flat state equal to the trie, nothing extra. Exits 4 with "
		"the reason if it does not.",
		NULL, NULL, NULL};
	struct flags flags = {0};
	struct pen_why why = {0};
	cli_parse(&argp, "penstock verify db", argc, argv, &flags);
	return cli_end("verify db", run(&flags, &why), &why);
}
