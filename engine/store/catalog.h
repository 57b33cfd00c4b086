/*
 * catalog: what a store offers, by (root, N, form): one bitmap of parts each, and where every part
 * lies. Which chain, epoch or shard a part came from plays no role: parts are a function of root
 * and N. A raw object is part 0 of 1 under the root of its own tree. Memory only; store/index.h
 * keeps it on disk, store/scan.h brings it up to date.
 *
 * Order: any number of adds, then settle, then questions; add again and settle again. Nothing is
 * borrowed beyond the next add. One thread at a time; a settled catalog that nobody changes may be
 * read by many.
 */
#ifndef PEN_STORE_CATALOG_H
#define PEN_STORE_CATALOG_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/sha.h"
#include "part/form.h"
#include "port/disk.h"

/* Which bytes of a part: the first of a SHA-256. In raw form that of the object's tree, its root;
 * in nearcore form that of the stored file, compressed as it is; in lean form that of what all who
 * made it share (part/lean.h, pen_lean_name), so that its frames may come from any of them. */
#define PEN_BLOB_BYTES 16
/* Files of one store: 64 epochs of mainnet's 14 shards with 1,324 parts each, three times. */
#define PEN_CATALOG_FILES_MAX (UINT32_C(1) << 22)
/* Directories of one store; the same epochs and shards, with room. */
#define PEN_CATALOG_DIRS_MAX (UINT32_C(1) << 16)
/* A directory's name in a store, and the end. */
#define PEN_CATALOG_DIR_BYTES 384
/* The name of a part: directory, '/', file name (a hash is the longest), and the end. */
#define PEN_CATALOG_PATH_BYTES (PEN_CATALOG_DIR_BYTES + 48)

/* One file of a store. */
struct pen_catalog_file {
	struct pen_hash root; /* proved to be a part of it; zero if refused, but for a raw object,
				 whose name it is */
	uint64_t memory_usage; /* of the root; of a raw object its bytes */
	enum pen_form form; /* from its name, and proved */
	uint32_t n, k; /* the same */
	uint32_t dir; /* from pen_catalog_dir */
	bool refused; /* looked at and not offered */
	uint8_t blob[PEN_BLOB_BYTES];
	uint32_t head_bytes, frames; /* of a lean part (part/lean.h); else 0 */
	uint64_t bytes; /* of the file */
	int64_t mtime_ns; /* of the file */
};

/* The parts of one state cut into n, in one form. */
struct pen_catalog_set {
	struct pen_hash root;
	uint64_t memory_usage;
	uint32_t n;
	enum pen_form form;
	uint32_t have; /* bits set */
	uint32_t file_first, file_count; /* files of it, by k; a part may lie in several places */
	size_t bits_at; /* where its bitmap starts in the catalog's */
};

/* Zeroed is empty and settled. */
struct pen_catalog {
	struct pen_buf files; /* struct pen_catalog_file; settled: by root, n, form, k, dir */
	struct pen_buf by_dir; /* uint32_t: files by dir, form, n, k */
	struct pen_buf sets; /* struct pen_catalog_set by root, n, form */
	struct pen_buf bits; /* bitmaps: bit k & 7 of byte k >> 3 */
	struct pen_buf dirs; /* uint32_t: offsets into names */
	struct pen_buf names; /* directories, each with its end */
};

/* Give the memory back; zeroed and NULL are fine. It is not to be used again. */
void pen_catalog_fini(struct pen_catalog *catalog);

/* Forget everything, keep the memory. */
void pen_catalog_reset(struct pen_catalog *catalog);

/* The number of directory `dir` (copied), which is added if it is new. 0, -ENOMEM, or
 * PEN_EREFUSED beyond the limits above. */
int pen_catalog_dir(struct pen_catalog *catalog, const char *dir, uint32_t *index);

/* The directory of this number, borrowed until the next pen_catalog_dir. */
const char *pen_catalog_dir_name(const struct pen_catalog *catalog, uint32_t index);

/*
 * Add a file (copied). Whoever adds vouches for its proof: 0 < n, k < n <= PEN_PARTS_MAX. A file
 * already there under the same directory, root, n, form and k is replaced if this one is newer. 0,
 * -ENOMEM, or PEN_EREFUSED beyond PEN_CATALOG_FILES_MAX.
 */
int pen_catalog_add(struct pen_catalog *catalog, const struct pen_catalog_file *file);

/*
 * Add a part that was just written to `dir` and is known to be right; file's dir is filled in, the
 * rest is the caller's. As pen_catalog_dir and pen_catalog_add.
 */
int pen_catalog_note(struct pen_catalog *catalog, const char *dir, struct pen_catalog_file *file);

/* Sort and count after adding. 0 or -ENOMEM (the catalog is then only good for reset and fini). */
int pen_catalog_settle(struct pen_catalog *catalog);

/* All sets, by root, n and form; *count says how many. */
const struct pen_catalog_set *pen_catalog_sets(const struct pen_catalog *catalog, uint32_t *count);

/* The sets of one root, by n and form: the first of *count, or NULL and 0. */
const struct pen_catalog_set *pen_catalog_root(
	const struct pen_catalog *catalog, const struct pen_hash *root, uint32_t *count);

/* The set of a root and an n in one form, or NULL. */
const struct pen_catalog_set *pen_catalog_set(const struct pen_catalog *catalog,
	const struct pen_hash *root, uint32_t n, enum pen_form form);

/* The bitmap of a set: (n + 7) / 8 bytes. */
const uint8_t *pen_catalog_bits(
	const struct pen_catalog *catalog, const struct pen_catalog_set *set);

/* Where part k of a set lies (the first of several places), or NULL. */
const struct pen_catalog_file *pen_catalog_part(
	const struct pen_catalog *catalog, const struct pen_catalog_set *set, uint32_t k);

/* What is known of the file whose name says this: dir, form, n and k of `name`, and the root of a
 * raw object. Refused ones too; NULL if nothing. */
const struct pen_catalog_file *pen_catalog_at(
	const struct pen_catalog *catalog, const struct pen_catalog_file *name);

/* The number of a directory, or UINT32_MAX if it holds nothing that is known. */
uint32_t pen_catalog_dir_find(const struct pen_catalog *catalog, const char *dir);

/* The file's whole name in the store; returns `path`. */
const char *pen_catalog_path(const struct pen_catalog *catalog, const struct pen_catalog_file *file,
	char path[PEN_CATALOG_PATH_BYTES]);

/* The blob id of a file in nearcore or raw form. */
void pen_blob_id(struct pen_bytes bytes, uint8_t blob[PEN_BLOB_BYTES]);

/* What a catalog says of the bytes of a lean part: file's blob, head_bytes and frames. `scratch` is
 * used up. 0, PEN_EHEAD, or -ENOMEM. */
int pen_catalog_lean(
	struct pen_bytes bytes, struct pen_buf *scratch, struct pen_catalog_file *file);

/* Files in all, refused ones too. */
static inline uint32_t pen_catalog_file_count(const struct pen_catalog *catalog)
{
	return (uint32_t)(catalog->files.len / sizeof(struct pen_catalog_file));
}

/* File i of pen_catalog_file_count(). */
static inline const struct pen_catalog_file *pen_catalog_file_at(
	const struct pen_catalog *catalog, uint32_t i)
{
	return (const struct pen_catalog_file *)(const void *)catalog->files.at + i;
}

/* True if a file of this length and time is the one that was catalogued. */
static inline bool pen_catalog_matches(
	const struct pen_catalog_file *file, uint64_t bytes, int64_t mtime_ns)
{
	return file->bytes == bytes && file->mtime_ns == mtime_ns;
}

#endif
