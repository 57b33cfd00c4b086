#include "drivers/rocks/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "drivers/rocks/errors.h"
#include "drivers/rocks/merge.h"

/* InfoLogLevel::FATAL_LEVEL. Below it RocksDB writes its own log as it works, and a full disk
 * there ends the process instead of coming back as an error. */
#define LOG_LEVEL_FATAL 4
/* RocksDB's own logs kept from earlier starts. */
#define LOG_FILES_MAX 2
/* Space set aside for the manifest at once; RocksDB's 4 MiB would fill a small disk by itself. */
#define MANIFEST_PREALLOCATED_BYTES 65536

static const char *const family_names[PEN_ROCKS_FAMILIES] = {"default", "col5", "FlatState"};

/* RocksDB would claim 35 MiB for a log before the first part, and a small disk were full. The C API
 * has no other way to say no; what it does not understand is left as it is. */
static rocksdb_options_t *options_without_fallocate(rocksdb_options_t *options)
{
	char *error = NULL;
	rocksdb_options_t *changed = rocksdb_options_create();
	rocksdb_get_options_from_string(options, "allow_fallocate=false", changed, &error);
	rocksdb_options_destroy(error ? changed : options);
	if (!error)
		return changed;
	rocksdb_free(error);
	return options;
}

static rocksdb_options_t *options_make(struct pen_rocks_db *db, bool create, int compression)
{
	rocksdb_options_t *options = rocksdb_options_create();
	rocksdb_options_set_info_log_level(options, LOG_LEVEL_FATAL);
	rocksdb_options_set_keep_log_file_num(options, LOG_FILES_MAX);
	rocksdb_options_set_create_if_missing(options, create);
	rocksdb_options_set_create_missing_column_families(options, create);
	rocksdb_options_set_db_write_buffer_size(options, PEN_ROCKS_MEMTABLES_BYTES);
	rocksdb_options_set_write_buffer_size(options, PEN_ROCKS_MEMTABLES_BYTES / 2);
	rocksdb_options_set_max_total_wal_size(options, PEN_ROCKS_WAL_BYTES);
	rocksdb_options_set_max_open_files(options, PEN_ROCKS_FILES_MAX);
	rocksdb_options_set_manifest_preallocation_size(options, MANIFEST_PREALLOCATED_BYTES);
	rocksdb_options_set_merge_operator(options, pen_rocks_merge_operator());
	rocksdb_options_set_compression(options, compression);
	rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
	rocksdb_block_based_options_set_block_cache(table, db->cache);
	rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
	rocksdb_options_set_block_based_table_factory(options, table);
	rocksdb_block_based_options_destroy(table);
	return options_without_fallocate(options);
}

static void options_end(struct pen_rocks_db *db)
{
	if (db->options)
		rocksdb_options_destroy(db->options);
	if (db->options_foreign)
		rocksdb_options_destroy(db->options_foreign);
	db->options = db->options_foreign = NULL;
}

static void options_begin(struct pen_rocks_db *db, bool create, int compression)
{
	options_end(db);
	db->options = options_make(db, create, compression);
	/* What is not ours is not rewritten: its compaction filters are not known here. */
	db->options_foreign = options_make(db, create, compression);
	rocksdb_options_set_disable_auto_compactions(db->options_foreign, 1);
}

/* Names of the families to open: those that exist, and with `create` ours that do not. */
struct names {
	char **listed;
	size_t listed_count;
	const char *at[PEN_ROCKS_FAMILIES_MAX];
	int count;
	int ours[PEN_ROCKS_FAMILIES]; /* index in at, -1 if missing */
};

static int names_add_ours(
	struct pen_rocks_db *db, struct names *names, bool create, struct pen_why *why)
{
	for (int f = 0; f < PEN_ROCKS_FAMILIES; f++) {
		names->ours[f] = -1;
		for (int i = 0; i < names->count && names->ours[f] < 0; i++)
			names->ours[f] = strcmp(names->at[i], family_names[f]) ? -1 : i;
		if (names->ours[f] >= 0)
			continue;
		if (!create)
			return pen_fail(why, -ENOENT,
				"%s is a RocksDB without the column family %s: no state was ever "
				"applied to it",
				db->path, family_names[f]);
		if (names->count == PEN_ROCKS_FAMILIES_MAX)
			return pen_fail(why, PEN_EREFUSED, "%s has over %d column families",
				db->path, PEN_ROCKS_FAMILIES_MAX);
		names->ours[f] = names->count;
		names->at[names->count++] = family_names[f];
	}
	return 0;
}

