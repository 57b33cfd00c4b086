/*
 * scan: rows of one column of one shard, in key order, copied out of an iterator a burst at a
 * time. Merge operands come out merged. The cursor belongs to one thread.
 */
#ifndef PEN_ROCKS_SCAN_H
#define PEN_ROCKS_SCAN_H

#include "drivers/rocks/db.h"
#include "port/sink.h"

/* A burst ends once it holds so many bytes, so that its memory does not depend on the values; the
 * last row may be a whole value (4 MiB) larger. */
#define PEN_ROCKS_SCAN_BYTES ((size_t)1 << 20)

/* As pen_sink_ops.scan says. */
int pen_rocks_scan(struct pen_rocks_db *db, enum pen_column column,
	const struct pen_sink_state *shard, struct pen_cursor *cursor, struct pen_scanned *rows,
	unsigned max, struct pen_why *why);

#endif
