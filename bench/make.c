/*
 * make: a whole state's parts in nearcore form, out of a file that lies in memory.
 *
 * On one core without compression, against nearcore's own way in memory (bench/rebuild.h) with the
 * same hash kernel; the rival has the state's sorted flat pairs and its nodes by hash:
 *
 *   make/part    every part, cut out of a surveyed file (make/cut.h); both sides hash the values
 *   make/state   every part and the survey before it: all that is hashed is hashed in here
 *   make/lean    every part in lean form and compressed, against nearcore's way and compressed:
 * both with zstd level 1
 *
 * Whether that rival is a fair one shows in its rate: nearcore itself makes 24 to 27 MB of
 * PartialState a second on a core like ours, with zstd level 1 inside; below that the ratio is
 * void.
 *
 * And with its workers, as `penstock make` runs, but for the disk (bench/whole.h):
 *
 *   make/scaling        zstd level 1, two workers against one, divided by what the bare hash
 *                       kernel gains from a second thread in the same round
 *   make/scaling-plain  the same without compression
 *   make/nearcore       zstd level 1, one worker, CPU time of all threads, against what nearcore's
 *                       own code reached: a constant, for that code is not run here. Parts of a
 *                       surveyed state, because nearcore's reading begins with a database that
 *                       holds every node of the trie by hash: the survey is what we have of that
 *   make/nearcore-file  the same out of a file of keys and values alone, the survey included
 */
#include <stdio.h>

#include "bench/memfile.h"
#include "bench/messages.h"
#include "bench/rebuild.h"
#include "bench/whole.h"
#include "part/id.h"

/* Parts of a run of --check, where a part of nearcore's size would be the whole state. */
#define PARTS_CHECK 5u
/* nearcore's own best, MB of PartialState a second. */
#define NEARCORE_MB_PER_S 27.0
/* The upper of its readings: one thread, 1.06 million keys of a state like `mainnet` in 14 parts,
 * 223 MB, from memory, no disk, zstd level 1; 113 to 129 thousand keys a second. */
#define NEARCORE_KEYS_PER_S 129000.0
/* nearcore's default. */
#define LEVEL 1
/* Once over all messages takes a fifth of what making parts of them does. */
#define KERNEL_PASSES 5u
/* The races of workers cut the state into so many times nearcore's number of parts: the 13 of a
 * million keys cannot be shared out evenly, the hundreds of a real shard can. */
#define SCALING_PARTS 4u

struct race {
	struct bench *bench;
	struct bench_pairs pairs;
	struct bench_messages messages;
	struct bench_rebuild rebuild;
	struct pen_buf bytes; /* of the file */
	struct bench_memfile file;
	struct pen_survey survey;
	struct pen_cut cut;
	struct pen_buf contents[2]; /* the parts one behind the other: the rival's, ours */
	struct pen_buf sealed[2]; /* one part, compressed: the rival's, ours */
	uint64_t sealed_bytes[2]; /* of all parts of the last run */
	struct pen_zstd zstd;
	struct pen_press press;
	struct pen_worth worth;
	uint64_t parts;
	struct bench_whole whole;
	struct pen_survey surveyed; /* that `whole` makes parts of, with all hashes it kept */
	uint64_t sums[2]; /* of what the last runs of one worker, of two, made */
	struct pen_why why;
};

static int run_rebuild(void *context)
{
	struct race *race = context;
	struct pen_part_id id = {race->messages.sum.root, 0, race->parts};
	int err = 0;
	race->contents[0].len = 0;
	for (; id.k < id.n && !err; id.k++)
		err = bench_rebuild_part(&race->rebuild, &id, &race->contents[0], &race->why);
	return err;
}

static int run_rebuild_sealed(void *context)
{
	struct race *race = context;
	struct pen_part_id id = {race->messages.sum.root, 0, race->parts};
	int err = 0;
	race->sealed_bytes[0] = 0;
	for (; id.k < id.n && !err; id.k++) {
		struct pen_buf *content = &race->contents[0];
		content->len = race->sealed[0].len = 0;
		err = bench_rebuild_part(&race->rebuild, &id, content, &race->why);
		if (!err)
			err = pen_envelope_seal(&race->zstd, pen_buf_bytes(content), LEVEL,
				&race->sealed[0], &race->why);
		race->sealed_bytes[0] += race->sealed[0].len;
	}
	return err;
}

static int run_lean(void *context)
{
	struct race *race = context;
	struct pen_cut_press with = {&race->press, &race->worth, LEVEL};
	struct pen_part_id id = {race->messages.sum.root, 0, race->parts};
	int err = 0;
	race->sealed_bytes[1] = 0;
	for (; id.k < id.n && !err; id.k++) {
		race->sealed[1].len = 0;
		err = pen_cut_lean(&race->cut, &id, &with, &race->why);
		if (!err)
			err = pen_press_close(&race->press, &race->sealed[1], &race->why);
		race->sealed_bytes[1] += race->sealed[1].len;
	}
	return err;
}

