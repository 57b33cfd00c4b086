/* A sink of digests: what it keeps, how it fails, and what ends the program. */
#include "drivers/sim/sink.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "drivers/sim/weather.h"

static struct pen_sim_clock simclock;
static struct pen_sim_sink sim;
static struct pen_sink *sink = &sim.sink;
static const struct pen_sink_state shard = {.parts = 3, .root = {{1}}};

static void open_sink(uint64_t seed, struct pen_sim_sink_faults faults)
{
	struct pen_sink_state have;
	pen_sim_clock_init(&simclock, seed);
	pen_sim_sink_init(&sim, &simclock, 1, &faults);
	cr_assert_eq(sink->ops->begin(sink, &shard, &have, NULL, NULL), 0);
	cr_assert_eq(have.parts, 3);
}

static struct pen_row row_of(const char *key, const char *value)
{
	return (struct pen_row){.column = PEN_COLUMN_STATE,
		.key = {(const uint8_t *)key, strlen(key)},
		.value = {(const uint8_t *)value, strlen(value)},
		.refs = 1};
}

/* Apply part k with two rows, in the order asked for. */
static int apply(uint32_t k, bool swapped, bool commit)
{
	struct pen_row rows[2] = {row_of("a", "1"), row_of("b", "2")};
	struct pen_batch *batch;
	int err = sink->ops->open(sink, &shard, k, &batch, NULL);
	if (err)
		return err;
	for (unsigned i = 0; !err && i < 2; i++)
		err = sink->ops->put(sink, batch, &rows[swapped ? 1 - i : i], 1, NULL);
	int end = sink->ops->close(sink, batch, commit && !err, NULL);
	return err ? err : end;
}

Test(sim_sink, keeps_parts_that_were_committed)
{
	uint8_t applied[1];
	struct pen_sink_state have;
	open_sink(1, (struct pen_sim_sink_faults){0});
	cr_assert_eq(apply(0, false, true), 0);
	cr_assert_eq(apply(2, true, true), 0);
	cr_assert_eq(apply(1, true, false), 0);
	cr_assert_eq(memcmp(&sim.parts[0], &sim.parts[2], sizeof sim.parts[0]), 0);
	cr_assert_eq(sim.parts[0].rows, 2);
	cr_assert_eq(sink->ops->finish(sink, &shard, NULL), PEN_EREFUSED);
	pen_sim_sink_restart(&sim);
	cr_assert_eq(sink->ops->begin(sink, &shard, &have, applied, NULL), 0);
	cr_assert_eq(applied[0], 5);
	cr_assert_eq(have.applied, 2);
	cr_assert_eq(apply(1, false, true), 0);
	cr_assert_eq(sink->ops->finish(sink, &shard, NULL), 0);
	cr_assert(sim.shard.done);
	const struct pen_sink_state other = {.parts = 4, .root = {{1}}};
	cr_assert_eq(sink->ops->begin(sink, &other, &have, NULL, NULL), PEN_EREFUSED);
	cr_assert_eq(sink->ops->scan(sink, PEN_COLUMN_FLAT, &shard, NULL, NULL, 1, NULL), -ENOTSUP);
	sink->ops->shut(sink);
}

Test(sim_sink, keeps_rows_of_parts_that_were_committed)
{
	struct pen_cursor cursor = {0};
	struct pen_scanned rows[4];
	open_sink(1, (struct pen_sim_sink_faults){0});
	sim.keeps = true;
	cr_assert_eq(apply(0, false, true), 0);
	cr_assert_eq(apply(1, false, false), 0);
	cr_assert_eq(apply(2, true, true), 0);
	cr_assert_eq(sink->ops->scan(sink, PEN_COLUMN_STATE, &shard, &cursor, rows, 4, NULL), 2);
	/* "a" of two parts, and its count. */
	cr_assert_eq(rows[0].value.len, 1 + 8);
	cr_assert_eq(rows[0].value.at[1], 2);
	cr_assert_eq(sink->ops->scan(sink, PEN_COLUMN_STATE, &shard, &cursor, rows, 4, NULL), 0);
	pen_sim_sink_fini(&sim);
}

