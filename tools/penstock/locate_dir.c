#include "locate_dir.h"

#include <stdio.h>

#include "base/text.h"
#include "drivers/table.h"
#include "store/layout.h"
#include "store/tree.h"
#include "store/vet.h"

/* Parts of one directory that are looked at until one is whole: the first may be damaged. */
#define LOCATE_VET_MAX 3u

struct search {
	struct pen_disk *disk;
	const struct locate_ask *ask;
	struct locate_offers *out;
	struct pen_vet vet;
	struct pen_buf dirs, files;
	unsigned looked; /* directories with parts */
	int unread; /* why the first that could not be looked at was not, or 0 */
};

static const struct pen_tree_file *file_at(const struct search *search, size_t i)
{
	return (const struct pen_tree_file *)(const void *)search->files.at + i;
}

/* Files [i, end) are of one N: which parts have fewer bytes in nearcore form, or no other. */
static void smaller_note(struct search *search, unsigned offer, size_t i, size_t end)
{
	uint32_t n = search->out->list[offer].n;
	struct pen_buf bits = {0};
	if (pen_buf_reserve(&bits, (n + 7) / 8))
		return;
	bits.len = (n + 7) / 8;
	memset(bits.at, 0, bits.len);
	for (; i < end; i++) {
		const struct pen_tree_file *file = file_at(search, i), *next = file + 1;
		bool both = i + 1 < end && next->k == file->k;
		if (file->form == PEN_FORM_NEARCORE && file->k < n &&
			(!both || file->bytes < next->bytes))
			bits.at[file->k >> 3] |= (uint8_t)(1u << (file->k & 7));
	}
	locate_smaller_add(search->out, offer, pen_buf_bytes(&bits));
	pen_buf_fini(&bits);
}

static void offer_add(struct search *search, const char *dir, size_t i, size_t end, unsigned forms)
{
	uint32_t n = file_at(search, i)->n;
	struct locate_offers *out = search->out;
	struct locate_offer seen;
	if (out->count == LOCATE_OFFERS_MAX || n < 1 || n > PEN_PARTS_MAX ||
		locate_find(out, n, &seen))
		return;
	struct locate_offer *offer = &out->list[out->count++];
	offer->n = n;
	offer->forms = forms;
	snprintf(offer->prefix, sizeof offer->prefix, "%s%s", dir, dir[0] ? "/" : "");
	offer->labelled = dir[0] && pen_labels_parse(dir, &offer->labels) == 0;
	if (forms == (1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN))
		smaller_note(search, out->count - 1, i, end);
}

/* True if this file is proved to be a part of the root. */
static bool file_is_of_root(
	struct search *search, const char *dir, const struct pen_tree_file *file)
{
	char name[PEN_PART_NAME_BYTES], path[PEN_CATALOG_PATH_BYTES];
	struct pen_catalog_file found = {.form = file->form, .n = file->n, .k = file->k};
	snprintf(
		path, sizeof path, "%s/%s", dir, pen_part_name(file->form, file->k, file->n, name));
	struct pen_vet_ask ask = {search->disk, path, search->ask->root, true};
	int err = pen_vet_file(&search->vet, &ask, &found, NULL);
	if (err && !pen_vet_refuses(err) && !search->unread)
		search->unread = err;
	if (err)
		return false;
	search->out->memory_usage = found.memory_usage;
	return true;
}

/* The first file behind those that are of the N of file i; *forms: in which forms these are. */
static size_t group_end(const struct search *search, size_t i, unsigned *forms)
{
	size_t count = search->files.len / sizeof(struct pen_tree_file), end = i;
	for (*forms = 0; end < count && file_at(search, end)->n == file_at(search, i)->n; end++)
		*forms |= 1u << file_at(search, end)->form;
	return end;
}

/* A directory of a store: each N in it whose parts are of the root. */
static void dir_search(struct search *search, const char *dir)
{
	size_t count = search->files.len / sizeof(struct pen_tree_file);
	for (size_t i = 0, end; i < count; i = end) {
		unsigned forms;
		bool found = false;
		end = group_end(search, i, &forms);
		for (size_t at = i; !found && at < end && at < i + LOCATE_VET_MAX; at++)
			found = file_is_of_root(search, dir, file_at(search, at));
		if (found)
			offer_add(search, dir, i, end, forms);
	}
	search->looked += count > 0;
}

static int search_run(struct search *search)
{
	int err = pen_tree_files(search->disk, "", &search->files);
	size_t count = search->files.len / sizeof(struct pen_tree_file);
	/* A directory of parts: names say N, proofs say the rest when the parts are applied. */
	for (size_t i = 0, end; !err && i < count; i = end) {
		unsigned forms;
		end = group_end(search, i, &forms);
		offer_add(search, "", i, end, forms);
	}
	if (err || count) {
		search->looked = count > 0;
		return err;
	}
	err = pen_tree_dirs(search->disk, &search->dirs);
	for (size_t at = 0; !err && at < search->dirs.len;) {
		const char *dir = (const char *)search->dirs.at + at;
		at += strlen(dir) + 1;
		if (!dir[0] || !strcmp(dir, PEN_RAW_DIR))
			continue;
		if (search->ask->stop(search->ask->context))
			return PEN_EINTERRUPTED;
		int closed = pen_tree_files(search->disk, dir, &search->files);
		if (!closed)
			dir_search(search, dir);
		else if (!search->unread)
			search->unread = closed;
	}
	return err;
}

static int nothing_fail(const struct search *search, const char *path, struct pen_why *why)
{
	char text[PEN_HASH_TEXT_BYTES];
	pen_base58(search->ask->root, text);
	if (search->unread)
		return pen_fail(why, search->unread,
			"dir:%s: nothing of %s in what could be read, and some could not: %s", path,
			text, pen_err_text(search->unread));
	if (search->looked)
		return pen_fail(why, PEN_ENOTFOUND,
			"dir:%s: %u directories with parts, none of them of %s", path,
			search->looked, text);
	return pen_fail(why, PEN_ENOTFOUND,
		"dir:%s: no state_part_* or lean_part_* in it and no store: nothing of %s", path,
		text);
}

int locate_dir(const struct locate_ask *ask, struct locate_offers *out, struct pen_why *why)
{
	const char *path = ask->word + strlen("dir:");
	struct search search = {.ask = ask, .out = out};
	int err = pen_disk_open_dir(path, false, &search.disk, why);
	if (err)
		return err;
	err = search_run(&search);
	if (err)
		pen_fail(why, err, "dir:%s: cannot be listed: %s", path, pen_err_text(err));
	else if (out->count == 0)
		err = nothing_fail(&search, path, why);
	pen_vet_fini(&search.vet);
	pen_buf_fini(&search.dirs);
	pen_buf_fini(&search.files);
	pen_disk_shut(search.disk);
	return err;
}