/* Of other bytes: that a lean part is the same part is shown by bench/lean.c and the tests. */
static bool smaller(void *context)
{
	const struct race *race = context;
	return race->sealed_bytes[1] > 0 && race->sealed_bytes[1] < race->sealed_bytes[0];
}

static void print_sealed(void *context)
{
	const struct race *race = context;
	printf("\"stored_MB\":[%.1f,%.1f],", (double)race->sealed_bytes[0] / 1e6,
		(double)race->sealed_bytes[1] / 1e6);
}

static int open_cut(struct race *race, struct pen_cut *cut, const struct pen_survey *survey)
{
	struct pen_pairs_from from = bench_memfile_from(&race->file);
	struct pen_gather_spill never = {0};
	return pen_cut_open(cut, survey, &from, &never, 0, &race->why);
}

static int cut_parts(struct race *race, struct pen_cut *cut)
{
	int err = 0;
	race->contents[1].len = 0;
	for (uint64_t k = 0; k < race->parts && !err; k++) {
		err = pen_cut_part(cut, k, race->parts, &race->why);
		if (!err)
			err = pen_cut_content(cut, &race->contents[1], &race->why);
	}
	return err;
}

static int run_parts(void *context)
{
	struct race *race = context;
	return cut_parts(race, &race->cut);
}

static int run_state(void *context)
{
	struct race *race = context;
	struct pen_survey survey = {0};
	struct pen_cut cut = {0};
	int err = bench_memfile_survey(&race->file, &survey, &race->why);
	if (!err)
		err = open_cut(race, &cut, &survey);
	if (!err)
		err = cut_parts(race, &cut);
	pen_cut_close(&cut);
	pen_survey_fini(&survey);
	return err;
}

static bool same(void *context)
{
	const struct race *race = context;
	struct pen_bytes rival = pen_buf_bytes(&race->contents[0]);
	return pen_bytes_compare(rival, pen_buf_bytes(&race->contents[1])) == 0;
}

/* What the rival makes is what the reference makes. */
static int check_rival(struct race *race)
{
	struct pen_collect collect = {0};
	struct pen_part_id id = {race->messages.sum.root, 0, race->parts};
	int err = run_rebuild(race);
	race->contents[1].len = 0;
	for (; id.k < id.n && !err; id.k++)
		err = pen_collect_part(
			&collect, &race->messages.entries, &id, &race->contents[1], &race->why);
	pen_collect_fini(&collect);
	return err || same(race) ? err : PEN_EBUG;
}

static int run_workers(struct race *race, unsigned jobs, bool compressed)
{
	int err = compressed ? bench_whole_make(&race->whole, jobs, LEVEL, &race->why)
			     : bench_whole_cut(&race->whole, jobs, &race->why);
	race->sums[jobs - 1] = race->whole.content_sum;
	return err;
}

static int run_one(void *context)
{
	return run_workers(context, 1, true);
}

static int run_two(void *context)
{
	return run_workers(context, 2, true);
}

static int run_surveyed(void *context)
{
	struct race *race = context;
	return bench_whole_parts(&race->whole, &race->surveyed, 1, LEVEL, &race->why);
}

static int run_one_plain(void *context)
{
	return run_workers(context, 1, false);
}

static int run_two_plain(void *context)
{
	return run_workers(context, 2, false);
}

static int run_kernel(struct race *race, unsigned jobs)
{
	unsigned passes = race->bench->check ? 1 : KERNEL_PASSES;
	return bench_whole_hash(&race->messages, passes, jobs, &race->why);
}

static int run_kernel_one(void *context)
{
	return run_kernel(context, 1);
}

static int run_kernel_two(void *context)
{
	return run_kernel(context, 2);
}

static bool same_sums(void *context)
{
	const struct race *race = context;
	return race->sums[0] == race->sums[1];
}

/* Where the time of all runs went, in parts of the whole: by the clock on the wall, so each stage
 * has its share of what others took. */
static void print_stages(void *context)
{
	const struct race *race = context;
	const struct pen_make_time *time = &race->whole.time;
	const struct {
		const char *name;
		int64_t ns;
	} stages[] = {{"read", time->read}, {"bounds", time->bounds}, {"build", time->build},
		{"hash", time->hash}, {"sort", time->sort}, {"compress", time->compress},
		{"write", time->write}};
	const size_t count = sizeof stages / sizeof *stages;
	double all = 0;
	for (size_t i = 0; i < count; i++)
		all += (double)stages[i].ns;
	for (size_t i = 0; i < count; i++)
		printf("%s\"%s\":%.3f", i ? "," : "\"stages\":{", stages[i].name,
			(double)stages[i].ns / all);
	printf("},\"stored_MB\":%.1f,",
		(double)race->whole.sum.forms[PEN_FORM_NEARCORE].stored_bytes / 1e6);
}

static int open_cutting(struct race *race)
{
	int err = bench_memfile_survey(&race->file, &race->survey, &race->why);
	/* The rival hashes values while it makes a part: so do we, without those that were kept. */
	pen_buf_fini(&race->survey.hashes);
	pen_buf_fini(&race->survey.counts);
	return err ? err : open_cut(race, &race->cut, &race->survey);
}

