#include "make_parts.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli.h"
#include "drivers/table.h"
#include "make/convert.h"
#include "set.h"
#include "stop.h"

/* A terminal is redrawn so often; a log gets a line so often. */
#define REDRAW_NS (PEN_NS_PER_S / 4)
#define LINE_NS (10 * PEN_NS_PER_S)

struct run {
	const struct make_parts *want;
	const char *store_dir;
	bool terminal;
	int64_t begun_ns, shown_ns;
	struct pen_disk *disk; /* of the store */
	struct pen_store store;
	struct pen_convert_hand hands[PEN_CREW_JOBS_MAX];
	struct pen_buf only;
	struct pen_convert_sum sum;
};

static int on_part(void *context, const struct pen_convert_sum *sum)
{
	struct run *run = context;
	int64_t now = pen_clock_ns();
	uint64_t done = sum->made + sum->kept + sum->larger + sum->bad;
	double spent = (double)(now - run->begun_ns) / 1e9;
	if (now - run->shown_ns >= (run->terminal ? REDRAW_NS : LINE_NS)) {
		run->shown_ns = now;
		fprintf(stderr, "lean: %llu of %llu parts, %.1f MB, ETA %.0f s%s",
			(unsigned long long)done, (unsigned long long)sum->parts,
			(double)sum->nearcore_bytes / 1e6,
			done ? spent * (double)(sum->parts - done) / (double)done : 0,
			run->terminal ? "   \r" : "\n");
	}
	return stop_asked() ? PEN_EINTERRUPTED : 0;
}

static void on_bad(void *context, const char *path, int err, const struct pen_why *why)
{
	(void)context;
	fprintf(stderr, "penstock make: %s is left out: %s\n", path,
		why->text[0] ? why->text : pen_err_text(err));
}

static int open_all(struct run *run, struct pen_why *why)
{
	const struct make_parts *want = run->want;
	int err = pen_disk_open_dir(want->dir, false, &run->hands[0].from, why);
	if (!err)
		err = pen_disk_open_dir(run->store_dir, want->store != NULL, &run->disk, why);
	struct pen_store_config config = {.disk = run->disk, .write = true};
	if (!err)
		err = pen_store_open(&run->store, &config, why);
	for (unsigned i = 0; i < want->jobs && !err; i++) {
		if (i)
			err = pen_disk_open_dir(want->dir, false, &run->hands[i].from, why);
		if (!err)
			err = pen_disk_open_dir(run->store_dir, false, &run->hands[i].to, why);
	}
	return err;
}

static void close_all(struct run *run)
{
	for (unsigned i = 0; i < run->want->jobs; i++) {
		pen_disk_shut(run->hands[i].from);
		pen_disk_shut(run->hands[i].to);
	}
	pen_store_close(&run->store);
	pen_disk_shut(run->disk);
	pen_buf_fini(&run->only);
}

static void print(const struct run *run)
{
	const struct pen_convert_sum *sum = &run->sum;
	printf(run->want->json
			? "{\"parts\":%llu,\"made\":%llu,\"kept\":%llu,\"larger\":%llu,\"bad\":%"
			  "llu,"
			  "\"nearcore_bytes\":%llu,\"content_bytes\":%llu,\"stored_bytes\":%llu,"
			  "\"jobs\":%u,\"seconds\":%.3f}\n"
			: "%llu parts in nearcore form: %llu lean files made, %llu were there, "
			  "%llu "
			  "would be more than 2 %% + 4 KiB larger and were not written, %llu bad; "
			  "%llu bytes read, %llu bytes of frames, %llu stored\n%u workers, %.2f "
			  "s\n",
		(unsigned long long)sum->parts, (unsigned long long)sum->made,
		(unsigned long long)sum->kept, (unsigned long long)sum->larger,
		(unsigned long long)sum->bad, (unsigned long long)sum->nearcore_bytes,
		(unsigned long long)sum->raw_bytes, (unsigned long long)sum->stored_bytes,
		run->want->jobs, (double)(pen_clock_ns() - run->begun_ns) / 1e9);
}

/* What was made stands, also where other files are bad. */
static int verdict(const struct run *run, struct pen_why *why)
{
	return run->sum.bad ? pen_fail(why, PEN_EVERIFY, "%llu of %llu files in %s are bad",
				      (unsigned long long)run->sum.bad,
				      (unsigned long long)run->sum.parts, run->want->dir)
			    : 0;
}

int make_parts_run(const struct make_parts *want, bool *printed, struct pen_why *why)
{
	struct run run = {.want = want,
		.store_dir = want->store ? want->store : want->dir,
		.terminal = isatty(STDERR_FILENO)};
	struct pen_convert convert = {.hands = run.hands,
		.jobs = want->jobs,
		.store = &run.store,
		.labels = want->labels,
		.level = want->level,
		.n = want->n,
		.watch = on_part,
		.bad = on_bad,
		.context = &run};
	run.begun_ns = run.shown_ns = pen_clock_ns();
	int err = want->parts ? set_parse(want->parts, want->n, &run.only, why) : 0;
	convert.only = want->parts ? run.only.at : NULL;
	if (!err)
		err = open_all(&run, why);
	if (!err)
		err = pen_convert_run(&convert, &run.sum, why);
	if (run.terminal)
		fprintf(stderr, "\033[K");
	if (!err) {
		print(&run);
		*printed = true;
		err = verdict(&run, why);
	}
	close_all(&run);
	return err;
}
