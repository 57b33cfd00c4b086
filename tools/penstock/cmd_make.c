/* penstock make: cut a state into parts and put them into a store. */
#include <string.h>
#include <unistd.h>

#include "base/thread.h"
#include "cli.h"
#include "drivers/table.h"
#include "make/crew.h"
#include "make/make.h"
#include "make_parts.h"
#include "make_report.h"
#include "part/envelope.h"
#include "part/lean.h"
#include "raw.h"
#include "set.h"
#include "source.h"
#include "stop.h"

struct make {
	const char *from, *store_dir, *epoch_id;
	struct pen_make_want want;
	uint64_t of;
	bool height_given, shard_given;
	const char *parts; /* --parts, read once N is known */
	uint64_t jobs;
	uint64_t memory; /* --memory, 0: no cap */
	struct pen_make_budget budget;
	struct make_report report;
	struct source source;
	struct pen_make_hand hands[PEN_CREW_JOBS_MAX];
	struct pen_disk *disk;
	struct pen_store store;
	struct pen_survey survey;
	struct pen_make_time survey_time;
	struct pen_buf only;
	struct pen_make_sum sum;
	struct pen_why why;
};

enum {
	KEY_CHAIN = 256,
	KEY_HEIGHT,
	KEY_EPOCH,
	KEY_SHARD,
	KEY_OF,
	KEY_PARTS,
	KEY_FORM,
	KEY_LEVEL,
	KEY_JOBS,
	KEY_MEMORY,
	KEY_JSON,
};

static const struct argp_option options[] = {
	{"from", 'f', "SRC", 0,
		"The state: hex:FILE or kv:FILE; or parts:DIR, parts in nearcore form of which "
		"--form lean makes lean ones; or with --form raw file:FILE, any file",
		0},
	{"store", 's', "DIR", 0,
		"The store; made if it is missing. With parts:DIR it may be left out: DIR", 0},
	{"chain", KEY_CHAIN, "ID", 0, "Label: the chain, such as mainnet", 0},
	{"epoch-height", KEY_HEIGHT, "H", 0, "Label: the epoch's height", 0},
	{"epoch-id", KEY_EPOCH, "HASH", 0, "Label: the epoch's id in base58", 0},
	{"shard", KEY_SHARD, "S", 0, "Label: the shard's number", 0},
	{"of", KEY_OF, "N", 0, "How many parts; nearcore's number if left out", 0},
	{"parts", KEY_PARTS, "SET", 0, "Make only these, such as 0-9,17", 0},
	{"form", KEY_FORM, "FORM", 0, "Form of the parts: nearcore (default), lean or both; or raw",
		0},
	{"level", KEY_LEVEL, "L", 0,
		"zstd level, -22 to 22, lean -5 to 19 (default 1, as nearcore)", 0},
	{"jobs", KEY_JOBS, "J", 0, "Workers (default: a CPU each)", 0},
	{"memory", KEY_MEMORY, "SIZE", 0, "Hold no more than this, such as 1GiB", 0},
	{"json", KEY_JSON, NULL, 0, "Print one JSON object", 0},
	{0},
};

static int parse_level(struct argp_state *state, const char *text)
{
	uint64_t level = 0;
	bool minus = *text == '-';
	if (pen_number_parse(text + minus, PEN_LEVEL_MAX, &level))
		argp_error(state, "--level is '%s': expected a number from %d to %d", text,
			PEN_LEVEL_MIN, PEN_LEVEL_MAX);
	return minus ? -(int)level : (int)level;
}

static unsigned parse_form(struct argp_state *state, const char *text)
{
	const unsigned both = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN;
	enum pen_form form;
	if (!strcmp(text, "both"))
		return both;
	if (pen_form_parse(text, &form))
		argp_error(state, "--form is '%s': expected nearcore, lean, both or raw", text);
	return 1u << form;
}

/* The directory of --from parts:DIR, or NULL. */
static const char *parts_dir(const struct make *make)
{
	return make->from && !strncmp(make->from, "parts:", 6) ? make->from + 6 : NULL;
}

/* The file of --from file:FILE, or NULL. */
static const char *raw_path(const struct make *make)
{
	return make->from && !strncmp(make->from, "file:", 5) ? make->from + 5 : NULL;
}

