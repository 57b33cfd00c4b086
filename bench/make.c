/*
 * make: parts in nearcore form without compression, on one core, against nearcore's own way in
 * memory (bench/rebuild.h) with the same hash kernel. Whether that rival is a fair one shows in its
 * rate: nearcore itself makes 24 to 27 MB of PartialState a second on a core like ours, with zstd
 * level 1 inside; a rival below that would void the ratio.
 */
#include <stdio.h>

#include "bench/messages.h"
#include "bench/rebuild.h"
#include "part/id.h"

/* Parts made in a run of --check, where a part of nearcore's size would be the whole state. */
#define PARTS_CHECK 5u

struct race {
	struct bench_pairs pairs;
	struct bench_messages messages;
	struct bench_rebuild rebuild;
	struct pen_collect collect;
	struct pen_buf contents[2]; /* the parts one behind the other: the rival's, ours */
	uint64_t parts;
	struct bench *bench;
};

typedef int (*part_fn)(
	struct race *race, const struct pen_part_id *id, struct pen_buf *out, struct pen_why *why);

static int run_parts(struct race *race, struct pen_buf *out, part_fn fn)
{
	struct pen_part_id id = {race->messages.sum.root, 0, race->parts};
	struct pen_why why = {0};
	int err = 0;
	out->len = 0;
	for (; id.k < id.n && !err; id.k++)
		err = fn(race, &id, out, &why);
	if (err)
		bench_fail(race->bench, "part %llu: %s", (unsigned long long)id.k, why.text);
	return err;
}

static int part_rebuilt(
	struct race *race, const struct pen_part_id *id, struct pen_buf *out, struct pen_why *why)
{
	return bench_rebuild_part(&race->rebuild, id, out, why);
}

static int part_collected(
	struct race *race, const struct pen_part_id *id, struct pen_buf *out, struct pen_why *why)
{
	return pen_collect_part(&race->collect, &race->messages.entries, id, out, why);
}

static int run_rebuild(void *context)
{
	struct race *race = context;
	return run_parts(race, &race->contents[0], part_rebuilt);
}

static int run_collect(void *context)
{
	struct race *race = context;
	return run_parts(race, &race->contents[1], part_collected);
}

static bool same(void *context)
{
	const struct race *race = context;
	struct pen_bytes rival = pen_buf_bytes(&race->contents[0]);
	return pen_bytes_compare(rival, pen_buf_bytes(&race->contents[1])) == 0;
}

static void run(struct bench *bench, struct race *race)
{
	race->bench = bench;
	race->parts = bench->check ? PARTS_CHECK : pen_part_count(race->messages.sum.memory_usage);
	if (bench_rebuild_open(&race->rebuild, &race->pairs, &race->messages.entries)) {
		bench_fail(bench, "no memory for the rival");
		return;
	}
	/* The reference way: every node found by hash in a state that lies in memory. */
	const struct bench_race reference = {
		.name = "reference",
		.rival = {"nearcore's way, in memory", run_rebuild},
		.ours = {"part/collect", run_collect},
		.context = race,
		.same = same,
		.amounts = {{"keys", (double)race->pairs.count}, {"parts", (double)race->parts},
			{"PartialState_MB", bench_messages_partial_bytes(&race->messages) / 1e6}},
	};
	bench_run(bench, &reference);
}

int main(int argc, char **argv)
{
	static struct race race;
	struct bench bench;
	bench_open(&bench, "make", argc, argv);
	if (!bench_pairs_open(&race.pairs, &bench) &&
		!bench_messages_open(&race.messages, &race.pairs, &bench))
		run(&bench, &race);
	for (size_t i = 0; i < 2; i++)
		pen_buf_fini(&race.contents[i]);
	pen_collect_fini(&race.collect);
	bench_rebuild_close(&race.rebuild);
	bench_messages_close(&race.messages);
	bench_pairs_close(&race.pairs);
	return bench_close(&bench);
}