static int names_find(
	struct pen_rocks_db *db, struct names *names, bool exists, bool create, struct pen_why *why)
{
	char *error = NULL;
	if (exists)
		names->listed = rocksdb_list_column_families(
			db->options, db->path, &names->listed_count, &error);
	int err = pen_rocks_fail(why, db->path, "cannot list its column families", &error);
	if (err)
		return err;
	if (names->listed_count > PEN_ROCKS_FAMILIES_MAX)
		return pen_fail(why, PEN_EREFUSED,
			"%s has %zu column families; at most %d are opened", db->path,
			names->listed_count, PEN_ROCKS_FAMILIES_MAX);
	for (size_t i = 0; i < names->listed_count; i++)
		names->at[names->count++] = names->listed[i];
	return names_add_ours(db, names, create, why);
}

static void names_end(struct names *names)
{
	if (names->listed)
		rocksdb_list_column_families_destroy(names->listed, names->listed_count);
}

/* Is there a database? 1, 0, or an error. Every RocksDB has a file CURRENT. */
static int db_exists(struct pen_rocks_db *db, bool create, struct pen_why *why)
{
	char *name;
	struct stat stat_dir, stat_current;
	if (stat(db->path, &stat_dir)) {
		int err = errno;
		if (err == ENOENT && create)
			return 0;
		return pen_fail(
			why, -err, "cannot open the database %s: %s", db->path, strerror(err));
	}
	if (!S_ISDIR(stat_dir.st_mode))
		return pen_fail(
			why, -ENOTDIR, "%s is not a directory, so not a database", db->path);
	if (asprintf(&name, "%s/CURRENT", db->path) < 0)
		return pen_fail(why, -ENOMEM, "out of memory");
	int err = stat(name, &stat_current) ? errno : 0;
	free(name);
	if (err && err != ENOENT)
		return pen_fail(
			why, -err, "cannot open the database %s: %s", db->path, strerror(err));
	if (err && !create)
		return pen_fail(
			why, -ENOENT, "%s is not a RocksDB: it has no file CURRENT", db->path);
	return !err;
}

/*
 * A read-only RocksDB does not look at LOCK. A read lock on it keeps writers out, RocksDB's own
 * lock keeps us out, and readers do not disturb each other. A copy without LOCK has no writer.
 */
static int db_lock(struct pen_rocks_db *db, struct pen_why *why)
{
	char *name;
	if (asprintf(&name, "%s/LOCK", db->path) < 0)
		return pen_fail(why, -ENOMEM, "out of memory");
	db->lock = open(name, O_RDONLY | O_CLOEXEC);
	int err = db->lock < 0 ? errno : 0;
	free(name);
	if (err == ENOENT || err == ENOTDIR)
		return 0; /* whether there is a database at all is asked next */
	if (err)
		return pen_fail(why, -err, "cannot open %s/LOCK: %s", db->path, strerror(err));
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	if (fcntl(db->lock, F_OFD_SETLK, &lock) == 0)
		return 0;
	err = errno;
	if (err == EAGAIN || err == EACCES)
		return pen_fail(why, PEN_ELOCKED,
			"%s is opened by another process; try again when it has ended", db->path);
	return pen_fail(why, -err, "cannot lock %s/LOCK: %s", db->path, strerror(err));
}

static int db_open_families(struct pen_rocks_db *db, const struct names *names, struct pen_why *why)
{
	const rocksdb_options_t *options[PEN_ROCKS_FAMILIES_MAX];
	char *error = NULL;
	for (int i = 0; i < names->count; i++)
		options[i] = db->options_foreign;
	for (int f = 0; f < PEN_ROCKS_FAMILIES; f++)
		options[names->ours[f]] = db->options;
	if (db->read_only)
		db->db = rocksdb_open_for_read_only_column_families(db->options, db->path,
			names->count, names->at, options, db->handles, 0, &error);
	else
		db->db = rocksdb_open_column_families(db->options, db->path, names->count,
			names->at, options, db->handles, &error);
	int err = pen_rocks_fail(why, db->path, "cannot open the database", &error);
	if (err)
		return err;
	db->handle_count = (size_t)names->count;
	for (int f = 0; f < PEN_ROCKS_FAMILIES; f++)
		db->family[f] = db->handles[names->ours[f]];
	return 0;
}

