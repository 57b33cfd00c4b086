#include <criterion/criterion.h>

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/rng.h"
#include "drivers/rocks/db.h"
#include "drivers/table.h"
#include "part/column.h"
#include "rocks_dir.h"

/* A small disk: the sink's reserve, and room for a few parts of 4 MiB. */
#define DISK "size=48m"
#define ROW_BYTES ((size_t)64 << 10)
#define PART_ROWS 64
#define PARTS 64

/* Exit codes of the child that runs on the small disk. */
enum { CHILD_OK = 0, CHILD_SKIP = 77 };

#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "line %d: %s does not hold: %s\n", __LINE__, #condition, \
				why.text); \
			_exit(1); \
		} \
	} while (0)

static const struct pen_sink_state shard = {
	.shard_version = 3, .shard_id = 7, .root = {{1}}, .parts = PARTS};
static struct pen_why why;

/* Apply one part of incompressible rows. */
static int part_apply(struct pen_sink *sink, uint32_t k)
{
	static uint8_t value[ROW_BYTES];
	struct pen_rng rng = {k};
	struct pen_batch *batch = NULL;
	int err = sink->ops->open(sink, &shard, k, &batch, &why);
	for (int i = 0; i < PART_ROWS && !err; i++) {
		struct pen_hash hash;
		pen_rng_bytes(&rng, value, sizeof value);
		pen_sha256((struct pen_bytes){value, sizeof value}, &hash);
		struct pen_row row = {.column = PEN_COLUMN_STATE,
			.key = {hash.bytes, PEN_HASH_BYTES},
			.value = {value, sizeof value},
			.refs = 1};
		err = sink->ops->put(sink, batch, &row, 1, &why);
	}
	int closed = sink->ops->close(sink, batch, !err, &why);
	return err ? err : closed;
}

static struct pen_sink *sink_open(const char *dir, struct pen_sink_state *have)
{
	struct pen_sink *sink = NULL;
	EXPECT(pen_sink_open_rocks(dir, true, &sink, &why) == 0);
	EXPECT(sink->ops->begin(sink, &shard, have, NULL, &why) == 0);
	return sink;
}

static uint32_t rows_count(struct pen_sink *sink)
{
	struct pen_cursor cursor = {0};
	struct pen_scanned rows[8];
	uint32_t all = 0;
	int count;
	while ((count = sink->ops->scan(sink, PEN_COLUMN_STATE, &shard, &cursor, rows, 8, &why)) >
		0) {
		for (int i = 0; i < count; i++) {
			struct pen_bytes payload;
			int64_t refs;
			EXPECT(pen_refs_decode(rows[i].value, &payload, &refs) == 0);
			EXPECT(refs == 1);
		}
		all += (uint32_t)count;
	}
	EXPECT(count == 0);
	return all;
}

/* Leave `keep` bytes of the disk free; returns the file that takes the rest. */
static FILE *disk_fill(const char *dir, uint64_t keep)
{
	static char block[65536];
	char name[96];
	struct statvfs fs;
	snprintf(name, sizeof name, "%s/filler", dir);
	FILE *file = fopen(name, "w");
	EXPECT(file);
	memset(block, 'f', sizeof block);
	while (statvfs(dir, &fs) == 0 && fs.f_bavail * fs.f_frsize > keep) {
		if (fwrite(block, 1, sizeof block, file) != sizeof block || fflush(file))
			break;
	}
	return file;
}

