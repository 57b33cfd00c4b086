#include "store/catalog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "part/id.h"
#include "part/lean.h"
#include "store/layout.h"

void pen_catalog_fini(struct pen_catalog *catalog)
{
	if (!catalog)
		return;
	pen_buf_fini(&catalog->files);
	pen_buf_fini(&catalog->by_dir);
	pen_buf_fini(&catalog->sets);
	pen_buf_fini(&catalog->bits);
	pen_buf_fini(&catalog->dirs);
	pen_buf_fini(&catalog->names);
}

void pen_catalog_reset(struct pen_catalog *catalog)
{
	catalog->files.len = catalog->by_dir.len = catalog->sets.len = 0;
	catalog->bits.len = catalog->dirs.len = catalog->names.len = 0;
}

static uint32_t dir_count(const struct pen_catalog *catalog)
{
	return (uint32_t)(catalog->dirs.len / sizeof(uint32_t));
}

const char *pen_catalog_dir_name(const struct pen_catalog *catalog, uint32_t index)
{
	PEN_CHECK(index < dir_count(catalog));
	return (const char *)catalog->names.at + pen_le32(catalog->dirs.at + 4 * (size_t)index);
}

uint32_t pen_catalog_dir_find(const struct pen_catalog *catalog, const char *dir)
{
	/* From the end: directories are added and asked for in one order. */
	for (uint32_t i = dir_count(catalog); i-- > 0;) {
		if (!strcmp(pen_catalog_dir_name(catalog, i), dir))
			return i;
	}
	return UINT32_MAX;
}

int pen_catalog_dir(struct pen_catalog *catalog, const char *dir, uint32_t *index)
{
	size_t bytes = strlen(dir) + 1;
	uint32_t count = dir_count(catalog), at = (uint32_t)catalog->names.len;
	*index = pen_catalog_dir_find(catalog, dir);
	if (*index != UINT32_MAX)
		return 0;
	if (count == PEN_CATALOG_DIRS_MAX || bytes > PEN_CATALOG_DIR_BYTES)
		return PEN_EREFUSED;
	if (pen_buf_append(&catalog->names, dir, bytes))
		return -ENOMEM;
	*index = count;
	return pen_buf_append(&catalog->dirs, &at, sizeof at);
}

int pen_catalog_add(struct pen_catalog *catalog, const struct pen_catalog_file *file)
{
	PEN_CHECK(file->dir < dir_count(catalog));
	PEN_CHECK(file->refused || file->k < file->n);
	PEN_CHECK(file->refused || file->n <= PEN_PARTS_MAX);
	PEN_CHECK(file->form < PEN_FORMS);
	if (pen_catalog_file_count(catalog) == PEN_CATALOG_FILES_MAX)
		return PEN_EREFUSED;
	return pen_buf_append(&catalog->files, file, sizeof *file);
}

int pen_catalog_note(struct pen_catalog *catalog, const char *dir, struct pen_catalog_file *file)
{
	int err = pen_catalog_dir(catalog, dir, &file->dir);
	return err ? err : pen_catalog_add(catalog, file);
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* By root, n, form: what makes a set. */
static int set_order(const struct pen_catalog_file *a, const struct pen_catalog_file *b)
{
	int by = memcmp(a->root.bytes, b->root.bytes, PEN_HASH_BYTES);
	by = by ? by : order(a->n, b->n);
	return by ? by : order(a->form, b->form);
}

/* By set, k, dir; the newer of two files of one name first. */
static int file_order(const void *left, const void *right)
{
	const struct pen_catalog_file *a = left, *b = right;
	int by = set_order(a, b);
	by = by ? by : order(a->k, b->k);
	by = by ? by : order(a->dir, b->dir);
	return by ? by : (a->mtime_ns < b->mtime_ns) - (a->mtime_ns > b->mtime_ns);
}

static bool same_name(const struct pen_catalog_file *a, const struct pen_catalog_file *b)
{
	return set_order(a, b) == 0 && a->k == b->k && a->dir == b->dir;
}

/* Keep the first of files that have one name. */
static void files_unite(struct pen_catalog *catalog)
{
	struct pen_catalog_file *files = (void *)catalog->files.at;
	uint32_t count = pen_catalog_file_count(catalog), kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (kept == 0 || !same_name(&files[kept - 1], &files[i]))
			files[kept++] = files[i];
	}
	catalog->files.len = kept * sizeof *files;
}

