/* penstock generate: write a made-up state as a kv file. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli.h"
#include "make/kv.h"
#include "make/profile.h"
#include "out.h"
#include "stop.h"

/* Looking at the clock and for signals costs nothing once in so many pairs. */
#define LOOK_EVERY 4096
#define PROGRESS_NS (PEN_NS_PER_S / 4)

struct generate {
	const char *profile, *name;
	struct pen_profile_want want;
	struct out out;
	struct pen_why why;
	uint64_t keys, bytes;
	int64_t shown_ns;
	bool seeded, terminal;
};

static const struct argp_option options[] = {
	{"profile", 'p', "NAME", 0, "Which state: mainnet", 0},
	{"keys", 'k', "N", 0, "How many keys, up to 100000000", 0},
	{"seed", 's', "S", 0, "Which of the states of this size", 0},
	{"out", 'o', "FILE", 0, "Where to; '-' is standard output", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct generate *generate = state->input;
	switch (key) {
	case 'p':
		generate->profile = arg;
		if (strcmp(arg, "mainnet"))
			argp_error(state, "--profile is '%s': there is only 'mainnet'", arg);
		return 0;
	case 'k':
		generate->want.keys = cli_number(state, "--keys", arg, 1, PEN_PROFILE_KEYS_MAX);
		return 0;
	case 's':
		generate->want.seed = cli_number(state, "--seed", arg, 0, UINT64_MAX);
		generate->seeded = true;
		return 0;
	case 'o': generate->name = arg; return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END:
		if (!generate->profile || !generate->want.keys || !generate->seeded ||
			!generate->name)
			argp_error(state, "--profile, --keys, --seed and --out are all needed");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {options, parse, NULL,
	"Write the state of a profile, sorted, as records 'u32 klen, u32 vlen, key, value', little "
	"endian. The bytes depend on --keys and --seed alone. FILE appears only when it is whole.",
	NULL, NULL, NULL};

static void show(struct generate *generate, bool last)
{
	int64_t now = pen_clock_ns();
	if (!generate->terminal || (!last && now - generate->shown_ns < PROGRESS_NS))
		return;
	generate->shown_ns = now;
	fprintf(stderr, "\r%llu of %llu keys, %.1f MB%s", (unsigned long long)generate->keys,
		(unsigned long long)generate->want.keys, (double)generate->bytes / 1e6,
		last ? "\n" : "");
}

static int put(void *context, const struct pen_pair *pair)
{
	struct generate *generate = context;
	uint8_t head[PEN_KV_HEAD_BYTES];
	pen_kv_head(pair, head);
	struct pen_bytes parts[] = {{head, sizeof head}, pair->key, pair->value};
	for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
		int err = out_write(&generate->out, parts[i], &generate->why);
		if (err)
			return err;
		generate->bytes += parts[i].len;
	}
	if (++generate->keys % LOOK_EVERY)
		return 0;
	show(generate, false);
	return stop_asked()
		? pen_fail(&generate->why, PEN_EINTERRUPTED, "interrupted; no file was written")
		: 0;
}

static int run(struct generate *generate)
{
	struct pen_profile_plan plan;
	int err = pen_profile_plan(&generate->want, &plan, &generate->why);
	if (err)
		return err;
	err = out_open(&generate->out, generate->name, &generate->why);
	if (err)
		return err;
	err = pen_profile_make(&generate->want, put, generate, &generate->why);
	show(generate, true);
	int closed = out_close(&generate->out, !err, err ? NULL : &generate->why);
	return err ? err : closed;
}

int cmd_generate(int argc, char **argv)
{
	struct generate generate = {.terminal = isatty(STDERR_FILENO)};
	cli_parse(&argp, "penstock generate", argc, argv, &generate);
	stop_install();
	return cli_end("generate", run(&generate), &generate.why);
}