Test(sim_sink, fails_as_asked)
{
	static const struct pen_sim_sink_faults faults[] = {{.bad_open = PEN_SIM_SURE},
		{.bad_put = PEN_SIM_SURE}, {.bad_commit = PEN_SIM_SURE}};
	for (unsigned i = 0; i < 3; i++) {
		open_sink(i, faults[i]);
		cr_assert_eq(apply(0, false, true), -ENOSPC);
		cr_assert_eq(sim.commits, 0);
		cr_assert_eq(sim.failed, 1);
		cr_assert_eq(sim.batches, 0);
		sim.faults = (struct pen_sim_sink_faults){0};
		cr_assert_eq(apply(0, false, true), 0);
	}
}

Test(sim_sink, fails_of_one_part_as_asked)
{
	static const struct pen_sim_sink_faults faults[] = {
		{.open_of = 1}, {.put_of = 1}, {.commit_of = 1}};
	for (unsigned i = 0; i < 3; i++) {
		open_sink(i, faults[i]);
		cr_assert_eq(apply(0, false, true), -ENOSPC);
		cr_assert_eq(sim.failed, 1);
		cr_assert_eq(apply(1, false, true), 0);
		cr_assert_eq(sim.commits, 1);
		cr_assert_eq(sim.batches, 0);
	}
}

Test(sim_sink, tears_a_commit_either_way)
{
	unsigned there = 0;
	for (uint64_t seed = 0; seed < 50; seed++) {
		open_sink(seed, (struct pen_sim_sink_faults){.torn_commit = PEN_SIM_SURE});
		cr_assert_eq(apply(0, false, true), -EIO);
		there += sim.applied[0] & 1;
		cr_assert_eq(apply(1, false, true), -EIO, "nothing works any more");
		pen_sim_sink_restart(&sim);
		sim.faults = (struct pen_sim_sink_faults){0};
		cr_assert_eq(apply(1, false, true), 0);
	}
	cr_assert(there > 10 && there < 40);
}

Test(sim_sink, forgets_batches_that_were_open_at_a_crash)
{
	struct pen_batch *batch;
	struct pen_row row = row_of("a", "1");
	open_sink(1, (struct pen_sim_sink_faults){0});
	cr_assert_eq(sink->ops->open(sink, &shard, 0, &batch, NULL), 0);
	pen_sim_sink_restart(&sim);
	cr_assert_eq(sink->ops->put(sink, batch, &row, 1, NULL), -ENOSPC);
	cr_assert_eq(sink->ops->close(sink, batch, false, NULL), 0);
	cr_assert_eq(apply(0, false, true), 0);
}

Test(sim_sink, tells_rows_apart)
{
	struct pen_sim_digest digests[6] = {0};
	struct pen_row rows[6];
	for (unsigned i = 0; i < 6; i++)
		rows[i] = row_of("key", "value");
	rows[1].column = PEN_COLUMN_FLAT;
	rows[2].refs = 2;
	rows[3].key.len--;
	rows[4].value.len--;
	/* The same bytes, otherwise divided. */
	rows[5] = row_of("keyv", "alue");
	for (unsigned i = 0; i < 6; i++) {
		pen_sim_digest_add(&digests[i], &rows[i]);
		for (unsigned j = 0; j < i; j++)
			cr_assert(
				memcmp(&digests[i], &digests[j], sizeof digests[i]), "%u %u", i, j);
	}
	struct pen_sim_digest headed = {0};
	rows[1].head = (struct pen_bytes){rows[1].value.at, 2};
	rows[1].value = (struct pen_bytes){rows[1].value.at + 2, 3};
	pen_sim_digest_add(&headed, &rows[1]);
	cr_assert_eq(memcmp(&headed, &digests[1], sizeof headed), 0, "stored the same");
}

Test(sim_sink, aborts_when_a_part_is_not_what_it_should_be, .signal = SIGABRT)
{
	static const struct pen_sim_digest expected[3];
	open_sink(1, (struct pen_sim_sink_faults){0});
	sim.expected = expected;
	apply(0, false, true);
}

Test(sim_sink, aborts_when_a_part_is_committed_twice, .signal = SIGABRT)
{
	open_sink(1, (struct pen_sim_sink_faults){0});
	apply(0, false, true);
	apply(0, false, true);
}

static bool none_is_right(const void *context, uint32_t k, const struct pen_row *row)
{
	(void)row;
	return context != &sim || k > 2;
}

Test(sim_sink, aborts_when_a_row_is_wrong_that_will_be_thrown_away, .signal = SIGABRT)
{
	open_sink(1, (struct pen_sim_sink_faults){0});
	sim.right = none_is_right;
	sim.right_context = &sim;
	apply(0, false, false);
}
