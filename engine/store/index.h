/*
 * index: a catalog on disk, so that parts need not be proved again at each start. Lines of text,
 * every one ended by '\n':
 *
 *   penstock index 2
 *   dir <directory in the store>             for the parts that follow
 *   state <form> <root> <N> <memory_usage>   for the parts that follow
 *   part <k> <bytes> <mtime in ns> <blob id, 32 hex digits>    and, of a lean part,
 *                                            <bytes of its head> <frames>
 *   end <SHA-256 of everything before this line, 64 hex digits>
 *
 * It only remembers: a part whose file has another length or time is proved again, and an index
 * that is damaged, foreign, of another Penstock or missing costs nothing but the time to rebuild
 * it.
 */
#ifndef PEN_STORE_INDEX_H
#define PEN_STORE_INDEX_H

#include "store/catalog.h"
#include "store/store.h"

/* 128 bytes for each of PEN_CATALOG_FILES_MAX files. */
#define PEN_INDEX_BYTES_MAX ((size_t)PEN_CATALOG_FILES_MAX * 128)

/* Append the index of a settled catalog to `out`; refused files are left out. 0 or -ENOMEM. */
int pen_index_encode(const struct pen_catalog *catalog, struct pen_buf *out);

/*
 * Read an index into `catalog`, whose old content is replaced; settled on return. 0, or PEN_EINPUT
 * with a sentence (the catalog is then empty), -ENOMEM, PEN_EREFUSED beyond a catalog's limits.
 */
int pen_index_decode(struct pen_bytes bytes, struct pen_catalog *catalog, struct pen_why *why);

/*
 * Load the index of a store. No index is an empty catalog. 0, or as pen_index_decode or -errno
 * with a sentence: the catalog is then empty and whoever asked should say so and go on.
 */
int pen_index_load(struct pen_store *store, struct pen_catalog *catalog, struct pen_why *why);

/* Replace the index of a store whose lock is held (pen_store_lock). 0 or -errno with a sentence. */
int pen_index_save(struct pen_store *store, const struct pen_catalog *catalog, struct pen_why *why);

/*
 * Add one file to the index of a store whose lock is held: a file that was just written to `dir`
 * and is known to be right, so that whoever serves it need not prove it. As pen_catalog_note; what
 * else the index says stays, and a damaged one is an empty one. 0 or a code with a sentence, and
 * the index is as it was.
 */
int pen_index_note(struct pen_store *store, const char *dir, struct pen_catalog_file *file,
	struct pen_why *why);

#endif