static int db_open(struct pen_rocks_db *db, bool create, int compression, struct pen_why *why)
{
	struct names names = {0};
	options_begin(db, create, compression);
	int err = db_exists(db, create, why);
	if (err >= 0)
		err = names_find(db, &names, err, create, why);
	if (!err)
		err = db_open_families(db, &names, why);
	names_end(&names);
	return err;
}

int pen_rocks_db_open(struct pen_rocks_db *db, const char *path, bool create, struct pen_why *why)
{
	*db = (struct pen_rocks_db){.read_only = !create, .lock = -1, .path = strdup(path)};
	if (!db->path)
		return pen_fail(why, -ENOMEM, "out of memory");
	db->cache = rocksdb_cache_create_lru(PEN_ROCKS_CACHE_BYTES);
	db->synced = rocksdb_writeoptions_create();
	rocksdb_writeoptions_set_sync(db->synced, 1);
	int err = create ? 0 : db_lock(db, why);
	if (!err)
		err = db_open(db, create, rocksdb_lz4_compression, why);
	/* A RocksDB that was built without LZ4 refuses to open at all. */
	if (err == -EINVAL)
		err = db_open(db, create, rocksdb_no_compression, why);
	if (err)
		pen_rocks_db_close(db);
	return err;
}

void pen_rocks_db_close(struct pen_rocks_db *db)
{
	for (size_t i = 0; i < db->handle_count; i++)
		rocksdb_column_family_handle_destroy(db->handles[i]);
	if (db->db)
		rocksdb_close(db->db);
	options_end(db);
	if (db->cache)
		rocksdb_cache_destroy(db->cache);
	if (db->synced)
		rocksdb_writeoptions_destroy(db->synced);
	if (db->path && db->lock >= 0)
		close(db->lock);
	free(db->path);
	*db = (struct pen_rocks_db){.lock = -1};
}

int pen_rocks_db_get(
	struct pen_rocks_db *db, struct pen_bytes key, struct pen_buf *value, struct pen_why *why)
{
	char *error = NULL;
	size_t len = 0;
	rocksdb_readoptions_t *options = rocksdb_readoptions_create();
	char *at = rocksdb_get_cf(db->db, options, db->family[PEN_ROCKS_DEFAULT],
		(const char *)key.at, key.len, &len, &error);
	rocksdb_readoptions_destroy(options);
	int err = pen_rocks_fail(why, db->path, "cannot read its records", &error);
	if (err || !at)
		return err;
	value->len = 0;
	err = pen_buf_append(value, at, len);
	rocksdb_free(at);
	return err ? pen_fail(why, err, "out of memory") : 1;
}

int pen_rocks_db_write(struct pen_rocks_db *db, rocksdb_writebatch_t *batch, const char *doing,
	struct pen_why *why)
{
	PEN_CHECK(!db->read_only);
	char *error = NULL;
	rocksdb_write(db->db, db->synced, batch, &error);
	return pen_rocks_fail(why, db->path, doing, &error);
}

uint64_t pen_rocks_db_unflushed(struct pen_rocks_db *db)
{
	uint64_t all = 0;
	for (int f = 0; f < PEN_ROCKS_FAMILIES; f++) {
		uint64_t bytes = 0;
		if (!rocksdb_property_int_cf(
			    db->db, db->family[f], "rocksdb.cur-size-all-mem-tables", &bytes))
			all += bytes;
	}
	return all;
}

int pen_rocks_db_flush(struct pen_rocks_db *db, struct pen_why *why)
{
	char *error = NULL;
	rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
	rocksdb_flushoptions_set_wait(options, 1);
	for (int f = 0; f < PEN_ROCKS_FAMILIES && !error; f++)
		rocksdb_flush_cf(db->db, options, db->family[f], &error);
	rocksdb_flushoptions_destroy(options);
	return pen_rocks_fail(why, db->path, "cannot flush", &error);
}
