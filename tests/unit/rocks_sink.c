#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/check.h"
#include "base/text.h"
#include "drivers/table.h"
#include "part/column.h"
#include "rocks_dir.h"

static const struct pen_sink_state shard_a = {
	.shard_version = 3, .shard_id = 7, .root = {{1, 2, 3}}, .parts = 3};
/* The shard whose prefix follows that of shard_a, and the last shard that there can be. */
static const struct pen_sink_state shard_b = {
	.shard_version = 3, .shard_id = 7 + (1u << 24), .root = {{4}}, .parts = 1};
static const struct pen_sink_state shard_last = {
	.shard_version = UINT32_MAX, .shard_id = UINT32_MAX, .root = {{5}}, .parts = 1};

static struct pen_why why;

static struct pen_sink *sink_open(const char *dir, bool create)
{
	struct pen_sink *sink = NULL;
	int err = pen_sink_open_rocks(dir, create, &sink, &why);
	cr_assert_eq(err, 0, "%s", why.text);
	return sink;
}

static struct pen_bytes text_bytes(const char *text)
{
	return (struct pen_bytes){(const uint8_t *)text, strlen(text)};
}

static struct pen_row state_row(const char *payload, struct pen_hash *hash, int64_t refs)
{
	pen_sha256(text_bytes(payload), hash);
	return (struct pen_row){.column = PEN_COLUMN_STATE,
		.key = {hash->bytes, PEN_HASH_BYTES},
		.value = text_bytes(payload),
		.refs = refs};
}

/* Apply part k: "shared" once, "own<k>" twice, and one flat row. */
static int part_put(
	struct pen_sink *sink, const struct pen_sink_state *shard, uint32_t k, bool commit)
{
	struct pen_batch *batch = NULL;
	struct pen_hash shared, own;
	char name[16], key[16];
	snprintf(name, sizeof name, "own%u", k);
	snprintf(key, sizeof key, "key%u", k);
	struct pen_row rows[] = {state_row("shared", &shared, 1), state_row(name, &own, 2),
		{.column = PEN_COLUMN_FLAT,
			.key = text_bytes(key),
			.head = {(const uint8_t *)"\1\4\0\0\0", 5},
			.value = text_bytes(name)}};
	int err = sink->ops->open(sink, shard, k, &batch, &why);
	if (err)
		return err;
	err = sink->ops->put(sink, batch, rows, 2, &why);
	cr_assert_eq(err, 0, "%s", why.text);
	cr_assert_eq(sink->ops->put(sink, batch, rows + 2, 1, &why), 0);
	return sink->ops->close(sink, batch, commit, &why);
}

/* The count of a payload in State, 0 if it is not there. */
static int64_t count_of(
	struct pen_sink *sink, const struct pen_sink_state *shard, const char *payload)
{
	struct pen_cursor cursor = {0};
	struct pen_scanned rows[2];
	struct pen_bytes found, want = text_bytes(payload);
	int64_t refs, result = 0;
	int count;
	while ((count = sink->ops->scan(sink, PEN_COLUMN_STATE, shard, &cursor, rows, 2, &why)) >
		0) {
		for (int i = 0; i < count; i++) {
			cr_assert_eq(rows[i].key.len, PEN_HASH_BYTES);
			cr_assert_eq(pen_refs_decode(rows[i].value, &found, &refs), 0);
			if (pen_bytes_compare(found, want) == 0)
				result = refs;
		}
	}
	cr_assert_eq(count, 0, "%s", why.text);
	cr_assert_null(cursor.driver);
	return result;
}

static size_t rows_of(
	struct pen_sink *sink, enum pen_column column, const struct pen_sink_state *shard)
{
	struct pen_cursor cursor = {0};
	struct pen_scanned rows[3];
	size_t all = 0;
	int count;
	while ((count = sink->ops->scan(sink, column, shard, &cursor, rows, 3, &why)) > 0)
		all += (size_t)count;
	cr_assert_eq(count, 0, "%s", why.text);
	return all;
}

static struct pen_sink_state begin(
	struct pen_sink *sink, const struct pen_sink_state *want, uint8_t *applied)
{
	struct pen_sink_state have;
	int err = sink->ops->begin(sink, want, &have, applied, &why);
	cr_assert_eq(err, 0, "%s", why.text);
	return have;
}

