/*
 * The sink over RocksDB, in its simplest form: one part is one atomic WriteBatch with its rows and
 * its marker, in the log and synced before close returns. State rows are merge operands that add
 * up, flat rows are puts.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/check.h"
#include "drivers/rocks/keys.h"
#include "drivers/rocks/scan.h"
#include "drivers/rocks/shard.h"
#include "drivers/table.h"
#include "part/column.h"

/* Kept free beside a part: the manifest, a compaction's next table, and what others write. */
#define RESERVE_BYTES ((uint64_t)16 << 20)
/* A part lies on the disk twice while it is written: in the log and in the tables. */
#define PART_COPIES 2
/* A batch is in memory whole. A part of 512 MiB, the largest there is, needs about as much; only
 * a state that repeats itself without end needs more, and is cut into more parts instead. */
#define BATCH_BYTES_MAX ((size_t)1 << 30)

struct rocks {
	struct pen_sink sink;
	struct pen_rocks_db db;
	/* The code of the first write that failed. What a failed write left in the log is not
	 * known before the next start, so nothing is written after it: a part written again could
	 * count twice. */
	atomic_int broken;
};

struct pen_batch {
	rocksdb_writebatch_t *rows;
	struct pen_sink_state shard;
	uint32_t k;
	uint8_t prefix[PEN_SHARD_KEY_BYTES];
};

static struct rocks *rocks_of(struct pen_sink *sink)
{
	return (struct rocks *)sink;
}

/* A failed write ends all writing; see struct rocks. */
static int rocks_write(
	struct rocks *rocks, rocksdb_writebatch_t *batch, const char *doing, struct pen_why *why)
{
	int broken = atomic_load(&rocks->broken);
	if (broken)
		return pen_fail(why, broken,
			"%s: an earlier write failed (%s); start again to go on", rocks->sink.label,
			pen_err_text(broken));
	int err = pen_rocks_db_write(&rocks->db, batch, doing, why);
	int none = 0;
	if (err)
		atomic_compare_exchange_strong(&rocks->broken, &none, err);
	return err;
}

static int record_write(
	struct rocks *rocks, const struct pen_sink_state *state, struct pen_why *why)
{
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	pen_rocks_shard_put(batch, state);
	int err = rocks_write(rocks, batch, "cannot write the record of the shard", why);
	rocksdb_writebatch_destroy(batch);
	return err;
}

/* Start the shard for `want`, in place of a record under which no part was ever applied. */
static int shard_start(struct rocks *rocks, const struct pen_sink_state *want,
	struct pen_sink_state *have, struct pen_why *why)
{
	have->root = want->root;
	have->parts = want->parts;
	have->applied = 0;
	return record_write(rocks, have, why);
}

/* A shard that holds something: is it what is wanted, or nothing that matters yet? */
static int shard_resume(struct rocks *rocks, const struct pen_sink_state *want,
	struct pen_sink_state *have, uint8_t *applied, struct pen_why *why)
{
	/* A bitmap has room for the parts that are wanted only. */
	bool same = pen_rocks_shard_is(want, have);
	int err = pen_rocks_shard_markers(&rocks->db, have, same ? applied : NULL, why);
	if (err || same || want->parts == 0)
		return err;
	if (have->applied == 0)
		return shard_start(rocks, want, have, why);
	return pen_rocks_shard_same(&rocks->db, want, have, why);
}

static int rocks_begin(struct pen_sink *sink, const struct pen_sink_state *want,
	struct pen_sink_state *have, uint8_t *applied, struct pen_why *why)
{
	struct rocks *rocks = rocks_of(sink);
	*have = (struct pen_sink_state){
		.shard_version = want->shard_version, .shard_id = want->shard_id};
	PEN_CHECK(want->parts <= PEN_PARTS_MAX);
	if (applied)
		memset(applied, 0, (want->parts + 7) / 8);
	int found = pen_rocks_shard_read(&rocks->db, have, why);
	if (found < 0)
		return found;
	if (!found)
		return want->parts ? shard_start(rocks, want, have, why) : 0;
	if (!have->done)
		return shard_resume(rocks, want, have, applied, why);
	int err = want->parts ? pen_rocks_shard_same(&rocks->db, want, have, why) : 0;
	if (err || !want->parts)
		applied = NULL;
	if (err)
		return err;
	have->applied = have->parts;
	for (uint32_t k = 0; applied && k < have->parts; k++)
		applied[k >> 3] |= (uint8_t)(1u << (k & 7));
	return 0;
}

