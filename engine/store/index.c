#include "store/index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "part/id.h"
#include "part/lean.h"
#include "store/file.h"

#define INDEX_TITLE "penstock index 2"
/* "dir " and a directory; the other lines are shorter. */
#define LINE_BYTES_MAX (PEN_CATALOG_DIR_BYTES + 8)
/* Words of the longest kind of line. */
#define LINE_WORDS_MAX 7
/* What names of directories are made of (store/tree.h). */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._=-"
/* "end ", 64 digits, '\n'. */
#define END_LINE_BYTES (4 + 64 + 1)

static int line_append(struct pen_buf *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int line_append(struct pen_buf *out, const char *format, ...)
{
	char line[LINE_BYTES_MAX];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	PEN_CHECK(len >= 0);
	PEN_CHECK((size_t)len < sizeof line);
	return pen_buf_append(out, line, (size_t)len);
}

/* The lines of one file; `last` is the file before it, NULL for the first. */
static int file_encode(const struct pen_catalog *catalog, const struct pen_catalog_file *file,
	const struct pen_catalog_file *last, struct pen_buf *out)
{
	char root[PEN_HASH_TEXT_BYTES], blob[2 * PEN_BLOB_BYTES + 1];
	bool dir = !last || last->dir != file->dir;
	int err = 0;
	if (dir)
		err = line_append(out, "dir %s\n", pen_catalog_dir_name(catalog, file->dir));
	if (!err &&
		(dir || last->form != file->form || last->n != file->n ||
			!pen_hash_equal(&last->root, &file->root)))
		err = line_append(out, "state %s %s %" PRIu32 " %" PRIu64 "\n",
			pen_form_text(file->form), pen_base58(&file->root, root), file->n,
			file->memory_usage);
	if (err)
		return err;
	pen_hex((struct pen_bytes){file->blob, PEN_BLOB_BYTES}, blob);
	err = line_append(out, "part %" PRIu32 " %" PRIu64 " %" PRId64 " %s", file->k, file->bytes,
		file->mtime_ns, blob);
	if (!err && file->form == PEN_FORM_LEAN)
		err = line_append(out, " %" PRIu32 " %" PRIu32, file->head_bytes, file->frames);
	return err ? err : line_append(out, "\n");
}

int pen_index_encode(const struct pen_catalog *catalog, struct pen_buf *out)
{
	size_t start = out->len;
	const struct pen_catalog_file *last = NULL;
	int err = line_append(out, INDEX_TITLE "\n");
	for (size_t at = 0; !err && at < catalog->by_dir.len; at += sizeof(uint32_t)) {
		const struct pen_catalog_file *file = pen_catalog_file_at(
			catalog, pen_le32(catalog->by_dir.at + at));
		if (file->refused || file->mtime_ns < 0)
			continue;
		err = file_encode(catalog, file, last, out);
		last = file;
	}
	if (err)
		return err;
	struct pen_hash sum;
	char hex[PEN_HASH_HEX_BYTES];
	pen_sha256((struct pen_bytes){out->at + start, out->len - start}, &sum);
	return line_append(out, "end %s\n", pen_hex((struct pen_bytes){sum.bytes, 32}, hex));
}

/* Where the decoder stands. */
struct parse {
	struct pen_catalog *catalog;
	struct pen_catalog_file file; /* dir, form, root, n of the lines before */
	bool has_dir, has_state;
};

/* Cut a line into words at single blanks; returns how many, 0 if too many. */
static unsigned words_cut(char *line, char *words[LINE_WORDS_MAX])
{
	unsigned count = 0;
	for (char *at = line; at; count++) {
		if (count == LINE_WORDS_MAX)
			return 0;
		words[count] = at;
		at = strchr(at, ' ');
		if (at)
			*at++ = 0;
	}
	return count;
}

/* True for what a walk of a store can find: plain names, none of which leads elsewhere. */
static bool dir_plain(const char *dir)
{
	if (!dir[0])
		return true;
	for (const char *at = dir;; at++) {
		size_t len = strcspn(at, "/");
		if (len == 0 || at[0] == '.' || strspn(at, PLAIN) < len)
			return false;
		at += len;
		if (!*at)
			return true;
	}
}

static int dir_line(struct parse *parse, const char *dir)
{
	if (!dir_plain(dir))
		return PEN_EINPUT;
	parse->has_dir = true;
	parse->has_state = false;
	return pen_catalog_dir(parse->catalog, dir, &parse->file.dir);
}

static int state_line(struct parse *parse, char *words[LINE_WORDS_MAX])
{
	uint64_t n;
	int err = pen_form_parse(words[1], &parse->file.form);
	if (!err)
		err = pen_base58_decode(words[2], strlen(words[2]), &parse->file.root);
	if (!err)
		err = pen_number_parse(words[3], PEN_PARTS_MAX, &n);
	if (!err)
		err = pen_number_parse(words[4], UINT64_MAX, &parse->file.memory_usage);
	if (err || n == 0 || !parse->has_dir || (parse->file.form == PEN_FORM_RAW && n != 1))
		return PEN_EINPUT;
	parse->file.n = (uint32_t)n;
	parse->has_state = true;
	return 0;
}

/* What a server has to know of a lean part beside its length. */
static int lean_words(struct pen_catalog_file *file, char *const words[2], unsigned count)
{
	uint64_t head_bytes = 0, frames = 0;
	if (count != (file->form == PEN_FORM_LEAN ? 2u : 0u))
		return PEN_EINPUT;
	int err = count ? pen_number_parse(words[0], PEN_LEAN_HEAD_BYTES_MAX, &head_bytes) : 0;
	if (!err && count)
		err = pen_number_parse(words[1], UINT32_MAX - 1, &frames);
	if (!err && count && (head_bytes == 0 || head_bytes > file->bytes))
		err = PEN_EINPUT;
	file->head_bytes = (uint32_t)head_bytes;
	file->frames = (uint32_t)frames;
	return err;
}

static int part_line(struct parse *parse, char *words[LINE_WORDS_MAX], unsigned count)
{
	uint64_t k, mtime;
	struct pen_catalog_file *file = &parse->file;
	int err = pen_number_parse(words[1], PEN_PARTS_MAX, &k);
	if (!err)
		err = pen_number_parse(words[2], INT64_MAX, &file->bytes);
	if (!err)
		err = pen_number_parse(words[3], INT64_MAX, &mtime);
	if (!err && strlen(words[4]) != 2 * PEN_BLOB_BYTES)
		err = PEN_EINPUT;
	if (!err)
		err = pen_hex_decode(words[4], 2 * PEN_BLOB_BYTES, file->blob);
	if (!err)
		err = lean_words(file, words + 5, count - 5);
	if (err || !parse->has_state || k >= file->n)
		return PEN_EINPUT;
	file->k = (uint32_t)k;
	file->mtime_ns = (int64_t)mtime;
	return pen_catalog_add(parse->catalog, file);
}

static int line_decode(struct parse *parse, char *line)
{
	char *words[LINE_WORDS_MAX] = {NULL};
	if (!strncmp(line, "dir ", 4))
		return dir_line(parse, line + 4);
	unsigned count = words_cut(line, words);
	if (count == 5 && !strcmp(words[0], "state"))
		return state_line(parse, words);
	if (count >= 5 && !strcmp(words[0], "part"))
		return part_line(parse, words, count);
	return PEN_EINPUT;
}

/* Copy the next line of bytes at *at without its '\n', terminated. 0 or PEN_EINPUT. */
static int line_take(struct pen_bytes bytes, size_t *at, char line[LINE_BYTES_MAX])
{
	const uint8_t *start = bytes.at + *at, *end = memchr(start, '\n', bytes.len - *at);
	size_t len = end ? (size_t)(end - start) : 0;
	if (!end || len >= LINE_BYTES_MAX || memchr(start, 0, len))
		return PEN_EINPUT;
	memcpy(line, start, len);
	line[len] = 0;
	*at += len + 1;
	return 0;
}

/* The last line must carry the sum of all before it. */
static int end_check(struct pen_bytes bytes)
{
	struct pen_hash said, sum;
	if (bytes.len < END_LINE_BYTES)
		return PEN_EINPUT;
	size_t body = bytes.len - END_LINE_BYTES;
	const char *line = (const char *)bytes.at + body;
	if (memcmp(line, "end ", 4) != 0 || line[END_LINE_BYTES - 1] != '\n' ||
		pen_hex_decode(line + 4, 64, said.bytes))
		return PEN_EINPUT;
	pen_sha256((struct pen_bytes){bytes.at, body}, &sum);
	return pen_hash_equal(&sum, &said) ? 0 : PEN_EINPUT;
}

static int lines_decode(struct pen_bytes bytes, struct pen_catalog *catalog, unsigned *number)
{
	struct parse parse = {.catalog = catalog};
	char line[LINE_BYTES_MAX];
	size_t at = 0;
	int err = line_take(bytes, &at, line);
	if (!err && strcmp(line, INDEX_TITLE) != 0)
		err = PEN_EINPUT;
	for (*number = 1; !err && at < bytes.len; ++*number) {
		err = line_take(bytes, &at, line);
		if (!err)
			err = line_decode(&parse, line);
	}
	return err;
}

int pen_index_decode(struct pen_bytes bytes, struct pen_catalog *catalog, struct pen_why *why)
{
	unsigned number = 0;
	pen_catalog_reset(catalog);
	int err = end_check(bytes);
	if (err)
		return pen_fail(why, err, "the index is damaged: its last line does not fit");
	err = lines_decode(
		(struct pen_bytes){bytes.at, bytes.len - END_LINE_BYTES}, catalog, &number);
	if (!err)
		err = pen_catalog_settle(catalog);
	if (err) {
		pen_catalog_reset(catalog);
		return pen_fail(why, err, "line %u of the index is not ours: %s", number,
			pen_err_text(err));
	}
	return 0;
}

int pen_index_load(struct pen_store *store, struct pen_catalog *catalog, struct pen_why *why)
{
	struct pen_buf bytes = {0};
	char name[PEN_SIDE_NAME_BYTES];
	pen_store_side(store, "index", name);
	pen_catalog_reset(catalog);
	int err = pen_file_read(store->side, name, PEN_INDEX_BYTES_MAX, &bytes, NULL);
	if (err == 0)
		err = pen_index_decode(pen_buf_bytes(&bytes), catalog, why);
	else if (err == -ENOENT || err == -ENOTDIR)
		err = 0;
	else
		pen_fail(why, err, "cannot be read: %s", pen_err_text(err));
	pen_buf_fini(&bytes);
	return err ? pen_fail_prefix(why, err, "%s/%s", store->side->root, name) : 0;
}

int pen_index_save(struct pen_store *store, const struct pen_catalog *catalog, struct pen_why *why)
{
	struct pen_buf bytes = {0};
	char name[PEN_SIDE_NAME_BYTES];
	PEN_CHECK(store->lock.held);
	int err = pen_index_encode(catalog, &bytes);
	if (err)
		pen_fail(why, err, "no memory for the index of %s", store->disk->root);
	else
		err = pen_writer_put(&store->sides, pen_store_side(store, "index", name),
			pen_buf_bytes(&bytes), NULL, why);
	pen_buf_fini(&bytes);
	return err;
}

int pen_index_note(struct pen_store *store, const char *dir, struct pen_catalog_file *file,
	struct pen_why *why)
{
	struct pen_catalog catalog = {0};
	PEN_CHECK(store->lock.held);
	pen_index_load(store, &catalog, NULL);
	int err = pen_catalog_note(&catalog, dir, file);
	if (!err)
		err = pen_catalog_settle(&catalog);
	err = err ? pen_fail(why, err, "the index of %s takes no file more: %s", store->disk->root,
			    pen_err_text(err))
		  : pen_index_save(store, &catalog, why);
	pen_catalog_fini(&catalog);
	return err;
}
