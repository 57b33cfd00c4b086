#include <criterion/criterion.h>

#include <errno.h>

#include "base/check.h"
#include "drivers/rocks/db.h"
#include "drivers/rocks/merge.h"
#include "rocks_dir.h"

/* A database with these families beside default, and one row in each. */
static void node_make(const char *dir, const char *const *names, int count)
{
	char *error = NULL;
	rocksdb_options_t *options = rocksdb_options_create();
	rocksdb_writeoptions_t *write = rocksdb_writeoptions_create();
	rocksdb_options_set_create_if_missing(options, 1);
	rocksdb_options_set_merge_operator(options, pen_rocks_merge_operator());
	rocksdb_t *db = rocksdb_open(options, dir, &error);
	cr_assert_null(error, "%s", error);
	for (int i = 0; i < count; i++) {
		rocksdb_column_family_handle_t *family = rocksdb_create_column_family(
			db, options, names[i], &error);
		cr_assert_null(error);
		rocksdb_merge_cf(db, write, family, "k", 1, "v\1\0\0\0\0\0\0\0", 9, &error);
		cr_assert_null(error);
		rocksdb_column_family_handle_destroy(family);
	}
	rocksdb_close(db);
	rocksdb_writeoptions_destroy(write);
	rocksdb_options_destroy(options);
}

static size_t families_count(const char *dir)
{
	char *error = NULL;
	size_t count = 0;
	rocksdb_options_t *options = rocksdb_options_create();
	char **names = rocksdb_list_column_families(options, dir, &count, &error);
	cr_assert_null(error);
	rocksdb_list_column_families_destroy(names, count);
	rocksdb_options_destroy(options);
	return count;
}

Test(rocks_db, a_node_s_families_are_opened_and_kept)
{
	static const char *const node[] = {"col0", "col5", "col6", "FlatState", "FlatStateChanges"};
	static const char *const partial[] = {"col0", "FlatStateChanges"};
	static const struct {
		const char *const *names;
		int count;
		int read_only; /* what a read-only open says */
		size_t after; /* families once it was opened for writing */
	} rows[] = {
		{node, 5, 0, 6},
		{partial, 2, -ENOENT, 5},
		{NULL, 0, -ENOENT, 3},
	};
	struct pen_why why = {0};
	struct pen_rocks_db db;
	char dir[64];
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		rocks_dir_make(dir);
		node_make(dir, rows[i].names, rows[i].count);
		cr_assert_eq(pen_rocks_db_open(&db, dir, false, &why), rows[i].read_only, "%s",
			why.text);
		pen_rocks_db_close(&db);
		cr_assert_eq(families_count(dir), (size_t)rows[i].count + 1);
		cr_assert_eq(pen_rocks_db_open(&db, dir, true, &why), 0, "%s", why.text);
		cr_assert_eq(pen_rocks_db_flush(&db, &why), 0);
		pen_rocks_db_close(&db);
		cr_assert_eq(families_count(dir), rows[i].after);
		cr_assert_eq(pen_rocks_db_open(&db, dir, false, &why), 0, "%s", why.text);
		pen_rocks_db_close(&db);
		rocks_dir_remove(dir);
	}
}

Test(rocks_db, records_come_back_after_a_crash)
{
	char dir[64];
	struct pen_why why = {0};
	struct pen_rocks_db db;
	struct pen_buf value = {0};
	struct pen_bytes key = {(const uint8_t *)"k", 1};
	cr_assert_eq(pen_rocks_db_open(&db, rocks_dir_make(dir), true, &why), 0, "%s", why.text);
	cr_assert_eq(pen_rocks_db_get(&db, key, &value, &why), 0);
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	rocksdb_writebatch_put(batch, "k", 1, "value", 5);
	cr_assert_eq(pen_rocks_db_write(&db, batch, "cannot write", &why), 0);
	rocksdb_writebatch_destroy(batch);
	/* What lies on the disk now is what a crash would leave. */
	char copy[64], command[160];
	rocks_dir_make(copy);
	snprintf(command, sizeof command, "cp %s/* %s/", dir, copy);
	cr_assert_eq(system(command), 0);
	pen_rocks_db_close(&db);
	for (int create = 0; create < 2; create++) {
		cr_assert_eq(pen_rocks_db_open(&db, copy, create, &why), 0, "%s", why.text);
		cr_assert_eq(pen_rocks_db_get(&db, key, &value, &why), 1);
		cr_assert_eq(value.len, 5);
		pen_rocks_db_close(&db);
	}
	pen_buf_fini(&value);
	rocks_dir_remove(dir);
	rocks_dir_remove(copy);
}