/* An object has a root and nothing else. */
static void check_raw(struct argp_state *state, const struct make *make)
{
	if (!raw_path(make) || !*raw_path(make))
		argp_error(state, "--form raw needs --from file:FILE");
	if (make->want.forms != 1u << PEN_FORM_RAW)
		argp_error(state, "--from file:FILE makes a raw object: --form raw is needed");
	if (!make->store_dir)
		argp_error(state, "--store is needed");
	if (*make->want.labels.chain || make->height_given || make->epoch_id || make->shard_given ||
		make->of || make->parts || make->memory)
		argp_error(state, "a raw object has no labels and no parts");
}

/* Parts have labels of their own, as the names of their directories. */
static void check_parts(struct argp_state *state, const struct make *make)
{
	unsigned given = (*make->want.labels.chain != 0) + make->height_given +
		(make->epoch_id != NULL) + make->shard_given;
	if (make->want.forms != 1u << PEN_FORM_LEAN)
		argp_error(state, "--from parts:DIR makes lean parts: --form lean is needed");
	if (given != 0 && given != 4)
		argp_error(state, "--chain, --epoch-height, --epoch-id and --shard: all or none");
	if (make->parts && !make->of)
		argp_error(state, "--parts needs --of here");
	if (make->memory)
		argp_error(state, "--memory is for states, not for --from parts:DIR");
}

static void check_level(struct argp_state *state, const struct make *make)
{
	int level = make->want.level;
	if (make->want.forms & 1u << PEN_FORM_LEAN &&
		(level < PEN_LEAN_LEVEL_MIN || level > PEN_LEAN_LEVEL_MAX))
		argp_error(state, "--level is %d: lean parts are made at levels from %d to %d",
			level, PEN_LEAN_LEVEL_MIN, PEN_LEAN_LEVEL_MAX);
}