Test(rocks_sink, parts_are_counted_once_across_starts)
{
	char dir[64];
	uint8_t applied[1] = {0xff};
	struct pen_sink *sink = sink_open(rocks_dir_make(dir), true);
	struct pen_sink_state have = begin(sink, &shard_a, applied);
	cr_assert_eq(have.applied, 0);
	cr_assert_eq(applied[0], 0);
	cr_assert_eq(part_put(sink, &shard_a, 2, true), 0, "%s", why.text);
	cr_assert_eq(part_put(sink, &shard_a, 0, false), 0);
	cr_assert_eq(sink->ops->finish(sink, &shard_a, &why), PEN_EREFUSED);
	sink->ops->shut(sink);

	sink = sink_open(dir, true);
	have = begin(sink, &shard_a, applied);
	cr_assert_eq(have.applied, 1);
	cr_assert_eq(have.parts, 3);
	cr_assert(!have.done);
	cr_assert_eq(applied[0], 4);
	cr_assert_eq(count_of(sink, &shard_a, "shared"), 1);
	cr_assert_eq(part_put(sink, &shard_a, 0, true), 0);
	cr_assert_eq(part_put(sink, &shard_a, 1, true), 0);
	cr_assert_eq(sink->ops->finish(sink, &shard_a, &why), 0, "%s", why.text);
	cr_assert_eq(sink->ops->finish(sink, &shard_a, &why), 0);
	sink->ops->shut(sink);

	sink = sink_open(dir, false);
	have = begin(sink, &shard_a, applied);
	cr_assert(have.done);
	cr_assert_eq(have.applied, 3);
	cr_assert_eq(applied[0], 7);
	cr_assert_eq(count_of(sink, &shard_a, "shared"), 3);
	cr_assert_eq(count_of(sink, &shard_a, "own1"), 2);
	cr_assert_eq(rows_of(sink, PEN_COLUMN_STATE, &shard_a), 4);
	cr_assert_eq(rows_of(sink, PEN_COLUMN_FLAT, &shard_a), 3);
	sink->ops->shut(sink);
	rocks_dir_remove(dir);
}

Test(rocks_sink, shards_do_not_meet)
{
	char dir[64];
	static const struct pen_sink_state *const shards[] = {&shard_a, &shard_b, &shard_last};
	struct pen_sink *sink = sink_open(rocks_dir_make(dir), true);
	for (size_t i = 0; i < PEN_COUNT(shards); i++)
		cr_assert_eq(begin(sink, shards[i], NULL).applied, 0);
	for (size_t i = 0; i < PEN_COUNT(shards); i++) {
		cr_assert_eq(part_put(sink, shards[i], 0, true), 0, "%s", why.text);
		cr_assert_eq(begin(sink, shards[i], NULL).applied, 1);
		cr_assert_eq(rows_of(sink, PEN_COLUMN_STATE, shards[i]), 2);
		cr_assert_eq(rows_of(sink, PEN_COLUMN_FLAT, shards[i]), 1);
		cr_assert_eq(count_of(sink, shards[i], "shared"), 1);
	}
	/* A scan may end early. */
	struct pen_cursor cursor = {0};
	struct pen_scanned row;
	cr_assert_eq(sink->ops->scan(sink, PEN_COLUMN_FLAT, &shard_b, &cursor, &row, 1, &why), 1);
	cr_assert_eq(pen_bytes_compare(row.key, text_bytes("key0")), 0);
	cr_assert_eq(row.value.len, 9);
	cr_assert_eq(sink->ops->scan(sink, PEN_COLUMN_FLAT, &shard_b, &cursor, &row, 0, &why), 0);
	cr_assert_null(cursor.driver);
	sink->ops->shut(sink);
	rocks_dir_remove(dir);
}

Test(rocks_sink, another_state_is_refused_by_name)
{
	char dir[64], text[PEN_HASH_TEXT_BYTES];
	struct pen_sink *sink = sink_open(rocks_dir_make(dir), true);
	struct pen_sink_state have, other = shard_a;
	begin(sink, &shard_a, NULL);
	cr_assert_eq(part_put(sink, &shard_a, 1, true), 0, "%s", why.text);
	other.parts = 4;
	cr_assert_eq(sink->ops->begin(sink, &other, &have, NULL, &why), PEN_EREFUSED);
	cr_assert(strstr(why.text, "in 3 parts"), "%s", why.text);
	cr_assert(strstr(why.text, "in 4"), "%s", why.text);
	other = shard_a;
	other.root.bytes[31] = 1;
	cr_assert_eq(sink->ops->begin(sink, &other, &have, NULL, &why), PEN_EREFUSED);
	cr_assert(strstr(why.text, pen_base58(&other.root, text)), "%s", why.text);
	cr_assert(strstr(why.text, pen_base58(&shard_a.root, text)), "%s", why.text);
	/* Asking without a number of parts only reads. */
	other.parts = 0;
	have = begin(sink, &other, NULL);
	cr_assert(pen_hash_equal(&have.root, &shard_a.root));
	cr_assert_eq(have.parts, 3);
	sink->ops->shut(sink);
	rocks_dir_remove(dir);
}

