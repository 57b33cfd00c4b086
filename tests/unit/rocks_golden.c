/* nearcore's own parts, applied to a real database, give the State that nearcore's application of
 * them gave; the audit agrees, and sees what is then spoilt. */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "apply/audit.h"
#include "apply/job.h"
#include "base/check.h"
#include "drivers/rocks/db.h"
#include "drivers/table.h"
#include "rocks_dir.h"
#include "util.h"

static struct pen_why why;

static void part_apply(
	struct pen_job *job, const struct pen_apply *apply, const char *name, uint32_t k)
{
	char path[96];
	snprintf(path, sizeof path, "golden/%s/state_part_%06u_of_%06u", name, k,
		apply->shard.parts);
	struct pen_buf bytes = test_data(path);
	struct pen_task task = {.k = k, .bytes = &bytes};
	pen_job_run(job, apply, &task);
	cr_assert_eq(task.result, 0, "%s: %s", path, task.why.text);
	pen_buf_fini(&bytes);
}

/* A finished database of a golden state in `dir`. */
static void golden_apply(const char *dir, const char *name, const struct pen_sink_state *want)
{
	struct pen_apply apply = {.shard = *want};
	struct pen_job *job = calloc(1, sizeof *job);
	struct pen_sink_state have;
	cr_assert_eq(pen_sink_open_rocks(dir, true, &apply.sink, &why), 0, "%s", why.text);
	cr_assert_eq(apply.sink->ops->begin(apply.sink, want, &have, NULL, &why), 0);
	for (uint32_t k = want->parts; k-- > 0;)
		part_apply(job, &apply, name, k);
	cr_assert_eq(apply.sink->ops->finish(apply.sink, want, &why), 0, "%s", why.text);
	apply.sink->ops->shut(apply.sink);
	pen_job_fini(job);
	free(job);
}

/* Lines of State as nearcore's dump has them: hash, count and length of the payload. */
static void state_compare(
	struct pen_sink *sink, const struct pen_sink_state *shard, const char *name)
{
	char path[64], hex[PEN_HASH_HEX_BYTES], text[160], *line;
	struct pen_cursor cursor = {0};
	struct pen_scanned row;
	size_t at = 0;
	snprintf(path, sizeof path, "golden/%s.state.zst", name);
	struct pen_buf dump = test_data(path);
	while (sink->ops->scan(sink, PEN_COLUMN_STATE, shard, &cursor, &row, 1, &why) == 1) {
		struct pen_bytes payload;
		int64_t refs;
		cr_assert_eq(pen_refs_decode(row.value, &payload, &refs), 0);
		snprintf(text, sizeof text, "%s %lld %zu", pen_hex(row.key, hex), (long long)refs,
			payload.len);
		cr_assert(test_line(&dump, &at, &line));
		cr_assert_str_eq(text, line);
	}
	cr_assert(!test_line(&dump, &at, &line), "%s has more", path);
	pen_buf_fini(&dump);
}

static int audit(const char *dir, const struct pen_sink_state *shard, struct pen_audit *out)
{
	struct pen_sink *sink;
	struct pen_shard id = {.version = shard->shard_version, .id = shard->shard_id};
	cr_assert_eq(pen_sink_open_rocks(dir, false, &sink, &why), 0, "%s", why.text);
	int err = pen_audit_run(sink, id, &shard->root, out, &why);
	sink->ops->shut(sink);
	return err;
}

Test(rocks_golden, state_is_nearcore_s)
{
	static const struct {
		const char *name, *root;
		uint32_t parts;
		uint64_t keys, entries;
	} rows[] = {
		{"genesis", "8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU", 5, 64, 140},
		{"small", "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv", 7, 6605, 18223},
		{"edges", "28dXfKSczkZrkaRUrxLpwxGmnxNtbz2Uw5Dt3zseFiir", 6, 508, 307},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		char dir[64];
		struct pen_audit found;
		struct pen_sink *sink;
		struct pen_sink_state shard = {
			.shard_version = 3, .shard_id = 7, .parts = rows[i].parts};
		cr_assert_eq(pen_hash_parse(rows[i].root, &shard.root), 0);
		golden_apply(rocks_dir_make(dir), rows[i].name, &shard);
		cr_assert_eq(audit(dir, &shard, &found), 0, "%s", why.text);
		cr_assert_eq(found.sum.keys, rows[i].keys);
		cr_assert_eq(found.entries, rows[i].entries);
		cr_assert_eq(pen_sink_open_rocks(dir, false, &sink, &why), 0);
		state_compare(sink, &shard, rows[i].name);
		sink->ops->shut(sink);
		rocks_dir_remove(dir);
	}
}