/* Is there room for `bytes`, for what is in the log alone so far, and for the reserve? 0, -ENOSPC,
 * or the machine's error. */
static int room_check(struct rocks *rocks, uint64_t bytes, struct pen_why *why)
{
	struct statvfs fs;
	if (statvfs(rocks->sink.label, &fs)) {
		int err = errno;
		return pen_fail(why, -err, "%s: %s", rocks->sink.label, strerror(err));
	}
	uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	bytes += pen_rocks_db_unflushed(&rocks->db) + RESERVE_BYTES;
	if (free_bytes >= bytes)
		return 0;
	return pen_fail(why, -ENOSPC,
		"No space left on device: %s has %llu MiB free, and the next part needs %llu MiB "
		"with the reserve; make room and start again to go on",
		rocks->sink.label, (unsigned long long)(free_bytes >> 20),
		(unsigned long long)(bytes >> 20) + 1);
}

/* The shard must be begun for this very state and not be done: its counts would add up twice. */
static int begun_check(struct rocks *rocks, const struct pen_sink_state *shard, struct pen_why *why)
{
	struct pen_sink_state have = *shard;
	int found = pen_rocks_shard_read(&rocks->db, &have, why);
	if (found < 0)
		return found;
	PEN_CHECK(found == 1);
	PEN_CHECK(!have.done);
	return pen_rocks_shard_same(&rocks->db, shard, &have, why);
}

static int rocks_open(struct pen_sink *sink, const struct pen_sink_state *shard, uint32_t k,
	struct pen_batch **batch, struct pen_why *why)
{
	struct rocks *rocks = rocks_of(sink);
	PEN_CHECK(k < shard->parts);
	int err = begun_check(rocks, shard, why);
	if (!err)
		err = room_check(rocks, 0, why);
	if (err)
		return err;
	struct pen_batch *made = calloc(1, sizeof *made);
	if (!made)
		return pen_fail(why, -ENOMEM, "out of memory");
	made->rows = rocksdb_writebatch_create();
	made->shard = *shard;
	made->k = k;
	pen_rocks_shard(shard, made->prefix);
	*batch = made;
	return 0;
}

/* Two runs of bytes, as RocksDB puts them together: no copy but that into the batch. */
struct pieces {
	const char *at[2];
	size_t len[2];
};

static struct pieces pieces_of(struct pen_bytes a, struct pen_bytes b)
{
	/* A slice must point somewhere, even at nothing. */
	return (struct pieces){
		{a.len ? (const char *)a.at : "", b.len ? (const char *)b.at : ""}, {a.len, b.len}};
}

static void batch_add(struct rocks *rocks, struct pen_batch *batch, const struct pen_row *row)
{
	struct pieces key = pieces_of(
		(struct pen_bytes){batch->prefix, sizeof batch->prefix}, row->key);
	if (row->column == PEN_COLUMN_FLAT) {
		struct pieces value = pieces_of(row->head, row->value);
		rocksdb_writebatch_putv_cf(batch->rows, rocks->db.family[PEN_ROCKS_FLAT], 2, key.at,
			key.len, 2, value.at, value.len);
		return;
	}
	PEN_CHECK(row->key.len == PEN_HASH_BYTES);
	PEN_CHECK(row->head.len == 0);
	PEN_CHECK(row->refs > 0);
	uint8_t refs[PEN_REFS_BYTES];
	pen_put_le64(refs, (uint64_t)row->refs);
	struct pieces value = pieces_of(row->value, (struct pen_bytes){refs, sizeof refs});
	rocksdb_writebatch_mergev_cf(batch->rows, rocks->db.family[PEN_ROCKS_STATE], 2, key.at,
		key.len, 2, value.at, value.len);
}

static size_t batch_bytes(struct pen_batch *batch)
{
	size_t bytes;
	rocksdb_writebatch_data(batch->rows, &bytes);
	return bytes;
}