/* Nothing is lost with a record under which no part was applied, also after a part that failed. */
Test(rocks_sink, a_shard_without_parts_is_begun_anew)
{
	char dir[64];
	uint8_t applied[1] = {0xff};
	struct pen_sink *sink = sink_open(rocks_dir_make(dir), true);
	struct pen_sink_state other = shard_a, have;
	other.parts = 4;
	begin(sink, &other, NULL);
	cr_assert_eq(part_put(sink, &other, 3, false), 0);
	have = begin(sink, &shard_a, applied);
	cr_assert_eq(have.parts, 3);
	cr_assert_eq(have.applied, 0);
	cr_assert_eq(applied[0], 0);
	sink->ops->shut(sink);

	sink = sink_open(dir, true);
	other.parts = 0;
	have = begin(sink, &other, NULL);
	cr_assert_eq(have.parts, 3, "what was replaced does not come back");
	other = shard_a;
	other.root.bytes[0] = 77;
	have = begin(sink, &other, NULL);
	cr_assert(pen_hash_equal(&have.root, &other.root));
	begin(sink, &shard_a, NULL);
	cr_assert_eq(part_put(sink, &shard_a, 0, true), 0, "%s", why.text);
	cr_assert_eq(sink->ops->begin(sink, &other, &have, NULL, &why), PEN_EREFUSED);
	cr_assert_eq(begin(sink, &shard_a, applied).applied, 1);
	cr_assert_eq(applied[0], 1);
	sink->ops->shut(sink);
	rocks_dir_remove(dir);
}

Test(rocks_sink, the_empty_state_is_finished_at_once)
{
	char dir[64];
	struct pen_sink *sink = sink_open(rocks_dir_make(dir), true);
	struct pen_sink_state empty = {.shard_version = 3, .shard_id = 7}, have;
	have = begin(sink, &empty, NULL);
	cr_assert(!have.done);
	cr_assert_eq(sink->ops->finish(sink, &empty, &why), 0, "%s", why.text);
	have = begin(sink, &empty, NULL);
	cr_assert(have.done);
	cr_assert_eq(sink->ops->begin(sink, &shard_a, &have, NULL, &why), PEN_EREFUSED);
	cr_assert_eq(rows_of(sink, PEN_COLUMN_STATE, &empty), 0);
	sink->ops->shut(sink);
	rocks_dir_remove(dir);
}

/* What a child process that holds the database sees; the exit code is the class. */
static int open_in_child(const char *dir, bool create)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct pen_sink *sink = NULL;
		int err = pen_sink_open_rocks(dir, create, &sink, &why);
		if (!err)
			sink->ops->shut(sink);
		_exit(err == PEN_ELOCKED ? 100 : -err);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(rocks_sink, one_writer_or_many_readers)
{
	char dir[64];
	struct pen_sink *sink = sink_open(rocks_dir_make(dir), true);
	cr_assert_eq(open_in_child(dir, true), 100);
	cr_assert_eq(open_in_child(dir, false), 100);
	sink->ops->shut(sink);
	sink = sink_open(dir, false);
	cr_assert_eq(open_in_child(dir, true), 100);
	cr_assert_eq(open_in_child(dir, false), 0);
	sink->ops->shut(sink);
	cr_assert_eq(open_in_child(dir, true), 0);
	rocks_dir_remove(dir);
}

/* As open_in_child, by somebody whom the files do not belong to; root may read everything. */
static int open_as_nobody(const char *dir, bool create)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct pen_sink *sink = NULL;
		if (geteuid() == 0 && setuid(65534))
			_exit(EACCES);
		_exit(-pen_sink_open_rocks(dir, create, &sink, &why));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(rocks_sink, what_may_not_be_read)
{
	char dir[64], name[96];
	rocks_dir_make(dir);
	struct pen_sink *sink = sink_open(dir, true);
	sink->ops->shut(sink);
	snprintf(name, sizeof name, "%s/LOCK", dir);
	cr_assert_eq(chmod(name, 0), 0);
	cr_assert_eq(chmod(dir, 0755), 0);
	cr_assert_eq(open_as_nobody(dir, true), EACCES);
	cr_assert_eq(open_as_nobody(dir, false), EACCES);
	cr_assert_eq(chmod(dir, 0), 0);
	cr_assert_eq(open_as_nobody(dir, true), EACCES);
	cr_assert_eq(open_as_nobody(dir, false), EACCES);
	cr_assert_eq(chmod(dir, 0700), 0);
	rocks_dir_remove(dir);
}

