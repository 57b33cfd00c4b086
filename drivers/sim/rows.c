#include "drivers/sim/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "part/column.h"

/* A scan under way: one column in order, each key once. */
struct scan {
	struct pen_buf bytes; /* values of State with their counts; never moves */
	struct pen_scanned *rows;
	size_t count, next;
};

/* A row while it is sorted. */
struct sorted {
	struct pen_bytes key, value;
	int64_t refs;
};

void pen_sim_rows_fini(struct pen_sim_rows *rows)
{
	pen_buf_fini(&rows->bytes);
	pen_buf_fini(&rows->list);
}

static const struct pen_sim_row *row_at(const struct pen_sim_rows *rows, size_t i)
{
	return (const struct pen_sim_row *)(const void *)rows->list.at + i;
}

static size_t count_of(const struct pen_sim_rows *rows)
{
	return rows->list.len / sizeof(struct pen_sim_row);
}

void pen_sim_rows_put(struct pen_sim_rows *rows, const struct pen_row *row)
{
	const struct pen_sim_row kept = {.at = rows->bytes.len,
		.key_len = (uint32_t)row->key.len,
		.value_len = (uint32_t)(row->head.len + row->value.len),
		.column = row->column,
		.refs = row->refs};
	const struct pen_bytes pieces[] = {row->key, row->head, row->value};
	PEN_CHECK(!pen_buf_append(&rows->list, &kept, sizeof kept));
	/* The rows are borrowed for the call, and a sink is what keeps them. */
	for (unsigned i = 0; i < PEN_COUNT(pieces); i++)
		if (pieces[i].len)
			PEN_CHECK(!pen_buf_append(&rows->bytes, pieces[i].at, pieces[i].len));
}

void pen_sim_rows_add(struct pen_sim_rows *rows, const struct pen_sim_rows *more)
{
	size_t base = rows->bytes.len;
	if (!count_of(more))
		return;
	PEN_CHECK(!pen_buf_append(&rows->bytes, more->bytes.at, more->bytes.len));
	for (size_t i = 0; i < count_of(more); i++) {
		struct pen_sim_row row = *row_at(more, i);
		row.at += base;
		PEN_CHECK(!pen_buf_append(&rows->list, &row, sizeof row));
	}
}

static int by_key(const void *a, const void *b)
{
	const struct sorted *one = a, *other = b;
	return pen_bytes_compare(one->key, other->key);
}

/* Rows of a column in order of their keys; *bytes is how many all values have. */
static struct sorted *sort(
	const struct pen_sim_rows *rows, enum pen_column column, size_t *count, size_t *bytes)
{
	size_t all = count_of(rows);
	struct sorted *list = malloc((all + 1) * sizeof *list);
	PEN_CHECK(list != NULL);
	*count = *bytes = 0;
	for (size_t i = 0; i < all; i++) {
		const struct pen_sim_row *row = row_at(rows, i);
		const uint8_t *at = rows->bytes.at + row->at;
		if (row->column != column)
			continue;
		list[(*count)++] = (struct sorted){
			{at, row->key_len}, {at + row->key_len, row->value_len}, row->refs};
		*bytes += row->value_len + PEN_REFS_BYTES;
	}
	qsort(list, *count, sizeof *list, by_key);
	return list;
}

/* Is the row another one of the same key? Its value must be the same then. */
static bool same_key(const struct sorted *row, const struct sorted *before, enum pen_column column)
{
	if (by_key(row, before))
		return false;
	PEN_CHECK(column == PEN_COLUMN_STATE);
	PEN_CHECK(!pen_bytes_compare(row->value, before->value));
	return true;
}

/* A State value as it is stored: with its count behind it. */
static struct pen_bytes counted(struct scan *scan, const struct sorted *row)
{
	uint8_t *at = scan->bytes.at + scan->bytes.len;
	PEN_CHECK(!pen_buf_append(&scan->bytes, row->value.at, row->value.len));
	PEN_CHECK(!pen_buf_append(&scan->bytes, &row->refs, PEN_REFS_BYTES));
	return (struct pen_bytes){at, row->value.len + PEN_REFS_BYTES};
}

static struct scan *begin(const struct pen_sim_rows *rows, enum pen_column column)
{
	size_t count, bytes;
	struct sorted *list = sort(rows, column, &count, &bytes);
	struct scan *scan = calloc(1, sizeof *scan);
	PEN_CHECK(scan != NULL);
	scan->rows = malloc((count + 1) * sizeof *scan->rows);
	PEN_CHECK(scan->rows != NULL);
	PEN_CHECK(!pen_buf_reserve(&scan->bytes, bytes + 1));
	for (size_t i = 0; i < count;) {
		struct sorted row = list[i++];
		for (; i < count && same_key(&list[i], &row, column); i++)
			row.refs += list[i].refs;
		struct pen_bytes value = column == PEN_COLUMN_STATE ? counted(scan, &row)
								    : row.value;
		scan->rows[scan->count++] = (struct pen_scanned){row.key, value};
	}
	free(list);
	return scan;
}

static void end(struct pen_cursor *cursor)
{
	struct scan *scan = cursor->driver;
	if (!scan)
		return;
	pen_buf_fini(&scan->bytes);
	free(scan->rows);
	free(scan);
	cursor->driver = NULL;
}

int pen_sim_rows_scan(const struct pen_sim_rows *rows, enum pen_column column,
	struct pen_cursor *cursor, struct pen_scanned *out, unsigned max)
{
	unsigned count = 0;
	if (max && !cursor->driver)
		cursor->driver = begin(rows, column);
	struct scan *scan = cursor->driver;
	while (count < max && scan->next < scan->count)
		out[count++] = scan->rows[scan->next++];
	if (count == 0)
		end(cursor);
	return (int)count;
}