static int set_open(struct pen_catalog *catalog, const struct pen_catalog_file *file, uint32_t i)
{
	size_t bytes = ((size_t)file->n + 7) / 8;
	struct pen_catalog_set set = {.root = file->root,
		.memory_usage = file->memory_usage,
		.n = file->n,
		.form = file->form,
		.file_first = i,
		.bits_at = catalog->bits.len};
	if (pen_buf_grow(&catalog->bits, bytes))
		return -ENOMEM;
	memset(catalog->bits.at + catalog->bits.len, 0, bytes);
	catalog->bits.len += bytes;
	return pen_buf_append(&catalog->sets, &set, sizeof set);
}

static struct pen_catalog_set *set_last(struct pen_catalog *catalog)
{
	return catalog->sets.len
		? (struct pen_catalog_set *)(void *)(catalog->sets.at + catalog->sets.len) - 1
		: NULL;
}

static int sets_build(struct pen_catalog *catalog)
{
	catalog->sets.len = catalog->bits.len = 0;
	for (uint32_t i = 0; i < pen_catalog_file_count(catalog); i++) {
		const struct pen_catalog_file *file = pen_catalog_file_at(catalog, i);
		struct pen_catalog_set *set = set_last(catalog);
		if (file->refused)
			continue;
		if (!set || set_order(pen_catalog_file_at(catalog, set->file_first), file) != 0) {
			if (set_open(catalog, file, i))
				return -ENOMEM;
			set = set_last(catalog);
		}
		uint8_t *bits = catalog->bits.at + set->bits_at + file->k / 8;
		set->have += !(*bits >> file->k % 8 & 1);
		*bits |= (uint8_t)(1u << file->k % 8);
		set->file_count = i + 1 - set->file_first;
	}
	return 0;
}

/* By what a file's name says, directory first. */
static int name_order(const struct pen_catalog_file *a, const struct pen_catalog_file *b)
{
	int by = order(a->dir, b->dir);
	by = by ? by : order(a->form, b->form);
	if (!by && a->form == PEN_FORM_RAW)
		return memcmp(a->root.bytes, b->root.bytes, PEN_HASH_BYTES);
	by = by ? by : order(a->n, b->n);
	return by ? by : order(a->k, b->k);
}

static int by_dir_order(const void *left, const void *right, void *context)
{
	const struct pen_catalog *catalog = context;
	const struct pen_catalog_file *a = pen_catalog_file_at(catalog, pen_le32(left));
	const struct pen_catalog_file *b = pen_catalog_file_at(catalog, pen_le32(right));
	return name_order(a, b);
}

static int by_dir_build(struct pen_catalog *catalog)
{
	uint32_t count = pen_catalog_file_count(catalog);
	catalog->by_dir.len = 0;
	if (count == 0)
		return 0;
	if (pen_buf_reserve(&catalog->by_dir, count * sizeof(uint32_t)))
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		pen_put_le32(catalog->by_dir.at + 4 * (size_t)i, i);
	catalog->by_dir.len = count * sizeof(uint32_t);
	qsort_r(catalog->by_dir.at, count, sizeof(uint32_t), by_dir_order, catalog);
	return 0;
}

int pen_catalog_settle(struct pen_catalog *catalog)
{
	uint32_t count = pen_catalog_file_count(catalog);
	if (count)
		qsort(catalog->files.at, count, sizeof(struct pen_catalog_file), file_order);
	files_unite(catalog);
	int err = sets_build(catalog);
	return err ? err : by_dir_build(catalog);
}

const struct pen_catalog_set *pen_catalog_sets(const struct pen_catalog *catalog, uint32_t *count)
{
	*count = (uint32_t)(catalog->sets.len / sizeof(struct pen_catalog_set));
	return (const void *)catalog->sets.at;
}