Test(rocks_sink, what_is_no_database)
{
	char dir[64], name[96];
	struct pen_sink *sink = NULL;
	rocks_dir_make(dir);
	cr_assert_eq(pen_sink_open_rocks(dir, false, &sink, &why), -ENOENT);
	cr_assert(strstr(why.text, "CURRENT"), "%s", why.text);
	snprintf(name, sizeof name, "%s/none", dir);
	cr_assert_eq(pen_sink_open_rocks(name, false, &sink, &why), -ENOENT);
	snprintf(name, sizeof name, "%s/none/below", dir);
	cr_assert_eq(pen_sink_open_rocks(name, true, &sink, &why), -ENOENT, "%s", why.text);
	snprintf(name, sizeof name, "%s/file", dir);
	fclose(fopen(name, "w"));
	cr_assert_eq(pen_sink_open_rocks(name, false, &sink, &why), -ENOTDIR);
	cr_assert_eq(pen_sink_open_rocks(name, true, &sink, &why), -ENOTDIR);
	snprintf(name, sizeof name, "%s/CURRENT", dir);
	FILE *file = fopen(name, "w");
	fputs("junk", file);
	fclose(file);
	cr_assert_eq(pen_sink_open_rocks(dir, false, &sink, &why), PEN_EVERIFY, "%s", why.text);
	cr_assert_eq(pen_sink_open_rocks(dir, true, &sink, &why), PEN_EVERIFY, "%s", why.text);
	cr_assert_null(sink);
	rocks_dir_remove(dir);
}

#define THREADS 4
#define THREAD_PARTS 16
static const struct pen_sink_state shard_wide = {
	.shard_version = 3, .shard_id = 9, .root = {{6}}, .parts = THREADS * THREAD_PARTS};

struct worker {
	pthread_t thread;
	struct pen_sink *sink;
	uint32_t first;
	int err;
};

static void *worker_run(void *context)
{
	struct worker *worker = context;
	for (uint32_t i = 0; i < THREAD_PARTS && !worker->err; i++)
		worker->err = part_put(worker->sink, &shard_wide, worker->first + i, true);
	return NULL;
}

Test(rocks_sink, batches_of_several_threads_add_up)
{
	char dir[64];
	struct worker workers[THREADS];
	struct pen_sink *sink = sink_open(rocks_dir_make(dir), true);
	begin(sink, &shard_wide, NULL);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.sink = sink, .first = i * THREAD_PARTS};
		cr_assert_eq(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		cr_assert_eq(workers[i].err, 0);
	}
	cr_assert_eq(begin(sink, &shard_wide, NULL).applied, THREADS * THREAD_PARTS);
	cr_assert_eq(count_of(sink, &shard_wide, "shared"), THREADS * THREAD_PARTS);
	cr_assert_eq(sink->ops->finish(sink, &shard_wide, &why), 0, "%s", why.text);
	sink->ops->shut(sink);
	rocks_dir_remove(dir);
}

/* Apply what is left and finish, in a process of its own. */
static void child_apply(const char *dir)
{
	struct pen_sink *sink = NULL;
	struct pen_sink_state have;
	uint8_t applied[THREADS * THREAD_PARTS / 8];
	if (pen_sink_open_rocks(dir, true, &sink, &why) ||
		sink->ops->begin(sink, &shard_wide, &have, applied, &why))
		_exit(1);
	for (uint32_t k = 0; k < shard_wide.parts && !have.done; k++) {
		if (!(applied[k / 8] >> k % 8 & 1) && part_put(sink, &shard_wide, k, true))
			_exit(2);
	}
	if (sink->ops->finish(sink, &shard_wide, &why))
		_exit(3);
	sink->ops->shut(sink);
	_exit(0);
}

Test(rocks_sink, killed_at_any_time_counts_once)
{
	char dir[64];
	int status = -1;
	useconds_t us = 5000;
	unsigned killed = 0;
	rocks_dir_make(dir);
	/* Each run gets a little longer, so that kills fall into the start, the parts, the end. */
	for (; status != 0; us += 4000) {
		pid_t pid = fork();
		if (pid == 0)
			child_apply(dir);
		usleep(us);
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFSIGNALED(status) || status == 0, "exit %d", WEXITSTATUS(status));
		killed += WIFSIGNALED(status);
	}
	cr_assert_gt(killed, 0u);
	struct pen_sink *sink = sink_open(dir, false);
	struct pen_sink_state have = begin(sink, &shard_wide, NULL);
	cr_assert(have.done);
	cr_assert_eq(count_of(sink, &shard_wide, "shared"), THREADS * THREAD_PARTS);
	cr_assert_eq(count_of(sink, &shard_wide, "own63"), 2);
	cr_assert_eq(rows_of(sink, PEN_COLUMN_STATE, &shard_wide), shard_wide.parts + 1);
	sink->ops->shut(sink);
	rocks_dir_remove(dir);
}
