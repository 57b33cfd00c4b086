/*
 * db: a RocksDB opened with every column family it has, ours among them, and the few calls that
 * the sink makes of it, with errors as codes and sentences. Any thread once it is open.
 *
 * Column families: `default` (our records, drivers/rocks/keys.h), `col5` (nearcore's State) and
 * `FlatState`; those of a nearcore node that are beside them are opened, as RocksDB demands, and
 * left alone.
 *
 * Memory: PEN_ROCKS_BYTES, and the batches that are open, PEN_ROCKS_BATCH_COPIES times.
 */
#ifndef PEN_ROCKS_DB_H
#define PEN_ROCKS_DB_H

#include <rocksdb/c.h>
#include <stdbool.h>

#include "base/bits.h"
#include "base/buf.h"
#include "base/err.h"

/* All memtables together: two parts of ordinary size (30 MiB) before anything is flushed. */
#define PEN_ROCKS_MEMTABLES_BYTES ((size_t)64 << 20)
/* The write-ahead log is cut off at this size, because a start reads all of it into memory. */
#define PEN_ROCKS_WAL_BYTES ((uint64_t)64 << 20)
/* Applying reads nothing back and a scan passes the cache by: only index blocks live here. */
#define PEN_ROCKS_CACHE_BYTES ((size_t)32 << 20)
/* All of it: memtables that fill, as many again that are being written to tables, the cache. */
#define PEN_ROCKS_BYTES (2 * PEN_ROCKS_MEMTABLES_BYTES + PEN_ROCKS_CACHE_BYTES)
/* A batch is in memory as such, and once more in memtables that it may make too large; or, while
 * it grows, as its old and its new copy. */
#define PEN_ROCKS_BATCH_COPIES 2u
/* Table files held open: half of the usual limit of 1,024 descriptors. */
#define PEN_ROCKS_FILES_MAX 512
/* Column families in one database: nearcore has about 80. */
#define PEN_ROCKS_FAMILIES_MAX 256

enum pen_rocks_family { PEN_ROCKS_DEFAULT, PEN_ROCKS_STATE, PEN_ROCKS_FLAT, PEN_ROCKS_FAMILIES };

struct pen_rocks_db {
	rocksdb_t *db;
	char *path;
	bool read_only;
	int lock; /* descriptor that holds a read lock on LOCK while read-only; -1 for none */
	rocksdb_column_family_handle_t *handles[PEN_ROCKS_FAMILIES_MAX];
	size_t handle_count;
	rocksdb_column_family_handle_t *family[PEN_ROCKS_FAMILIES]; /* of ours, among handles */
	rocksdb_options_t *options, *options_foreign;
	rocksdb_cache_t *cache;
	rocksdb_writeoptions_t *synced; /* the log is on disk before a write returns */
};

/*
 * Open the database at `path` into *db (not initialised before). create: it is made if it is
 * missing and written to; else it must be there with both columns, and is opened read-only: no
 * file is made or changed, and no other process can write to it meanwhile. 0; PEN_ELOCKED; -ENOENT
 * (missing, not a database, columns missing); else as RocksDB says. After an error nothing is left
 * open.
 */
int pen_rocks_db_open(struct pen_rocks_db *db, const char *path, bool create, struct pen_why *why);

/* Close it; unwritten memtables stay in the log. A zeroed db is fine. */
void pen_rocks_db_close(struct pen_rocks_db *db);

/*
 * Read a record of `default` into `value` (replaced). 1 if it is there, 0 if not, or an error.
 */
int pen_rocks_db_get(
	struct pen_rocks_db *db, struct pen_bytes key, struct pen_buf *value, struct pen_why *why);

/* Write a batch whole, on disk when it returns. `doing` is for the sentence. 0 or an error. */
int pen_rocks_db_write(struct pen_rocks_db *db, rocksdb_writebatch_t *batch, const char *doing,
	struct pen_why *why);

/* Bytes of our families that are in memtables and the log, but in no table yet. */
uint64_t pen_rocks_db_unflushed(struct pen_rocks_db *db);

/* Write the memtables of our families to tables. 0 or an error. */
int pen_rocks_db_flush(struct pen_rocks_db *db, struct pen_why *why);

#endif
