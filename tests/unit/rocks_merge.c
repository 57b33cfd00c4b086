#include <criterion/criterion.h>

#include "base/check.h"
#include "base/text.h"
#include "drivers/rocks/db.h"
#include "drivers/rocks/merge.h"
#include "rocks_dir.h"

#define ONE "0100000000000000"
#define TWO "0200000000000000"
#define MINUS "ffffffffffffffff"
#define MOST "ffffffffffffff7f"

/* A base ("" is none, "-" an empty one) and operands in hex, and what nearcore would store. */
static const struct {
	const char *base;
	const char *operands[4];
	const char *result; /* NULL: corrupt */
} rows[] = {
	{"", {"61" ONE}, "61" ONE},
	{"", {"61" ONE, "61" ONE}, "61" TWO},
	{"61" ONE, {"61" TWO, "61" MINUS}, "61" TWO},
	{"61" ONE, {MINUS}, ""},
	{"", {MINUS}, MINUS},
	{"", {MINUS, "61" TWO}, "61" ONE},
	{MINUS, {"61" ONE}, ""},
	{"-", {"61" ONE}, "61" ONE},
	{"", {ONE, ONE}, TWO},
	{"61" ONE, {"62" ONE}, "61" TWO},
	{"", {"61"}, NULL},
	{"61" ONE, {"01000000000000"}, NULL},
	{"61", {"61" ONE}, NULL},
	{"61" ONE, {"61" MOST}, NULL},
};

static size_t unhex(const char *hex, char *out)
{
	size_t len = strcmp(hex, "-") ? strlen(hex) : 0;
	cr_assert_eq(pen_hex_decode(hex, len, (uint8_t *)out), 0);
	return len / 2;
}

static void row_write(struct pen_rocks_db *db, size_t row, rocksdb_writeoptions_t *options)
{
	char key = (char)row, value[64], *error = NULL;
	rocksdb_column_family_handle_t *state = db->family[PEN_ROCKS_STATE];
	if (rows[row].base[0])
		rocksdb_put_cf(db->db, options, state, &key, 1, value, unhex(rows[row].base, value),
			&error);
	for (size_t i = 0; i < PEN_COUNT(rows[row].operands) && rows[row].operands[i]; i++)
		rocksdb_merge_cf(db->db, options, state, &key, 1, value,
			unhex(rows[row].operands[i], value), &error);
	cr_assert_null(error);
}

static void row_check(struct pen_rocks_db *db, size_t row)
{
	char key = (char)row, want[64], *error = NULL;
	size_t len = 0;
	rocksdb_readoptions_t *options = rocksdb_readoptions_create();
	char *value = rocksdb_get_cf(
		db->db, options, db->family[PEN_ROCKS_STATE], &key, 1, &len, &error);
	rocksdb_readoptions_destroy(options);
	if (!rows[row].result) {
		cr_assert(error, "row %zu", row);
		cr_assert(strstr(error, "Corruption: "), "row %zu: %s", row, error);
	} else {
		cr_assert_null(error, "row %zu", row);
		cr_assert_eq(len, unhex(rows[row].result, want), "row %zu", row);
		cr_assert_eq(memcmp(value, want, len), 0, "row %zu", row);
	}
	rocksdb_free(error);
	rocksdb_free(value);
}

Test(rocks_merge, as_nearcore_merges)
{
	char dir[64];
	struct pen_rocks_db db;
	struct pen_why why = {0};
	cr_assert_eq(pen_rocks_db_open(&db, rocks_dir_make(dir), true, &why), 0, "%s", why.text);
	rocksdb_writeoptions_t *options = rocksdb_writeoptions_create();
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		row_write(&db, i, options);
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		row_check(&db, i);
	/* What cannot be merged fails the flush as well, and nothing falls over. */
	cr_assert_eq(pen_rocks_db_flush(&db, &why), PEN_EVERIFY, "%s", why.text);
	rocksdb_writeoptions_destroy(options);
	pen_rocks_db_close(&db);
	rocks_dir_remove(dir);
}

Test(rocks_merge, flushed_values_stay_equal)
{
	char dir[64];
	struct pen_rocks_db db;
	struct pen_why why = {0};
	cr_assert_eq(pen_rocks_db_open(&db, rocks_dir_make(dir), true, &why), 0, "%s", why.text);
	rocksdb_writeoptions_t *options = rocksdb_writeoptions_create();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		if (rows[i].result)
			row_write(&db, i, options);
	}
	cr_assert_eq(pen_rocks_db_flush(&db, &why), 0, "%s", why.text);
	rocksdb_compact_range_cf(db.db, db.family[PEN_ROCKS_STATE], NULL, 0, NULL, 0);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		if (rows[i].result)
			row_check(&db, i);
	}
	rocksdb_writeoptions_destroy(options);
	pen_rocks_db_close(&db);
	rocks_dir_remove(dir);
}