static int prepare(struct race *race)
{
	race->parts = race->bench->check ? PARTS_CHECK
					 : pen_part_count(race->messages.sum.memory_usage);
	int err = bench_rebuild_open(&race->rebuild, &race->pairs, &race->messages.entries);
	if (!err)
		err = bench_memfile_write(&race->pairs, &race->bytes);
	bench_memfile_init(&race->file, pen_buf_bytes(&race->bytes));
	bench_whole_init(&race->whole, pen_buf_bytes(&race->bytes), race->parts);
	race->whole.sums = race->bench->check;
	if (!err)
		err = check_rival(race);
	if (!err)
		err = open_cutting(race);
	if (!err)
		err = bench_memfile_survey(&race->file, &race->surveyed, &race->why);
	if (err)
		bench_fail(
			race->bench, "%s", race->why.text[0] ? race->why.text : pen_err_text(err));
	return err;
}

static void run(struct race *race, const char *name, int (*ours)(void *context), double floor)
{
	double megabytes = (double)race->contents[0].len / 1e6;
	const struct bench_race one = {
		.name = name,
		.rival = {"nearcore's way, in memory", run_rebuild},
		.ours = {"engine/make", ours},
		.context = race,
		.same = same,
		.amounts = {{"keys", (double)race->pairs.count}, {"parts", (double)race->parts},
			{"PartialState_MB", megabytes}},
		.floor = floor,
		.rival_least = {"PartialState_MB", NEARCORE_MB_PER_S},
	};
	bench_run(race->bench, &one);
}

static void run_lean_race(struct race *race)
{
	const struct bench_race lean = {
		.name = "lean",
		.rival = {"nearcore's way, in memory, zstd -1", run_rebuild_sealed},
		.ours = {"engine/make in lean form, zstd -1", run_lean},
		.context = race,
		.same = smaller,
		.amounts = {{"keys", (double)race->pairs.count}, {"parts", (double)race->parts}},
		.floor = 4,
		.more = print_sealed,
	};
	bench_run(race->bench, &lean);
}

static void run_scaling(
	struct race *race, const char *name, int (*one)(void *context), int (*two)(void *context))
{
	race->whole.parts = SCALING_PARTS * race->parts;
	const struct bench_race scaling = {
		.name = name,
		.rival = {"one worker", one},
		.ours = {"two workers", two},
		.by = {{"hash kernel, one thread", run_kernel_one},
			{"hash kernel, two threads", run_kernel_two}},
		.context = race,
		.same = same_sums,
		.amounts = {{"keys", (double)race->pairs.count},
			{"parts", (double)race->whole.parts}},
		.floor = 0.93,
		.clock = BENCH_WALL,
	};
	bench_run(race->bench, &scaling);
}

static void run_nearcore(
	struct race *race, const char *name, int (*ours)(void *context), double floor)
{
	double keys = (double)race->pairs.count;
	race->whole.parts = race->parts;
	race->whole.time = (struct pen_make_time){0};
	const struct bench_race nearcore = {
		.name = name,
		.rival = {"nearcore's own code with zstd -1, read on a machine like ours",
			.constant = keys / NEARCORE_KEYS_PER_S},
		.ours = {"engine/make with zstd -1, a worker", ours},
		.context = race,
		.amounts = {{"keys", keys}, {"parts", (double)race->parts}},
		.floor = floor,
		.clock = BENCH_PROCESS,
		.more = print_stages,
	};
	bench_run(race->bench, &nearcore);
}

int main(int argc, char **argv)
{
	static struct race race;
	struct bench bench;
	bench_open(&bench, "make", argc, argv);
	race.bench = &bench;
	if (!bench_pairs_open(&race.pairs, &bench) &&
		!bench_messages_open(&race.messages, &race.pairs, &bench) && !prepare(&race)) {
		run(&race, "part", run_parts, 2.5);
		run(&race, "state", run_state, 0);
		run_lean_race(&race);
		run_nearcore(&race, "nearcore", run_surveyed, 8);
		run_nearcore(&race, "nearcore-file", run_one, 0);
		run_scaling(&race, "scaling", run_one, run_two);
		run_scaling(&race, "scaling-plain", run_one_plain, run_two_plain);
	}
	for (size_t i = 0; i < 2; i++) {
		pen_buf_fini(&race.contents[i]);
		pen_buf_fini(&race.sealed[i]);
	}
	pen_zstd_fini(&race.zstd);
	pen_press_fini(&race.press);
	pen_worth_fini(&race.worth);
	pen_cut_close(&race.cut);
	pen_survey_fini(&race.survey);
	pen_survey_fini(&race.surveyed);
	pen_buf_fini(&race.bytes);
	bench_rebuild_close(&race.rebuild);
	bench_messages_close(&race.messages);
	bench_pairs_close(&race.pairs);
	return bench_close(&bench);
}
