/*
 * make: parts in nearcore form without compression, on one core, against nearcore's own way in
 * memory (bench/rebuild.h) with the same hash kernel. Both read a state that lies in memory: the
 * rival its sorted flat pairs and its nodes by hash, ours the file that the pairs are in.
 *
 *   make/part   every part, cut out of a surveyed file (make/cut.h); the survey has hashed the
 * values make/state  every part and the survey before it: all that is hashed is hashed in here
 *
 * Whether that rival is a fair one shows in its rate: nearcore itself makes 24 to 27 MB of
 * PartialState a second on a core like ours, with zstd level 1 inside; below that the ratio is
 * void.
 */
#include "bench/memfile.h"
#include "bench/messages.h"
#include "bench/rebuild.h"
#include "make/cut.h"
#include "part/id.h"

/* Parts of a run of --check, where a part of nearcore's size would be the whole state. */
#define PARTS_CHECK 5u
/* nearcore's own best, MB of PartialState a second. */
#define NEARCORE_MB_PER_S 27.0

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
	uint64_t parts;
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

static int prepare(struct race *race)
{
	race->parts = race->bench->check ? PARTS_CHECK
					 : pen_part_count(race->messages.sum.memory_usage);
	int err = bench_rebuild_open(&race->rebuild, &race->pairs, &race->messages.entries);
	if (!err)
		err = bench_memfile_write(&race->pairs, &race->bytes);
	bench_memfile_init(&race->file, pen_buf_bytes(&race->bytes));
	if (!err)
		err = check_rival(race);
	if (!err)
		err = bench_memfile_survey(&race->file, &race->survey, &race->why);
	if (!err)
		err = open_cut(race, &race->cut, &race->survey);
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
	}
	for (size_t i = 0; i < 2; i++)
		pen_buf_fini(&race.contents[i]);
	pen_cut_close(&race.cut);
	pen_survey_fini(&race.survey);
	pen_buf_fini(&race.bytes);
	bench_rebuild_close(&race.rebuild);
	bench_messages_close(&race.messages);
	bench_pairs_close(&race.pairs);
	return bench_close(&bench);
}