/* Change the database behind the sink: a key and a value, NULL to delete. */
static void spoil(const char *dir, bool merge, const char *key, size_t key_len, const char *value,
	size_t value_len)
{
	struct pen_rocks_db db;
	char *error = NULL;
	cr_assert_eq(pen_rocks_db_open(&db, dir, true, &why), 0, "%s", why.text);
	if (merge)
		rocksdb_merge_cf(db.db, db.synced, db.family[PEN_ROCKS_STATE], key, key_len, value,
			value_len, &error);
	else if (value)
		rocksdb_put_cf(db.db, db.synced, db.family[PEN_ROCKS_STATE], key, key_len, value,
			value_len, &error);
	else
		rocksdb_delete_cf(
			db.db, db.synced, db.family[PEN_ROCKS_STATE], key, key_len, &error);
	cr_assert_null(error, "%s", error);
	pen_rocks_db_close(&db);
}

/* A database of golden/genesis in `dir`, and the key of its root's row. */
static struct pen_sink_state spoil_begin(char dir[64], char key[40])
{
	struct pen_sink_state shard = {.shard_version = 3, .shard_id = 7, .parts = 5};
	cr_assert_eq(
		pen_hash_parse("8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU", &shard.root), 0);
	golden_apply(rocks_dir_make(dir), "genesis", &shard);
	pen_put_le32((uint8_t *)key, 3);
	pen_put_le32((uint8_t *)key + 4, 7);
	memcpy(key + 8, shard.root.bytes, 32);
	return shard;
}

Test(rocks_golden, a_spoilt_count_is_seen)
{
	char dir[64], key[40];
	struct pen_audit found;
	struct pen_sink_state shard = spoil_begin(dir, key);
	spoil(dir, true, key, sizeof key, "\1\0\0\0\0\0\0\0", 8);
	cr_assert_eq(audit(dir, &shard, &found), PEN_EVERIFY);
	cr_assert_eq(found.findings.total, 1);
	cr_assert_eq(found.findings.first[0].kind, PEN_FINDING_COUNT);
	cr_assert_eq(found.findings.first[0].have, 2);
	cr_assert_eq(found.findings.first[0].want, 1);
	/* Less than nothing: nearcore keeps the count alone. */
	spoil(dir, true, key, sizeof key, "\xfd\xff\xff\xff\xff\xff\xff\xff", 8);
	cr_assert_eq(audit(dir, &shard, &found), PEN_EVERIFY);
	cr_assert_eq(found.findings.first[0].kind, PEN_FINDING_STATE_USELESS);
	rocks_dir_remove(dir);
}

/* Each opening for writing leaves one more table, and at four RocksDB compacts them beside us. That
 * fails on what cannot be merged, sooner or later than the next write, which then fails too. So
 * it has a database of its own, which is opened for writing four times in all. */
Test(rocks_golden, what_cannot_be_merged_is_seen)
{
	char dir[64], key[40];
	struct pen_audit found;
	struct pen_sink_state shard = spoil_begin(dir, key);
	/* An error, and no end. */
	spoil(dir, true, key, sizeof key, "junk", 4);
	cr_assert_eq(audit(dir, &shard, &found), PEN_EVERIFY);
	cr_assert(strstr(why.text, "merge"), "%s", why.text);
	spoil(dir, false, key, sizeof key, NULL, 0);
	cr_assert_eq(audit(dir, &shard, &found), PEN_EVERIFY);
	cr_assert_eq(found.findings.total, 1);
	cr_assert_eq(found.findings.first[0].kind, PEN_FINDING_MISSING);
	/* Another shard's rows are none of this one's business. */
	key[4] = 8;
	spoil(dir, false, key, sizeof key, "junk", 4);
	cr_assert_eq(audit(dir, &shard, &found), PEN_EVERIFY);
	cr_assert_eq(found.findings.total, 1);
	rocks_dir_remove(dir);
}