/* Apply parts until the disk is full, make room, and go on. */
static void full_and_on(const char *disk)
{
	char dir[80];
	struct pen_sink_state have;
	snprintf(dir, sizeof dir, "%s/db", disk);
	struct pen_sink *sink = sink_open(dir, &have);
	uint32_t k = 0;
	int err = 0;
	while (k < PARTS && !(err = part_apply(sink, k)))
		k++;
	EXPECT(err == -ENOSPC);
	EXPECT(k > 0);
	EXPECT(strstr(why.text, "No space left on device"));
	sink->ops->shut(sink);

	sink = sink_open(dir, &have);
	EXPECT(have.applied == k);
	EXPECT(rows_count(sink) == k * PART_ROWS);
	sink->ops->shut(sink);
	EXPECT(mount("none", disk, "tmpfs", MS_REMOUNT, "size=160m") == 0);
	sink = sink_open(dir, &have);
	EXPECT(have.applied == k);
	EXPECT(part_apply(sink, k) == 0);
	EXPECT(rows_count(sink) == (k + 1) * PART_ROWS);
	sink->ops->shut(sink);
}

/* Write 4 MiB of rows and a marker in one batch, then flush. */
static int batch_write(struct pen_rocks_db *db, uint64_t seed)
{
	static uint8_t value[ROW_BYTES];
	struct pen_rng rng = {seed};
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	for (int i = 0; i < PART_ROWS; i++) {
		char key[24];
		int len = snprintf(key, sizeof key, "%llu-%d", (unsigned long long)seed, i);
		pen_rng_bytes(&rng, value, sizeof value);
		rocksdb_writebatch_put_cf(batch, db->family[PEN_ROCKS_FLAT], key, (size_t)len,
			(char *)value, sizeof value);
	}
	rocksdb_writebatch_put(batch, "marker", 6, (char *)&seed, sizeof seed);
	int err = pen_rocks_db_write(db, batch, "cannot write", &why);
	rocksdb_writebatch_destroy(batch);
	return err ? err : pen_rocks_db_flush(db, &why);
}

/* When others fill the disk behind the sink's back, RocksDB itself meets the end. */
static void full_behind_its_back(const char *disk)
{
	char dir[80], name[96];
	struct pen_rocks_db db;
	struct pen_buf marker = {0};
	struct pen_bytes key = {(const uint8_t *)"marker", 6};
	snprintf(dir, sizeof dir, "%s/db2", disk);
	snprintf(name, sizeof name, "%s/filler", disk);
	for (uint64_t keep = 0; keep <= (6u << 20); keep += 3u << 20) {
		EXPECT(pen_rocks_db_open(&db, dir, true, &why) == 0);
		EXPECT(batch_write(&db, 100 + keep) == 0);
		FILE *filler = disk_fill(disk, keep);
		EXPECT(batch_write(&db, 200 + keep) == -ENOSPC);
		EXPECT(strstr(why.text, "No space left on device"));
		pen_rocks_db_close(&db);
		/* Opening may fail on a full disk, but with a code. */
		int err = pen_rocks_db_open(&db, dir, true, &why);
		EXPECT(err == 0 || err == -ENOSPC);
		if (!err)
			pen_rocks_db_close(&db);
		fclose(filler);
		unlink(name);
		/* Whole or not at all. */
		EXPECT(pen_rocks_db_open(&db, dir, true, &why) == 0);
		EXPECT(pen_rocks_db_get(&db, key, &marker, &why) == 1);
		EXPECT(pen_le64(marker.at) == 100 + keep || pen_le64(marker.at) == 200 + keep);
		EXPECT(batch_write(&db, 300 + keep) == 0);
		pen_rocks_db_close(&db);
	}
	pen_buf_fini(&marker);
}

static void child_run(const char *dir)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		_exit(CHILD_SKIP);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("none", dir, "tmpfs", 0, DISK))
		_exit(CHILD_SKIP);
	full_and_on(dir);
	full_behind_its_back(dir);
	_exit(CHILD_OK);
}

Test(rocks_full, a_full_disk_is_an_error_and_no_end)
{
	char dir[64];
	int status = 0;
	rocks_dir_make(dir);
	pid_t pid = fork();
	if (pid == 0)
		child_run(dir);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	rocks_dir_remove(dir);
	cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == CHILD_SKIP)
		cr_skip_test("no mount namespace here");
	cr_assert_eq(WEXITSTATUS(status), CHILD_OK);
}
