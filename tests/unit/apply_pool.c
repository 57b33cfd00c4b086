#include "apply/pool.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "drivers/sim/sink.h"
#include "util.h"

/* Through two workers into a sink: each part once, whatever the order. (Load and races are
 * tests/plain/apply_pool.c's.) */
Test(apply_pool, every_part_comes_back_once)
{
	static struct pen_sim_sink sink;
	struct pen_sim_clock simclock;
	struct pen_hash root;
	struct pen_why why = {0};
	struct pen_buf bytes[7] = {0};
	struct pen_task tasks[7];
	struct pen_pool *pool;
	cr_assert_eq(pen_hash_parse("GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv", &root), 0);
	pen_sim_sink_tame(&sink, &simclock, &root, 7);
	struct pen_apply apply = {.sink = &sink.sink, .shard = sink.shard};
	cr_assert_eq(pen_pool_open(&apply, 2, &pool, &why), 0, "%s", why.text);
	memset(tasks, 0, sizeof tasks);
	unsigned ended = 0;
	for (uint32_t k = 0; k < 7; k++) {
		char name[64];
		snprintf(name, sizeof name, "golden/small/state_part_%06u_of_000007", k);
		bytes[k] = test_data(name);
		tasks[k].k = k;
		tasks[k].bytes = &bytes[k];
	}
	for (uint32_t k = 0; ended < 7;) {
		while (k < 7 && pen_pool_submit(pool, &tasks[k]))
			k++;
		cr_assert_leq(pen_pool_held(pool), 2 * PEN_POOL_DEPTH);
		pen_wake_wait(pen_pool_wake(pool), -1);
		for (struct pen_task *task; (task = pen_pool_reap(pool)); ended++)
			cr_assert_eq(task->result, 0, "%s", task->why.text);
	}
	cr_assert_eq(sink.commits, 7);
	cr_assert_null(pen_pool_reap(pool));
	pen_pool_close(pool);
	pen_pool_close(NULL);
	for (uint32_t k = 0; k < 7; k++)
		pen_buf_fini(&bytes[k]);
}

/* Part 0 commits until part 1, which is submitted only then, is being put: by the other worker. */
struct gate {
	_Atomic bool committing, proved;
};

static void gate_on_stage(void *context, uint32_t k, enum pen_stage stage)
{
	struct gate *gate = context;
	if (k == 1 && stage == PEN_STAGE_PUTTING)
		atomic_store(&gate->proved, true);
	if (k == 1 || stage != PEN_STAGE_COMMITTING)
		return;
	atomic_store(&gate->committing, true);
	int64_t until = pen_clock_ns() + 10 * PEN_NS_PER_S;
	while (!atomic_load(&gate->proved) && pen_clock_ns() < until)
		pen_clock_sleep_ns(PEN_NS_PER_MS);
}

Test(apply_pool, one_worker_proves_while_another_commits)
{
	static struct pen_sim_sink sink;
	struct pen_sim_clock simclock;
	struct pen_hash root;
	struct pen_why why = {0};
	struct gate gate = {false, false};
	struct pen_buf bytes[2] = {test_data("golden/small/state_part_000000_of_000007"),
		test_data("golden/small/state_part_000001_of_000007")};
	struct pen_task tasks[2] = {{.k = 0, .bytes = &bytes[0]}, {.k = 1, .bytes = &bytes[1]}};
	struct pen_pool *pool;
	cr_assert_eq(pen_hash_parse("GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv", &root), 0);
	pen_sim_sink_tame(&sink, &simclock, &root, 7);
	struct pen_apply apply = {.sink = &sink.sink,
		.shard = sink.shard,
		.on_stage = gate_on_stage,
		.context = &gate};
	cr_assert_eq(pen_pool_open(&apply, 2, &pool, &why), 0, "%s", why.text);
	cr_assert(pen_pool_submit(pool, &tasks[0]));
	while (!atomic_load(&gate.committing))
		pen_clock_sleep_ns(PEN_NS_PER_MS);
	cr_assert(pen_pool_submit(pool, &tasks[1]));
	for (unsigned ended = 0; ended < 2;) {
		pen_wake_wait(pen_pool_wake(pool), -1);
		for (struct pen_task *task; (task = pen_pool_reap(pool)); ended++)
			cr_expect_eq(task->result, 0, "%s", task->why.text);
	}
	cr_expect(atomic_load(&gate.proved));
	cr_expect_eq(sink.commits, 2);
	pen_pool_trim(pool);
	pen_pool_close(pool);
	pen_buf_fini(&bytes[0]);
	pen_buf_fini(&bytes[1]);
}
