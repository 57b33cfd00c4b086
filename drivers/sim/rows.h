/*
 * rows: what a simulated sink keeps of applied parts, so that it can be read back: every row as it
 * was put, in memory.
 *
 * A batch gathers its rows in a pen_sim_rows of its own, and a commit adds them to the sink's. A
 * scan sorts them when it begins: State's counts of one key are added up (a key that was put with
 * two payloads ends the program, as no column could hold both), and of FlatState each key may be
 * there once. What is added afterwards it does not see. One thread at a time.
 */
#ifndef PEN_SIM_ROWS_H
#define PEN_SIM_ROWS_H

#include "base/buf.h"
#include "port/sink.h"

/* Zeroed is empty. */
struct pen_sim_rows {
	struct pen_buf bytes; /* keys and values, one behind the other */
	struct pen_buf list; /* struct pen_sim_row */
};

/* One of them. */
struct pen_sim_row {
	size_t at; /* of its key in `bytes`; the value follows */
	uint32_t key_len, value_len; /* bytes; the value is head and value of struct pen_row */
	enum pen_column column;
	int64_t refs; /* State */
};

/* Give the memory back; zeroed is fine. */
void pen_sim_rows_fini(struct pen_sim_rows *rows);

/* Add a copy of a row. Aborts without memory, as the next one does. */
void pen_sim_rows_put(struct pen_sim_rows *rows, const struct pen_row *row);

/* Add all rows of `more`, which stay there. */
void pen_sim_rows_add(struct pen_sim_rows *rows, const struct pen_sim_rows *more);

/* As scan of port/sink.h, of these rows, which may not change until the cursor is free. */
int pen_sim_rows_scan(const struct pen_sim_rows *rows, enum pen_column column,
	struct pen_cursor *cursor, struct pen_scanned *out, unsigned max);

#endif
