#include "drivers/rocks/scan.h"

#include <errno.h>
#include <stdlib.h>

#include "drivers/rocks/errors.h"
#include "drivers/rocks/keys.h"
#include "part/id.h"

/* One pass over a column costs each block once: read ahead, keep nothing. */
#define READAHEAD_BYTES ((size_t)2 << 20)

struct scan {
	rocksdb_readoptions_t *options;
	rocksdb_iterator_t *iterator;
	uint8_t first[PEN_SHARD_KEY_BYTES]; /* the shard's prefix */
	uint8_t behind[PEN_SHARD_KEY_BYTES]; /* the first key that is not the shard's */
	struct pen_buf rows; /* key and value of each row of the burst, one after another */
};

static void scan_close(struct scan *scan)
{
	if (scan->iterator)
		rocksdb_iter_destroy(scan->iterator);
	if (scan->options)
		rocksdb_readoptions_destroy(scan->options);
	pen_buf_fini(&scan->rows);
	free(scan);
}

/* The prefix plus one as a big-endian number; false if there is nothing behind it. */
static bool prefix_behind(const uint8_t *prefix, uint8_t *behind)
{
	memcpy(behind, prefix, PEN_SHARD_KEY_BYTES);
	for (int i = PEN_SHARD_KEY_BYTES - 1; i >= 0; i--) {
		if (++behind[i])
			return true;
	}
	return false;
}

static struct scan *scan_open(
	struct pen_rocks_db *db, enum pen_column column, const struct pen_sink_state *shard)
{
	struct scan *scan = calloc(1, sizeof *scan);
	if (!scan)
		return NULL;
	pen_rocks_shard(shard, scan->first);
	scan->options = rocksdb_readoptions_create();
	rocksdb_readoptions_set_fill_cache(scan->options, 0);
	rocksdb_readoptions_set_readahead_size(scan->options, READAHEAD_BYTES);
	/* Without a key behind it, the shard is the last there can be. */
	if (prefix_behind(scan->first, scan->behind))
		rocksdb_readoptions_set_iterate_upper_bound(
			scan->options, (const char *)scan->behind, sizeof scan->behind);
	scan->iterator = rocksdb_create_iterator_cf(db->db, scan->options,
		db->family[column == PEN_COLUMN_STATE ? PEN_ROCKS_STATE : PEN_ROCKS_FLAT]);
	rocksdb_iter_seek(scan->iterator, (const char *)scan->first, sizeof scan->first);
	return scan;
}

/* Copy the row under the iterator; the iterator's own bytes end with its next step. */
static int scan_copy(struct scan *scan, struct pen_scanned *row)
{
	size_t key_len, value_len;
	const char *key = rocksdb_iter_key(scan->iterator, &key_len);
	const char *value = rocksdb_iter_value(scan->iterator, &value_len);
	key += PEN_SHARD_KEY_BYTES;
	key_len -= PEN_SHARD_KEY_BYTES;
	int err = pen_buf_append(&scan->rows, key, key_len);
	if (!err)
		err = pen_buf_append(&scan->rows, value, value_len);
	row->key.len = key_len;
	row->value.len = value_len;
	return err;
}

static int scan_fill(struct scan *scan, struct pen_scanned *rows, unsigned max)
{
	unsigned count = 0;
	scan->rows.len = 0;
	while (count < max && rocksdb_iter_valid(scan->iterator)) {
		int err = scan_copy(scan, &rows[count]);
		if (err)
			return err;
		count++;
		rocksdb_iter_next(scan->iterator);
		if (scan->rows.len >= PEN_ROCKS_SCAN_BYTES)
			break;
	}
	const uint8_t *at = scan->rows.at;
	for (unsigned i = 0; i < count; i++) {
		rows[i].key.at = at;
		rows[i].value.at = at + rows[i].key.len;
		at += rows[i].key.len + rows[i].value.len;
	}
	return (int)count;
}

int pen_rocks_scan(struct pen_rocks_db *db, enum pen_column column,
	const struct pen_sink_state *shard, struct pen_cursor *cursor, struct pen_scanned *rows,
	unsigned max, struct pen_why *why)
{
	if (!cursor->driver && max)
		cursor->driver = scan_open(db, column, shard);
	struct scan *scan = cursor->driver;
	if (!scan)
		return max ? pen_fail(why, -ENOMEM, "out of memory") : 0;
	int count = max ? scan_fill(scan, rows, max) : 0;
	if (count == -ENOMEM)
		pen_fail(why, count, "out of memory");
	/* An iterator that met an error looks like one at its end. */
	char *error = NULL;
	if (count == 0)
		rocksdb_iter_get_error(scan->iterator, &error);
	if (error)
		count = pen_rocks_fail(why, db->path,
			column == PEN_COLUMN_STATE ? "cannot read State" : "cannot read FlatState",
			&error);
	if (count <= 0) {
		scan_close(scan);
		cursor->driver = NULL;
	}
	return count;
}