/* The first set that is not below (root, n, form). */
static uint32_t set_bound(const struct pen_catalog *catalog, const struct pen_hash *root,
	uint64_t n, enum pen_form form)
{
	uint32_t low = 0, high;
	const struct pen_catalog_set *sets = pen_catalog_sets(catalog, &high);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int by = memcmp(sets[middle].root.bytes, root->bytes, PEN_HASH_BYTES);
		by = by ? by : order(sets[middle].n, n);
		by = by ? by : order(sets[middle].form, form);
		if (by < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct pen_catalog_set *pen_catalog_root(
	const struct pen_catalog *catalog, const struct pen_hash *root, uint32_t *count)
{
	uint32_t all;
	const struct pen_catalog_set *sets = pen_catalog_sets(catalog, &all);
	uint32_t first = set_bound(catalog, root, 0, PEN_FORM_NEARCORE);
	*count = set_bound(catalog, root, UINT64_MAX, PEN_FORM_NEARCORE) - first;
	return *count ? sets + first : NULL;
}

const struct pen_catalog_set *pen_catalog_set(const struct pen_catalog *catalog,
	const struct pen_hash *root, uint32_t n, enum pen_form form)
{
	uint32_t count, at = set_bound(catalog, root, n, form);
	const struct pen_catalog_set *sets = pen_catalog_sets(catalog, &count);
	bool found = at < count && sets[at].n == n && sets[at].form == form &&
		pen_hash_equal(&sets[at].root, root);
	return found ? sets + at : NULL;
}

const uint8_t *pen_catalog_bits(
	const struct pen_catalog *catalog, const struct pen_catalog_set *set)
{
	return catalog->bits.at + set->bits_at;
}

const struct pen_catalog_file *pen_catalog_part(
	const struct pen_catalog *catalog, const struct pen_catalog_set *set, uint32_t k)
{
	uint32_t low = set->file_first, end = low + set->file_count, high = end;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (pen_catalog_file_at(catalog, middle)->k < k)
			low = middle + 1;
		else
			high = middle;
	}
	const struct pen_catalog_file *file = low < end ? pen_catalog_file_at(catalog, low) : NULL;
	return file && file->k == k ? file : NULL;
}

const struct pen_catalog_file *pen_catalog_at(
	const struct pen_catalog *catalog, const struct pen_catalog_file *name)
{
	uint32_t low = 0, high = (uint32_t)(catalog->by_dir.len / sizeof(uint32_t));
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct pen_catalog_file *file = pen_catalog_file_at(
			catalog, pen_le32(catalog->by_dir.at + 4 * (size_t)middle));
		int by = name_order(file, name);
		if (by == 0)
			return file;
		if (by < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *pen_catalog_path(const struct pen_catalog *catalog, const struct pen_catalog_file *file,
	char path[PEN_CATALOG_PATH_BYTES])
{
	char part[PEN_PART_NAME_BYTES], raw[PEN_HASH_TEXT_BYTES];
	const char *dir = pen_catalog_dir_name(catalog, file->dir);
	const char *name = file->form == PEN_FORM_RAW
		? pen_base58(&file->root, raw)
		: pen_part_name(file->form, file->k, file->n, part);
	snprintf(path, PEN_CATALOG_PATH_BYTES, "%s%s%s", dir, dir[0] ? "/" : "", name);
	return path;
}

void pen_blob_id(struct pen_bytes bytes, uint8_t blob[PEN_BLOB_BYTES])
{
	struct pen_hash hash;
	pen_sha256(bytes, &hash);
	memcpy(blob, hash.bytes, PEN_BLOB_BYTES);
}

int pen_catalog_lean(struct pen_bytes bytes, struct pen_buf *scratch, struct pen_catalog_file *file)
{
	struct pen_lean_head head;
	struct pen_hash hash;
	int err = pen_lean_decode(bytes, &head, NULL);
	if (!err)
		err = pen_lean_name(&head, bytes, scratch, &hash);
	if (err)
		return err;
	memcpy(file->blob, hash.bytes, PEN_BLOB_BYTES);
	file->head_bytes = head.bytes;
	file->frames = head.frames;
	return 0;
}