static void check_all_given(struct argp_state *state, const struct make *make)
{
	check_level(state, make);
	if (raw_path(make) || make->want.forms >> PEN_FORM_RAW & 1) {
		check_raw(state, make);
		return;
	}
	if (parts_dir(make)) {
		check_parts(state, make);
		return;
	}
	const struct {
		const char *flag;
		bool given;
	} needed[] = {{"--from", make->from}, {"--store", make->store_dir},
		{"--chain", *make->want.labels.chain}, {"--epoch-height", make->height_given},
		{"--epoch-id", make->epoch_id}, {"--shard", make->shard_given}};
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		if (!needed[i].given)
			argp_error(state, "%s is needed", needed[i].flag);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct make *make = state->input;
	struct pen_labels *labels = &make->want.labels;
	switch (key) {
	case 'f': make->from = arg; return 0;
	case 's': make->store_dir = arg; return 0;
	case KEY_CHAIN: cli_chain(state, "--chain", arg, labels->chain); return 0;
	case KEY_HEIGHT:
		labels->epoch_height = cli_number(state, "--epoch-height", arg, 0, UINT64_MAX);
		make->height_given = true;
		return 0;
	case KEY_EPOCH:
		labels->epoch_id = cli_hash(state, "--epoch-id", arg);
		make->epoch_id = arg;
		return 0;
	case KEY_SHARD:
		labels->shard = cli_shard_number(state, "--shard", arg);
		make->shard_given = true;
		return 0;
	case KEY_OF: make->of = cli_number(state, "--of", arg, 1, PEN_PARTS_MAX); return 0;
	case KEY_FORM: make->want.forms = parse_form(state, arg); return 0;
	case KEY_LEVEL: make->want.level = parse_level(state, arg); return 0;
	case KEY_PARTS: make->parts = arg; return 0;
	case KEY_JOBS:
		make->jobs = cli_number(state, "--jobs", arg, 1, PEN_CREW_JOBS_MAX);
		return 0;
	case KEY_MEMORY:
		if (pen_size_parse(arg, &make->memory) || !make->memory)
			argp_error(state, "--memory is '%s': expected a size such as 1GiB", arg);
		return 0;
	case KEY_JSON: make->report.json = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END: check_all_given(state, make); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {options, parse, NULL,
	"Cut a whole state into N parts as nearcore does, and put them into a store in nearcore's "
	"layout, in nearcore form, in lean form (smaller, for other Penstocks) or in both. Parts "
	"that are there already are proved and kept; run it again after an "
	"interruption and it goes on. --form raw takes any file as it is, under the root of its "
	"blocks.",
	NULL, NULL, NULL};

static int on_survey(void *context, uint64_t keys, uint64_t bytes, uint64_t of)
{
	struct make *make = context;
	make_report_survey(&make->report, keys, bytes, of);
	return stop_asked() ? PEN_EINTERRUPTED : 0;
}

static int on_part(void *context, const struct pen_make_sum *sum)
{
	struct make *make = context;
	make_report_part(&make->report, sum);
	return stop_asked() ? PEN_EINTERRUPTED : 0;
}

static int open_store(struct make *make)
{
	int err = pen_disk_open_dir(make->store_dir, true, &make->disk, &make->why);
	if (err)
		return err;
	struct pen_store_config config = {.disk = make->disk, .write = true};
	return pen_store_open(&make->store, &config, &make->why);
}

/* Every worker reads and writes through disks of its own. */
static int open_hands(struct make *make)
{
	int err = 0;
	for (uint64_t i = 0; i < make->jobs && !err; i++) {
		err = source_disk(&make->source, &make->hands[i].source, &make->why);
		if (!err)
			err = pen_disk_open_dir(
				make->store_dir, false, &make->hands[i].store, &make->why);
	}
	return err;
}

static void close_hands(struct make *make)
{
	for (uint64_t i = 0; i < make->jobs; i++) {
		pen_disk_shut(make->hands[i].source);
		pen_disk_shut(make->hands[i].store);
	}
}

/* N, and which parts of N. */
static int settle(struct make *make)
{
	int err = pen_make_parts(&make->survey.sum, make->of, &make->want.parts, &make->why);
	const struct pen_make_budget_ask ask = {
		(unsigned)make->jobs, make->want.forms, make->memory};
	if (!err)
		err = pen_make_budget_settle(&make->survey, &ask, &make->budget, &make->why);
	if (err || !make->parts)
		return err;
	err = set_parse(make->parts, make->want.parts, &make->only, &make->why);
	make->want.only = make->only.at;
	return err;
}

/* The store is locked before the state is read: who is second hears of it at once. */
static int run(struct make *make)
{
	struct pen_survey_watch looking = {on_survey, make};
	struct pen_make_watch watch = {on_part, make};
	int err = source_open(&make->source, make->from, &make->why);
	if (!err)
		err = open_store(make);
	if (!err)
		err = open_hands(make);
	struct pen_make with = {.from = make->source.from,
		.hands = make->hands,
		.jobs = (unsigned)make->jobs,
		.store = &make->store,
		.watch = &watch};
	make_report_begin(&make->report);
	if (!err)
		err = pen_make_survey(
			&with, &looking, &make->survey, &make->survey_time, &make->why);
	if (!err)
		err = settle(make);
	make_report_parts_begin(&make->report);
	with.scratch = make->budget.scratch;
	if (!err)
		err = pen_make_run(&with, &make->survey, &make->want, &make->sum, &make->why);
	make_report_end(&make->report);
	return err;
}

static void print(const struct make *make)
{
	const struct make_report_all all = {.sum = &make->sum,
		.survey = &make->survey,
		.survey_time = &make->survey_time,
		.budget = &make->budget,
		.forms = make->want.forms,
		.jobs = (unsigned)make->jobs};
	make_report_print(&make->report, &all);
}

static int run_parts(const struct make *make, bool *printed, struct pen_why *why)
{
	const struct make_parts want = {.dir = parts_dir(make),
		.store = make->store_dir,
		.labels = make->epoch_id ? &make->want.labels : NULL,
		.n = (uint32_t)make->of,
		.parts = make->parts,
		.jobs = (unsigned)make->jobs,
		.level = make->want.level,
		.json = make->report.json};
	return make_parts_run(&want, printed, why);
}

int cmd_make(int argc, char **argv)
{
	bool printed = false;
	struct make make = {.want.level = PEN_LEVEL_DEFAULT,
		.want.forms = 1u << PEN_FORM_NEARCORE,
		.report.terminal = isatty(STDERR_FILENO),
		.jobs = pen_cpu_count() < PEN_CREW_JOBS_MAX ? pen_cpu_count() : PEN_CREW_JOBS_MAX};
	cli_parse(&argp, "penstock make", argc, argv, &make);
	stop_install();
	if (raw_path(&make)) {
		const struct raw_make raw = {raw_path(&make), make.store_dir, make.report.json};
		return cli_end_json("make", make.report.json, raw_make(&raw, &make.why), &make.why);
	}
	if (parts_dir(&make)) {
		int code = run_parts(&make, &printed, &make.why);
		return cli_end_json("make", make.report.json && !printed, code, &make.why);
	}
	int err = run(&make);
	if (!err)
		print(&make);
	pen_survey_fini(&make.survey);
	pen_buf_fini(&make.only);
	close_hands(&make);
	pen_store_close(&make.store);
	pen_disk_shut(make.disk);
	source_close(&make.source);
	return cli_end_json("make", make.report.json, err, &make.why);
}
