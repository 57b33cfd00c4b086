/*
 * The pool under load, for builds where Criterion cannot run: many small tasks through several
 * workers into a sink that only counts. Run it under TSan.
 */
#include "apply/pool.h"

#include "base/check.h"
#include "fakes/null.h"
#include "part/build.h"
#include "part/partial.h"
#include "plain.h"

#define ROUNDS 400u
#define BUFFERS 16u

/* The state of one key: its only part is one leaf and one value. */
struct tiny {
	struct pen_hash root;
	uint8_t leaf[PEN_NODE_BYTES_MAX];
	size_t leaf_len;
	struct pen_buf part; /* sealed */
};

static int leaf_keep(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct tiny *tiny = context;
	(void)hash;
	memcpy(tiny->leaf, bytes.at, bytes.len);
	tiny->leaf_len = bytes.len;
	return 0;
}

static void tiny_make(struct tiny *tiny)
{
	struct pen_bytes key = {(const uint8_t *)"key", 3}, value = {(const uint8_t *)"value", 5};
	struct pen_build build = {0};
	struct pen_trie_sum sum;
	struct pen_hash hash;
	struct pen_zstd zstd = {0};
	struct pen_buf content = {0};
	struct pen_why why;
	pen_sha256(value, &hash);
	pen_build_init(&build, leaf_keep, tiny);
	PEN_CHECK(pen_build_push(&build, key, 5, &hash) == 0);
	PEN_CHECK(pen_build_finish(&build, &sum) == 0);
	pen_build_fini(&build);
	tiny->root = sum.root;
	struct pen_bytes entries[] = {{tiny->leaf, tiny->leaf_len}, value};
	PEN_CHECK(pen_partial_encode(entries, 2, &content, &why) == 0);
	PEN_CHECK(pen_envelope_seal(&zstd, pen_buf_bytes(&content), 1, &tiny->part, &why) == 0);
	pen_buf_fini(&content);
	pen_zstd_fini(&zstd);
}

struct load {
	struct tiny tiny;
	struct null_sink null;
	struct pen_apply apply;
	struct pen_pool *pool;
	struct pen_task tasks[BUFFERS];
	struct pen_buf bytes[BUFFERS];
	unsigned submitted, ended, failed, looked;
};

/* Every third part is cut short, so that both ways through a job are taken. */
static void task_fill(struct load *load, unsigned i)
{
	struct pen_task *task = &load->tasks[i];
	memset(task, 0, sizeof *task);
	load->bytes[i].len = 0;
	size_t len = load->tiny.part.len - (load->submitted % 3 == 2);
	PEN_CHECK(pen_buf_append(&load->bytes[i], load->tiny.part.at, len) == 0);
	task->bytes = &load->bytes[i];
	task->owner = &load->bytes[i];
}

static void reap_all(struct load *load)
{
	for (struct pen_task *task; (task = pen_pool_reap(load->pool));) {
		load->ended++;
		load->failed += task->result != 0;
		PEN_CHECK(task->result == 0 || pen_task_is_bad(task));
		task->owner = NULL;
	}
}

static void load_turn(struct load *load)
{
	for (unsigned i = 0; i < BUFFERS && load->submitted < ROUNDS; i++) {
		if (load->tasks[i].owner) {
			/* What a progress line does while a worker has the task. */
			load->looked += load->tasks[i].stage;
			continue;
		}
		task_fill(load, i);
		if (!pen_pool_submit(load->pool, &load->tasks[i])) {
			load->tasks[i].owner = NULL;
			break;
		}
		load->submitted++;
	}
	if (pen_pool_held(load->pool))
		pen_wake_wait(pen_pool_wake(load->pool), -1);
	reap_all(load);
}

static void run(unsigned jobs)
{
	static struct load load;
	struct pen_why why;
	memset(&load, 0, sizeof load);
	tiny_make(&load.tiny);
	null_sink_init(&load.null);
	load.apply.sink = &load.null.sink;
	load.apply.shard = (struct pen_sink_state){.root = load.tiny.root, .parts = 1};
	PLAIN_EXPECT(pen_pool_open(&load.apply, jobs, &load.pool, &why) == 0);
	while (load.ended < ROUNDS) {
		if (jobs == 0)
			pen_wake_signal(pen_pool_wake(load.pool));
		load_turn(&load);
	}
	PLAIN_EXPECT(load.failed == ROUNDS / 3);
	PLAIN_EXPECT(load.null.commits == ROUNDS - ROUNDS / 3);
	PLAIN_EXPECT(pen_pool_held(load.pool) == 0);
	pen_pool_close(load.pool);
	for (unsigned i = 0; i < BUFFERS; i++)
		pen_buf_fini(&load.bytes[i]);
	pen_buf_fini(&load.tiny.part);
}

static void without_threads(void)
{
	run(0);
}

static void one_worker(void)
{
	run(1);
}

static void many_workers(void)
{
	run(5);
}

/* Tasks that wait when the pool is closed are dropped, not run and not leaked. */
static void closes_under_load(void)
{
	static struct load load;
	struct pen_why why;
	memset(&load, 0, sizeof load);
	tiny_make(&load.tiny);
	null_sink_init(&load.null);
	load.apply.sink = &load.null.sink;
	load.apply.shard = (struct pen_sink_state){.root = load.tiny.root, .parts = 1};
	PLAIN_EXPECT(pen_pool_open(&load.apply, 3, &load.pool, &why) == 0);
	unsigned taken = 0;
	for (unsigned i = 0; i < BUFFERS; i++) {
		task_fill(&load, i);
		taken += pen_pool_submit(load.pool, &load.tasks[i]);
	}
	PLAIN_EXPECT(taken == 3 * PEN_POOL_DEPTH);
	pen_pool_close(load.pool);
	PLAIN_EXPECT(load.null.commits <= taken);
	for (unsigned i = 0; i < BUFFERS; i++)
		pen_buf_fini(&load.bytes[i]);
	pen_buf_fini(&load.tiny.part);
}

int main(void)
{
	static const struct plain_test tests[] = {
		{"without_threads", without_threads},
		{"one_worker", one_worker},
		{"many_workers", many_workers},
		{"closes_under_load", closes_under_load},
	};
	return plain_main(tests, PEN_COUNT(tests));
}
