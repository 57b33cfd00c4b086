/* Rows of a simulated sink: what is put is read back, as a column has it. */
#include "drivers/sim/rows.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

static struct pen_bytes text(const char *at)
{
	return (struct pen_bytes){(const uint8_t *)at, strlen(at)};
}

static void put(struct pen_sim_rows *rows, enum pen_column column, const char *key,
	const char *value, int64_t refs)
{
	const struct pen_row row = {
		.column = column, .key = text(key), .value = text(value), .refs = refs};
	pen_sim_rows_put(rows, &row);
}

/* All of a column as "key=value ", State's counts behind a colon; so many rows a call. */
static void read_back(
	const struct pen_sim_rows *rows, enum pen_column column, unsigned max, char said[256])
{
	struct pen_cursor cursor = {0};
	struct pen_scanned out[8];
	int count;
	said[0] = 0;
	while ((count = pen_sim_rows_scan(rows, column, &cursor, out, max)) > 0) {
		cr_assert_leq((unsigned)count, max);
		for (int i = 0; i < count; i++) {
			size_t len = strlen(said), tail = column == PEN_COLUMN_STATE ? 8 : 0;
			int64_t refs = 0;
			memcpy(&refs, out[i].value.at + out[i].value.len - tail, tail);
			snprintf(said + len, 256 - len, tail ? "%.*s=%.*s:%d " : "%.*s=%.*s ",
				(int)out[i].key.len, (const char *)out[i].key.at,
				(int)(out[i].value.len - tail), (const char *)out[i].value.at,
				(int)refs);
		}
	}
	cr_assert_eq(count, 0);
	cr_assert_null(cursor.driver);
}

Test(sim_rows, reads_each_column_in_order_of_keys_and_adds_counts_up)
{
	struct pen_sim_rows rows = {0}, more = {0};
	char said[256];
	put(&rows, PEN_COLUMN_STATE, "b", "two", 1);
	put(&rows, PEN_COLUMN_FLAT, "z", "flat", 0);
	put(&more, PEN_COLUMN_STATE, "a", "one", 2);
	put(&more, PEN_COLUMN_STATE, "b", "two", 3);
	put(&more, PEN_COLUMN_FLAT, "", "no key", 0);
	pen_sim_rows_add(&rows, &more);
	pen_sim_rows_fini(&more);
	for (unsigned max = 1; max <= 8; max++) {
		read_back(&rows, PEN_COLUMN_STATE, max, said);
		cr_assert_str_eq(said, "a=one:2 b=two:4 ");
		read_back(&rows, PEN_COLUMN_FLAT, max, said);
		cr_assert_str_eq(said, "=no key z=flat ");
	}
	pen_sim_rows_fini(&rows);
}

Test(sim_rows, a_value_is_head_and_value)
{
	struct pen_sim_rows rows = {0};
	char said[256];
	const struct pen_row row = {.column = PEN_COLUMN_FLAT,
		.key = text("k"),
		.head = text("he"),
		.value = text("ad")};
	pen_sim_rows_put(&rows, &row);
	read_back(&rows, PEN_COLUMN_FLAT, 8, said);
	cr_assert_str_eq(said, "k=head ");
	pen_sim_rows_fini(&rows);
}

Test(sim_rows, a_scan_may_end_early)
{
	struct pen_sim_rows rows = {0};
	struct pen_cursor cursor = {0};
	struct pen_scanned out[1];
	put(&rows, PEN_COLUMN_FLAT, "a", "1", 0);
	put(&rows, PEN_COLUMN_FLAT, "b", "2", 0);
	cr_assert_eq(pen_sim_rows_scan(&rows, PEN_COLUMN_FLAT, &cursor, out, 1), 1);
	cr_assert_not_null(cursor.driver);
	cr_assert_eq(pen_sim_rows_scan(&rows, PEN_COLUMN_FLAT, &cursor, out, 0), 0);
	cr_assert_null(cursor.driver);
	pen_sim_rows_fini(&rows);
}

Test(sim_rows, one_key_has_no_two_payloads, .signal = SIGABRT)
{
	struct pen_sim_rows rows = {0};
	char said[256];
	put(&rows, PEN_COLUMN_STATE, "a", "one", 1);
	put(&rows, PEN_COLUMN_STATE, "a", "two", 1);
	read_back(&rows, PEN_COLUMN_STATE, 8, said);
}