static int rocks_put(struct pen_sink *sink, struct pen_batch *batch, const struct pen_row *rows,
	unsigned count, struct pen_why *why)
{
	size_t bytes = batch_bytes(batch);
	for (unsigned i = 0; i < count; i++) {
		/* More than any row costs in a batch beside its bytes. */
		bytes += 64 + rows[i].key.len + rows[i].head.len + rows[i].value.len;
		if (bytes > BATCH_BYTES_MAX)
			return pen_fail(why, PEN_EREFUSED,
				"part %u would be applied in one write of over %zu MiB; cut the "
				"state into more parts",
				batch->k, BATCH_BYTES_MAX >> 20);
		batch_add(rocks_of(sink), batch, &rows[i]);
	}
	return 0;
}

static int batch_commit(struct rocks *rocks, struct pen_batch *batch, struct pen_why *why)
{
	struct pen_rocks_key key = pen_rocks_part_key(&batch->shard, batch->k);
	int found = pen_rocks_shard_marked(&rocks->db, &batch->shard, batch->k, why);
	if (found < 0)
		return found;
	PEN_CHECK(!found); /* applied twice is counted twice */
	int err = room_check(rocks, (uint64_t)batch_bytes(batch) * PART_COPIES, why);
	if (err)
		return err;
	rocksdb_writebatch_put(batch->rows, key.at, key.len, "", 0);
	return rocks_write(rocks, batch->rows, "cannot write a part", why);
}

static int rocks_close(
	struct pen_sink *sink, struct pen_batch *batch, bool commit, struct pen_why *why)
{
	if (!batch)
		return 0;
	int err = commit ? batch_commit(rocks_of(sink), batch, why) : 0;
	rocksdb_writebatch_destroy(batch->rows);
	free(batch);
	return err;
}

static int rocks_finish(
	struct pen_sink *sink, const struct pen_sink_state *shard, struct pen_why *why)
{
	struct rocks *rocks = rocks_of(sink);
	struct pen_sink_state have = *shard;
	int found = pen_rocks_shard_read(&rocks->db, &have, why);
	if (found < 0)
		return found;
	/* The empty state has no part, so begin left no record. */
	PEN_CHECK(found || shard->parts == 0);
	int err = found ? pen_rocks_shard_same(&rocks->db, shard, &have, why) : 0;
	if (err || (found && have.done))
		return err;
	err = pen_rocks_shard_markers(&rocks->db, &have, NULL, why);
	if (!err && have.applied != have.parts)
		err = pen_fail(why, PEN_EREFUSED, "%s: %u of %u parts are applied", sink->label,
			have.applied, have.parts);
	if (!err)
		err = pen_rocks_db_flush(&rocks->db, why);
	if (err)
		return err;
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	have.done = true;
	pen_rocks_shard_put(batch, &have);
	for (uint32_t k = 0; k < have.parts; k++) {
		struct pen_rocks_key key = pen_rocks_part_key(&have, k);
		rocksdb_writebatch_delete(batch, key.at, key.len);
	}
	err = rocks_write(rocks, batch, "cannot mark the shard as done", why);
	rocksdb_writebatch_destroy(batch);
	return err;
}

static int rocks_scan(struct pen_sink *sink, enum pen_column column,
	const struct pen_sink_state *shard, struct pen_cursor *cursor, struct pen_scanned *rows,
	unsigned max, struct pen_why *why)
{
	return pen_rocks_scan(&rocks_of(sink)->db, column, shard, cursor, rows, max, why);
}

static void rocks_shut(struct pen_sink *sink)
{
	if (!sink)
		return;
	pen_rocks_db_close(&rocks_of(sink)->db);
	free(sink);
}

static const struct pen_sink_ops rocks_ops = {
	.begin = rocks_begin,
	.open = rocks_open,
	.put = rocks_put,
	.close = rocks_close,
	.finish = rocks_finish,
	.scan = rocks_scan,
	.shut = rocks_shut,
};

int pen_sink_open_rocks(const char *path, bool create, struct pen_sink **sink, struct pen_why *why)
{
	struct rocks *rocks = calloc(1, sizeof *rocks);
	if (!rocks)
		return pen_fail(why, -ENOMEM, "out of memory");
	int err = pen_rocks_db_open(&rocks->db, path, create, why);
	if (err) {
		free(rocks);
		return err;
	}
	rocks->sink.ops = &rocks_ops;
	rocks->sink.label = rocks->db.path;
	rocks->sink.memory_bytes = PEN_ROCKS_BYTES;
	rocks->sink.batch_copies = PEN_ROCKS_BATCH_COPIES;
	*sink = &rocks->sink;
	return 0;
}
